"""Robots in a real worker, recorded: what they sent is what is kept."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from server.media.recorder.finish import finish
from tests.media.record_packets import beeps, duration_s, flashes, skews_ms
from tests.media.record_worker import RecordWorker


async def test_robots_are_recorded_in_step(tmp_path: Path) -> None:
    async with RecordWorker(tmp_path) as worker:
        await worker.join("ann")
        await worker.join("bob", codec="H264")
        await worker.join("eve")
        directory = await worker.record(["ann", "bob"])
        await asyncio.sleep(8)
        told = await worker.client.stop_recording("rec")
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    assert told.tracks == len(facts.tracks)
    assert {(track.participant, track.source, track.mime) for track in facts.tracks} == {
        ("ann", "camera", "video/webm"),
        ("ann", "microphone", "audio/webm"),
        ("bob", "camera", "video/mp4"),
        ("bob", "microphone", "audio/webm"),
    }
    for person in ("ann", "bob"):
        tracks = {track.source: track for track in facts.tracks if track.participant == person}
        picture, voice = tracks["camera"], tracks["microphone"]
        seen = flashes(directory / picture.name, picture.start_s)
        heard = beeps(directory / voice.name, voice.start_s)
        assert len(seen) >= 6
        assert max(skews_ms(seen[1:-1], heard)) < 80
        assert picture.start_s < 1.0
        assert picture.start_s + picture.duration_s == pytest.approx(told.duration_s, abs=0.3)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(2))
async def test_killed_worker_leaves_all_but_two_seconds(tmp_path: Path, seed: int) -> None:
    async with RecordWorker(tmp_path) as worker:
        await worker.join("ann")
        await worker.join("bob", codec="H264")
        directory = await worker.record(["ann", "bob"])
        began = time.monotonic()
        await asyncio.sleep(random.Random(seed).uniform(3, 6))
        worker.kill()
        recorded_s = time.monotonic() - began
        await worker.process.wait()
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    assert facts.interrupted
    assert len(facts.tracks) == 4
    for track in facts.tracks:
        assert track.start_s + duration_s(directory / track.name) > recorded_s - 2, track
