"""A composer without pictures: takes scenes on its control socket, and writes a stream of one second whose end comes with its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from server.broadcast.hls.samples import TICKS, AudioFormat, VideoFormat
from server.broadcast.hls.tape import Tape
from server.broadcast.hls.timing import Timing

SOUND = AudioFormat(48_000, 2, b"\x11\x90")
PICTURE = VideoFormat(1280, 720, b"\x01\x42\xe0\x1f")


def write_second(directory: Path, at: float) -> Tape:
    """A stream with one whole segment of one second, still open."""
    tape = Tape(directory)
    if not tape.stream.has_started:
        tape.start(Timing(), at)
    tape.begin_run(b"init", PICTURE, SOUND)
    tape.add_part(b"part" * 100, tape.stream.end, TICKS, is_independent=True, ends_segment=True)
    return tape


@dataclass
class ComposerDouble:
    """What it was told, in order. `is_deaf`: it answers 503."""

    control: str
    directory: Path
    scenes: list[dict[str, Any]] = field(default_factory=list)
    is_deaf: bool = False
    has_ended: bool = False
    on_end: Callable[[], object] = bool
    _tape: Tape | None = None
    _runner: web.AppRunner | None = None

    async def start(self, at: float) -> None:
        self._tape = write_second(self.directory, at)
        app = web.Application()
        app.router.add_put("/scene", self._scene)
        app.router.add_get("/health", self._health)
        app.router.add_delete("/", self._end)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.UnixSite(self._runner, self.control.removeprefix("unix:")).start()

    @property
    def agreed(self) -> list[str]:
        """Who may be seen and heard now."""
        return list(self.scenes[-1]["agreed"]) if self.scenes else []

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._tape is not None and not self.has_ended:
            self._tape.close()

    async def _scene(self, request: web.Request) -> web.Response:
        if self.is_deaf:
            return web.Response(status=503)
        self.scenes.append(await request.json())
        return web.Response(status=204)

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"ready": bool(self.scenes), "state": "composing", "fps": 30.0})

    async def _end(self, request: web.Request) -> web.Response:
        if self.is_deaf or self._tape is None:
            return web.Response(status=503)
        self._tape.stop()
        self._tape.close()
        self.has_ended = True
        self.on_end()
        return web.Response(status=204)
