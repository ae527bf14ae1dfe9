"""Robots see and hear each other through a real worker."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from server.media.protocol import Offer, Seat
from server.media.robot import Robot
from server.media.scene import RATE, Scenery, voice
from tests.media.record_worker import RecordWorker


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_robots_see_and_hear_each_other(tmp_path: Path, codec: str) -> None:
    async with RecordWorker(tmp_path) as worker:
        for name in ("ann", "bob"):
            robot = Robot(slots=(6, 4), codec=codec)
            worker.robots.append(robot)
            offer = await robot.offer()
            answer = await worker.client.connect(Offer(offer.sdp, offer.sources))
            await worker.client.seat(worker.session, name, Seat(answer.connection, on_stage=True))
            await robot.accept(answer.sdp)
        for robot in worker.robots:
            await robot.connected()
        async with asyncio.timeout(20):
            while not all(_gets_both(robot) for robot in worker.robots):
                await asyncio.sleep(0.1)


def _gets_both(robot: Robot) -> bool:
    seen = [slot for slot in robot.received.values() if slot.kind == "video" and slot.frames > 24]
    heard = [
        slot for slot in robot.received.values() if slot.kind == "audio" and slot.frames > 50 and slot.level > 0.02
    ]
    return len(seen) == len(heard) == 1 and (seen[0].width, seen[0].height) == (640, 360)


def test_scenery_moves() -> None:
    scenery = Scenery()
    first, second = scenery.draw(0.0), scenery.draw(1.0)
    assert first.shape == (540, 640)
    assert (first != second).mean() > 0.01


def test_voice_is_loud_enough_and_never_clips() -> None:
    sung = voice()
    assert len(sung) == 4 * RATE
    assert 500 < np.sqrt((sung.astype(float) ** 2).mean()) < 9000
    assert np.abs(sung.astype(int)).max() < 20_000
