"""Robots in a real worker, recorded: what they sent is what is kept."""

import asyncio
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.media.protocol import StartRecording
from server.media.recorder.finish import finish
from server.media.recorder.index import read_index
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
        assert picture.start_s < 1.5  # Requests for key frames are merged to one a second.
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 120 kB."""
    place = tmp_path / "recordings"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(
            f"a small disk needs root: {mounted.stderr.strip()}; test_recorder.py fills a file-size limit instead"
        )
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


async def test_full_disk_ends_the_recording_and_not_the_call(small_disk: Path) -> None:
    async with RecordWorker(small_disk.parent) as worker:
        ann, bob = await worker.join("ann"), await worker.join("bob", codec="H264", slots=(1, 1))
        directory = await worker.record(["ann", "bob"])
        failed = await asyncio.wait_for(_failure(worker), 60)
        free_at_end = os.statvfs(small_disk).f_bavail
        assert failed == {"recording": "rec", "session": worker.session, "code": "no_space"}
        assert free_at_end < 16
        before = [slot.frames for slot in bob.received.values()]
        await asyncio.sleep(1.5)
        after = [slot.frames for slot in bob.received.values()]
        assert all(now - then > 20 for now, then in zip(after, before, strict=True))
        assert ann.state == bob.state == "connected"
        view = await worker.client.session(worker.session)
        assert view.recording is None
        again = StartRecording("again", "again", ["ann"])
        await worker.client.start_recording(worker.session, again)  # Without a reserve it may start, and fails again.
    index = read_index(directory)
    ends = [track.start_s + duration_s(directory / track.file) for track in index.tracks]
    assert len(ends) == 4
    assert max(ends) - min(ends) < 2


async def _failure(worker: RecordWorker) -> dict[str, object]:
    async for event in worker.client.events():
        if event.kind == "recording_failed":
            return event.data
    raise AssertionError
