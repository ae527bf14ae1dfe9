"""The media worker process: `python -m server media`. Opens the media port, then the control interface; ends cleanly on SIGTERM."""

import asyncio
import gc
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from server.config import Settings, settings
from server.media.control import Control
from server.media.house import House
from server.media.private_socket import private_socket
from server.tasks import Tasks

log = structlog.get_logger(__name__)

SAMPLE_S = 1.0


class Worker:
    """One worker: `await start()`, `await close()`. `house.port` is the media port it got."""

    def __init__(self, settings: Settings, house: House | None = None) -> None:
        self.house = house or House(settings)
        self._settings = settings
        self._control = Control(self.house, settings.media_secret)
        self._runner = web.AppRunner(self._control.app(), access_log=None, shutdown_timeout=2.0)
        self._tasks = Tasks("worker")

    async def start(self) -> None:
        """Opens everything. Raises OSError when a port or the control socket is taken."""
        await self.house.open()
        self._tasks.start(self._sample(), "load")
        await self._runner.setup()
        await self._site().start()
        self._control.is_ready = True
        log.info("media_ready", control=self._settings.media_control)

    def _site(self) -> web.BaseSite:
        control = self._settings.media_control
        if control.startswith("unix:"):
            path = Path(control.removeprefix("unix:"))
            return web.SockSite(self._runner, private_socket(path))
        parts = urlsplit(control)
        return web.TCPSite(self._runner, parts.hostname, parts.port)

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_S)
            self.house.load.sample()

    async def close(self) -> None:
        """Tells all browsers and the web process, then closes everything."""
        self._control.is_ready = False
        await self.house.close()
        await self._control.close()
        await self._tasks.close()
        await self._runner.cleanup()


async def run(settings: Settings) -> None:
    """Runs a worker until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    worker = Worker(settings)
    try:
        await worker.start()
        gc.collect()
        gc.freeze()  # What lives as long as the process need not be walked again while packets wait.
        gc.set_threshold(
            50_000, 20, 100
        )  # Packets make no cycles, and the rings hold thousands that would be walked each time.
        await ended.wait()
    finally:
        await worker.close()


def main(number: int | None = None) -> None:
    """Entry of `python -m server media`. Exits with 1 and one line when a port is taken. `number`: which worker, if not the one of the settings."""
    mine = settings() if number is None else settings().of_worker(number)
    try:
        asyncio.run(run(mine))
    except OSError as exc:
        log.error("media_cannot_open", reason=str(exc), number=mine.media_number, port=mine.own_media_port)
        sys.exit(1)
