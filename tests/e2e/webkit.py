"""WebKitGTK's MiniBrowser, driven over WebDriver: the relative of Safari that Debian has. It plays streams; it has no WebRTC."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.servers import free_port

START_LIMIT_S, LIMIT_S = 30.0, 120.0
PROGRAMS = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"))
SCREEN = ("-screen", "0", "1280x800x24", "-nolisten", "tcp")
DRAWN_BY_CPU = {
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "GDK_BACKEND": "x11",
    "NO_AT_BRIDGE": "1",
}


def has_webkit() -> bool:
    return bool(PROGRAMS and shutil.which("WebKitWebDriver") and shutil.which("Xvfb"))


class WebKit:
    """One window. Texts of scripts are expressions; a promise is awaited."""

    def __init__(self, http: aiohttp.ClientSession, session: str) -> None:
        self._http, self._session = http, session

    async def goto(self, url: str) -> None:
        await self._post("url", {"url": url})

    async def evaluate(self, expression: str) -> Any:
        """The value of the expression as JSON would carry it."""
        script = f"""const done = arguments[0];
            (async () => (({expression})) ?? null)().then((value) => done(JSON.stringify(value)), (error) => done(`!${{error}}`));"""
        found = str(await self._post("execute/async", {"script": script, "args": []}))
        if found.startswith("!"):
            raise RuntimeError(found[1:])
        return json.loads(found)

    async def _post(self, command: str, body: dict[str, Any]) -> Any:
        async with self._http.post(f"/session/{self._session}/{command}", json=body) as answer:
            value = (await answer.json())["value"]
        if answer.status != 200:
            raise RuntimeError(f"{command}: {value.get('message') or value.get('error')}")
        return value


@contextlib.asynccontextmanager
async def running_webkit(folder: Path) -> AsyncIterator[WebKit]:
    """A window on a screen of its own. `folder`: for what it says and keeps."""
    folder.mkdir(parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        display = await stack.enter_async_context(_screen(log))
        port = await stack.enter_async_context(_driver(folder, display, log))
        patient = aiohttp.ClientTimeout(LIMIT_S)
        http = await stack.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=patient))
        session = await _begin(http)
        try:
            yield WebKit(http, session)
        finally:
            (await http.delete(f"/session/{session}")).release()


@contextlib.asynccontextmanager
async def _screen(log: Any) -> AsyncIterator[str]:
    """The name of a display that nobody sees."""
    reads, writes = os.pipe()
    try:
        options = ("-displayfd", str(writes), *SCREEN)
        screen = await asyncio.create_subprocess_exec("Xvfb", *options, pass_fds=(writes,), stdout=log, stderr=log)
    finally:
        os.close(writes)
    try:
        with os.fdopen(reads) as said:
            yield f":{(await asyncio.to_thread(said.readline)).strip()}"
    finally:
        screen.terminate()
        await screen.wait()


@contextlib.asynccontextmanager
async def _driver(folder: Path, display: str, log: Any) -> AsyncIterator[int]:
    """The port that it listens on."""
    port = free_port()
    environment = {
        **os.environ,
        **DRAWN_BY_CPU,
        "DISPLAY": display,
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
    }
    driver = await asyncio.create_subprocess_exec(
        "WebKitWebDriver", f"--port={port}", env=environment, stdout=log, stderr=log
    )
    try:
        yield port
    finally:
        driver.terminate()
        await driver.wait()


async def _begin(http: aiohttp.ClientSession) -> str:
    allowed = "--autoplay-policy=allow"  # As where somebody has pressed "play".
    options = {"binary": str(PROGRAMS[-1]), "args": ["--automation", allowed]}
    body = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
    async with asyncio.timeout(START_LIMIT_S):
        while True:
            try:
                async with http.post("/session", json=body) as answer:
                    return str((await answer.json())["value"]["sessionId"])
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
