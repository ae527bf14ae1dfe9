"""Real browsers: Debian's Chromium by Playwright, Debian's Firefox by WebDriver BiDi (Playwright cannot drive it, and Debian has no geckodriver)."""

import asyncio
import contextlib
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, async_playwright

from tests.servers import free_port

PROBE = Path(__file__).with_name("probe.js")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
CALM = "--use-fake-device-for-media-stream=fps=10"
"""A camera for tests that are not about how pictures move: encoding them is most of what a browser does here."""
PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "intl.accept_languages": "en",
}


def chromium_path() -> str | None:
    """Debian's Chromium, or Chrome where that is installed."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextlib.asynccontextmanager
async def running_chromium(*flags: str, program: Path | None = None) -> AsyncIterator[Browser]:
    """Chromium with a fake camera and microphone; not muted, so that sound can be measured. `program` starts it in another way."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program or chromium_path(), args=[*FLAGS, *flags], ignore_default_args=["--mute-audio"]
        )
        try:
            yield browser
        finally:
            await browser.close()


class Firefox:
    """One Firefox with one tab. Texts of scripts are expressions; a promise is awaited."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._context = ""

    async def begin(self, probe: str) -> None:
        """The session, its tab, and the probe before every page."""
        await self.command("session.new", capabilities={})
        tree = await self.command("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]
        await self.command("script.addPreloadScript", functionDeclaration=f"() => {{ {probe} }}")

    async def listen(self) -> None:
        async for message in self._socket:
            answer = json.loads(message.data)
            waiting = self._answers.pop(answer.get("id") or 0, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(30):
            answer = await self._answers[number]
        if answer.get("type") == "error":
            raise RuntimeError(f"{method}: {answer.get('message')}")
        return dict(answer["result"])

    async def goto(self, url: str) -> None:
        await self.command("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        """The value of the expression as JSON would carry it."""
        wrapped = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        answer = await self.command(
            "script.evaluate",
            expression=wrapped,
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def until(self, expression: str, limit_s: float = 15.0) -> Any:
        """Waits until the expression is true; its value. A page that is just changing counts as false."""
        async with asyncio.timeout(limit_s):
            while True:
                with contextlib.suppress(RuntimeError):
                    if value := await self.evaluate(expression):
                        return value
                await asyncio.sleep(0.1)

    async def click(self, selector: str) -> None:
        """Clicks what is there and visible; waits for it."""
        visible = "(one) => one.getClientRects().length > 0 && !one.disabled"
        find = f"[...document.querySelectorAll({json.dumps(selector)})].find({visible})"
        await self.until(f"(() => {{ const one = {find}; one?.click(); return one !== undefined; }})()")


@contextlib.asynccontextmanager
async def running_firefox(folder: Path) -> AsyncIterator[Firefox]:
    """Firefox with a fake camera and microphone and a profile in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines) + "\n")
    port = free_port()
    options = ["--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", str(port)]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec("firefox-esr", *options, stdout=log, stderr=log)
    try:
        async with aiohttp.ClientSession() as http, await _connected(http, port) as socket:
            firefox = Firefox(socket)
            listening = asyncio.ensure_future(firefox.listen())
            await firefox.begin(PROBE.read_text())
            try:
                yield firefox
            finally:
                listening.cancel()
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _connected(http: aiohttp.ClientSession, port: int) -> aiohttp.ClientWebSocketResponse:
    async with asyncio.timeout(30):
        while True:
            try:
                return await http.ws_connect(f"ws://127.0.0.1:{port}/session", max_msg_size=0)
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.1)
