"""`python -m server serve` as a process of its own, to be killed, stopped and started again."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path

import aiohttp

from tests.loaded import Server, serving, serving_anew
from tests.servers import free_port
from tests.site import Browser

START_LIMIT_S = 60.0  # A machine that runs other tests too; alone it takes one to two seconds.


class WebProcess:
    """One web process. It keeps its port and its folder over restarts; what it printed is in `printed`. `anew`: it loads everything itself."""

    def __init__(self, folder: Path, *, anew: bool = False, **settings: str) -> None:
        self._is_anew = anew
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.browsers: list[Browser] = []
        self._log = folder / f"web-{self.port}.log"
        base = {
            "OASE_DATA": str(folder),
            "OASE_RECORDINGS": str(folder / "recordings"),
            "OASE_PORT": str(self.port),
            "OASE_MEDIA_PORT": str(free_port()),
            "OASE_MEDIA_HOST": "127.0.0.1",
            "OASE_RATE": "0",
            "OASE_PRINT_LINK": "1",
            "OASE_SUPERVISE": "0",
        }
        self._environment = {**os.environ, **base, **settings}
        self._process: Server | asyncio.subprocess.Process | None = None

    async def start(self) -> float:
        """Starts it and waits until it listens; seconds until then."""
        began = time.monotonic()
        start = serving_anew if self._is_anew else serving
        self._process = await start(self._environment, self._log)
        async with asyncio.timeout(START_LIMIT_S):
            while not await self.answers("/healthz"):
                if self._process is not None and self._process.returncode is not None:
                    raise RuntimeError(self.printed)
                await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def run_out(self) -> int:
        """Starts it and waits until it ends by itself; the exit code."""
        self._process = await serving_anew(self._environment, self._log)
        async with asyncio.timeout(START_LIMIT_S):
            return await self._process.wait()

    async def answers(self, path: str) -> bool:
        """Whether GET gives 200 now."""
        try:
            async with aiohttp.ClientSession() as http, http.get(self.url + path) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def until(self, path: str, limit_s: float = START_LIMIT_S) -> None:
        async with asyncio.timeout(limit_s):
            while not await self.answers(path):
                await asyncio.sleep(0.05)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def printed(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def first_link(self) -> str:
        """The secret of the one-time sign-in link that the process prints."""
        async with asyncio.timeout(START_LIMIT_S):
            while not (found := re.findall(r"/desk/sign-in#(\S+)", self.printed)):
                await asyncio.sleep(0.05)
        return str(found[-1])

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code and the seconds that it took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            return await self._process.wait(), time.monotonic() - began

    def browser(self, wish: str = "") -> Browser:
        browser = Browser(self.url, wish)
        self.browsers.append(browser)
        return browser

    async def agent(self) -> Browser:
        """The first agent, by the printed link. Once a process' life of the database."""
        browser = self.browser("agent")
        await browser.ok("POST", "/api/v1/sign-in/link", {"secret": await self.first_link()})
        return browser

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.close()
        if self._process is not None and self._process.returncode is None:
            await self.stop()


def move(browser: Browser, to: WebProcess) -> Browser:
    """The same browser, with its cookies, at another web process: as behind a balancer."""
    there = to.browser(browser.wish)
    there.carried = browser.cookies()
    there.case, there.session = browser.case, browser.session
    return there
