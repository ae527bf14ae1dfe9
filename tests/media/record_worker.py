"""A real media worker, robots in it that flash and beep each second, and a recording of them."""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from server.errors import MediaAway
from server.media.client import MediaClient
from server.media.protocol import Offer, Seat, StartRecording
from server.media.robot import Draw, Robot
from server.media.scene import Sound

ROOT = Path(__file__).resolve().parents[2]
MARK_S = 0.1


def flash(t_s: float) -> np.ndarray:
    """White for a tenth of each second, on a dark ground with something moving."""
    picture = np.full((270, 320), 128, np.uint8)
    picture[:180] = 235 if t_s % 1 < MARK_S - 1e-6 else 30
    left = int(t_s * 40) % 280
    picture[10:40, left : left + 40] = 180
    return picture


def beep() -> np.ndarray:
    """One second: a tenth of 1 kHz, then silence."""
    at = np.arange(48_000)
    return np.where(at < MARK_S * 48_000, np.sin(at * 2 * np.pi * 1000 / 48_000) * 12_000, 0).astype(np.int16)


class RecordWorker:
    """`async with RecordWorker(folder) as worker`: a worker process with its control client; robots join by `join`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.recordings = folder / "recordings"
        self.client = MediaClient(f"unix:{folder / 'media.sock'}")
        self.session = secrets.token_urlsafe(8)
        self.robots: list[Robot] = []

    async def __aenter__(self) -> Self:
        environment = os.environ | {
            "OASE_DATA": str(self._folder),
            "OASE_RECORDINGS": str(self.recordings),
            "OASE_MEDIA_PORT": "0",
            "OASE_RECORD_RESERVE": "0",
        }
        words = (sys.executable, "-m", "server", "media")
        self.process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=environment)
        try:
            async with asyncio.timeout(60):
                while not await self._is_ready():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            self.kill()
            raise
        return self

    async def _is_ready(self) -> bool:
        with contextlib.suppress(MediaAway):
            return (await self.client.health()).ready
        return False

    async def join(
        self,
        participant: str,
        codec: str = "VP8",
        slots: tuple[int, int] = (0, 0),
        draw: Draw = flash,
        sound: Sound | None = None,
        fps: int = 30,
    ) -> Robot:
        """A robot on stage."""
        robot = Robot(slots=slots, codec=codec, draw=draw, fps=fps, sound=beep() if sound is None else sound)
        self.robots.append(robot)
        offer = await robot.offer()
        answer = await self.client.connect(Offer(offer.sdp, offer.sources))
        await robot.accept(answer.sdp)
        await self.client.seat(self.session, participant, Seat(answer.connection, on_stage=True))
        await robot.connected(30)
        return robot

    async def record(self, participants: list[str]) -> Path:
        """Starts; -> the recording's folder."""
        await self.client.start_recording(self.session, StartRecording("rec", "rec", participants))
        return self.recordings / "rec"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for robot in self.robots:
            await robot.close()
        await self.client.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 10)
