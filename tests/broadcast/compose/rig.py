"""A real composer beside a real media worker, and what its stream shows."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

from server.broadcast.compose.client import ComposerClient
from server.broadcast.compose.scene import ComposerHealth, Scene
from server.broadcast.hls.index import NAME, read_entries
from server.broadcast.hls.serving import Broadcast
from server.broadcast.pictures import planes_of
from server.broadcast.sounds import RATE
from server.errors import ComposerAway
from tests.broadcast.hls.rules import parse
from tests.media.record_worker import ROOT, RecordWorker

RED = (81, 90, 240)
"""Of nobody but the one who may not be seen: saturated, in 4:2:0's terms."""
RED_LEAST = 0.002
TONE_HZ = 5500
"""No harmonic of the beeps that others make at 1 kHz: of those, less than 0.001 is measured here, also when packets of them are lost."""
TONE_LEAST = 0.01
"""Of the tone itself 0.37 is measured, so that is a millisecond and a half of it."""
PIECE = 2400
"""Samples, a twentieth of a second."""


def red_picture(t_s: float) -> np.ndarray:
    """A red that hurts, with something moving in it."""
    picture = np.empty((270, 320), np.uint8)
    picture[:180] = RED[0]
    left = int(t_s * 40) % 280
    picture[20:60, left : left + 40] = 120
    picture[180:225], picture[225:] = RED[1], RED[2]
    return picture


def tone() -> np.ndarray:
    """One second of a tone that nobody else makes."""
    return (np.sin(np.arange(48_000) * 2 * np.pi * TONE_HZ / 48_000) * 12_000).astype(np.int16)


class ComposeRig:
    """`async with ComposeRig(folder) as rig`: a worker that robots join by `rig.worker.join`, and composers one after the other."""

    def __init__(self, folder: Path) -> None:
        self.worker = RecordWorker(folder)
        self.directory = folder / "live"
        self.control, self._media = f"unix:{folder / 'compose.sock'}", f"unix:{folder / 'media.sock'}"
        self.client = ComposerClient(self.control)
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.worker.__aenter__()
        return self

    async def compose(self, scene: Scene) -> None:
        """A new composer, with its first scene."""
        words = {"session": self.worker.session, "directory": self.directory, "control": self.control}
        options = [one for name, value in (words | {"media": self._media}).items() for one in (f"--{name}", str(value))]
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "compose", *options),
            cwd=ROOT,
            env=os.environ | {"OASE_LOG_LEVEL": "WARNING"},
        )
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(ComposerAway):
                    return await self.client.play(scene)
                await asyncio.sleep(0.02)

    async def health(self, is_so: Callable[[ComposerHealth], bool], limit_s: float = 30.0) -> ComposerHealth:
        """Waits until the composer says so."""
        end = time.monotonic() + limit_s
        while not is_so(health := await self.client.health()):
            assert time.monotonic() < end, health
            await asyncio.sleep(0.05)
        return health

    async def length(self, more_s: float) -> ComposerHealth:
        """Waits until the stream is so much longer."""
        until_s = (await self.client.health()).position_s + more_s
        return await self.health(lambda health: health.position_s >= until_s)

    async def newest_s(self) -> float:
        """Where the programme is at this moment, on the stream's clock; at most a few pictures more."""
        health = await self.client.health()
        (start, *_), _ = read_entries(self.directory / NAME)
        return time.time() - health.latency_s - float(start["at"])

    async def end(self) -> None:
        """Ends the stream, and the composer with it."""
        await self.client.end()
        assert self.process is not None
        assert await asyncio.wait_for(self.process.wait(), 20) == 0

    async def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.returncode is None:
            await self.kill()
        await self.client.close()
        await self.worker.__aexit__(kind, error, trace)


async def film(directory: Path) -> Path:
    """The finished stream as something that FFmpeg plays."""
    shown = Broadcast(directory, 2_500_000, is_public=True)
    await shown.refresh()
    path = directory / "recording.m3u8"
    path.write_bytes((await shown.answer("recording.m3u8", {})).body)
    await shown.close()
    return path


@dataclass
class Seen:
    """What is to be seen and heard in a film, moment by moment."""

    times: list[float] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    red: list[float] = field(default_factory=list)
    """The share of each picture that is red."""
    tone: list[tuple[float, float]] = field(default_factory=list)
    """When, and how strong the tone is in that twentieth of a second, 0..1."""

    def red_times(self) -> list[float]:
        return [time for time, share in zip(self.times, self.red, strict=True) if share > RED_LEAST]

    def tone_times(self) -> list[float]:
        return [time for time, level in self.tone if level > TONE_LEAST]

    def red_after(self, moment_s: float) -> list[tuple[float, float]]:
        """What is red behind a moment, and how much."""
        return [
            (time, share)
            for time, share in zip(self.times, self.red, strict=True)
            if time > moment_s and share > RED_LEAST
        ]

    def tone_after(self, moment_s: float) -> list[tuple[float, float]]:
        """When the tone is heard behind a moment, and how strongly."""
        return [(time, level) for time, level in self.tone if time > moment_s and level > TONE_LEAST]


def look(path: Path) -> Seen:
    """Every frame and every sample, run by run: with each initialization section a new decoder, as browsers have it."""
    seen, heard, began = Seen(), list[np.ndarray](), 0.0
    for run in _runs(path):
        with av.open(BytesIO(run)) as container:
            for frame in container.decode(video=0):
                seen.times.append(float(frame.time or 0.0))
                seen.sizes.append((frame.width, frame.height))
                seen.red.append(red_share(frame))
        with av.open(BytesIO(run)) as container:
            for piece in container.decode(audio=0):
                began = began if heard else float(piece.time or 0.0)
                missing = round((float(piece.time or 0.0) - began) * RATE) - sum(map(len, heard))
                heard += [np.zeros(max(0, missing), np.float32), piece.to_ndarray()[0]]
    samples = np.concatenate(heard)
    wave = np.exp(-2j * np.pi * TONE_HZ * np.arange(PIECE) / RATE) * 2 / PIECE
    for at in range(0, len(samples) - PIECE, PIECE):
        seen.tone.append((began + at / RATE, float(abs(np.dot(samples[at : at + PIECE], wave)))))
    return seen


def _runs(path: Path) -> Iterator[bytes]:
    """What follows each initialization section, with it."""
    there = [one for one in parse(path.read_text()).segments if one.uri is not None and not one.is_gap]
    for initial, segments in groupby(there, key=lambda one: one.map):
        names = [str(initial), *(str(one.uri) for one in segments)]
        yield b"".join((path.parent / name).read_bytes() for name in names)


def red_share(frame: av.VideoFrame) -> float:
    """How much of a picture is red."""
    _, blue, red = planes_of(frame)
    return float(((red > 190) & (blue < 125)).mean())
