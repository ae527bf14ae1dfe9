"""The composer's process: `python -m server compose`. Ends with its stream (DELETE), or leaves it to the next one (SIGTERM, SIGINT)."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from aiohttp import web

from server.broadcast.compose.feed import Feed
from server.broadcast.compose.programme import Programme
from server.broadcast.compose.scene import Scene
from server.broadcast.compose.stage import Stage
from server.broadcast.hls.tape import HasEnded
from server.config import settings
from server.errors import ComposerAway, OaseError
from server.media.client import MediaClient
from server.media.private_socket import private_socket
from server.media.wire import dump, parse, problem
from server.tasks import Tasks

log = structlog.get_logger(__name__)

BODY_MAX_BYTES = 256 * 1024
CLOSE_LIMIT_S = 10.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Composer:
    """Everything of one composer. `control` is `unix:/path`, `media` as `OASE_MEDIA_URL` says it. `over` is set when the programme has ended."""

    def __init__(self, session: str, directory: Path, control: str, media: MediaClient) -> None:
        self._loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        self._socket = Path(control.removeprefix("unix:"))
        self._feed = Feed(media, session, directory.name, self._on_loop)
        self._stage = Stage(self._feed.ask_key, self._feed.show, self._on_loop)
        self.programme = Programme(directory, self._stage, self._feed.outgoing, lambda: self._on_loop(self.over.set))
        self._tasks = Tasks("composer")
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=2.0)

    def _on_loop(self, call: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=BODY_MAX_BYTES, middlewares=[_failures])
        app.add_routes(
            [web.put("/scene", self.play), web.get("/health", self.health), web.delete("/", self.end)],
        )
        return app

    async def start(self) -> None:
        """Opens the control socket, then the feed. Raises OSError."""
        await self._runner.setup()
        await web.SockSite(self._runner, private_socket(self._socket)).start()
        self._tasks.start(self._feed.run(self._stage), "feed")

    async def play(self, request: web.Request) -> web.Response:
        """Who is left out is out first, in three places: here, at the worker, and in the programme."""
        scene = parse(Scene, await request.read())
        self._stage.agree(scene.agreed)
        self._feed.agree(scene.agreed)
        try:
            await self.programme.play(scene)
        except TimeoutError as error:
            raise ComposerAway from error
        return web.Response(status=204)

    async def health(self, request: web.Request) -> web.Response:
        return _json(self.programme.health(self._feed.is_connected))

    async def end(self, request: web.Request) -> web.Response:
        self.programme.stop(is_over=True)
        async with asyncio.timeout(CLOSE_LIMIT_S):
            await self.over.wait()
        if self.programme.failure is not None:
            raise ComposerAway
        return web.Response(status=204)

    async def close(self) -> None:
        """Children first; the socket's file goes last."""
        await self._tasks.close()
        self._stage.close()
        await self._runner.cleanup()
        self._socket.unlink(missing_ok=True)


@web.middleware
async def _failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except OaseError as exc:
        return _json(problem(exc), exc.status)


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=dump(value), content_type="application/json")


async def run(session: str, directory: Path, control: str, media: str) -> bool:
    """Composes until it is told to end; whether that went well."""
    async with MediaClient(media, settings().media_secret) as client:
        composer = Composer(session, directory, control, client)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, composer.programme.stop, False)
        try:
            await composer.start()
            log.info("composer_ready", session=session, control=control)
            await composer.over.wait()
        finally:
            await composer.close()
        return composer.programme.failure is None


def main(session: str, directory: Path, control: str, media: str) -> None:
    """Exits with 1 when it failed, so that another one goes on; with 3 when the stream has ended and nothing can go on."""
    try:
        went_well = asyncio.run(run(session, directory, control, media))
    except OSError as error:
        log.error("composer_cannot_open", reason=str(error))
        sys.exit(1)
    except HasEnded:
        sys.exit(3)
    sys.exit(0 if went_well else 1)
