"""After the stop: real tracks are finished by real child processes, in two parts, and what was left behind is taken up."""

import asyncio
import os
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from server.domain.words import EntryKind, RecordingId, RecordingState
from server.errors import NotFound
from server.media.tap import Source
from server.service import recordings
from server.service.finishing import finish_forever
from server.service.views import RecordingView
from server.store import recordings as store
from server.tasks import Tasks
from tests.desk import Customer, Desk
from tests.media.record_packets import OPUS, VP8, Bench, Stream, sound, video
from tests.service.test_consent import recorded_call
from tests.worker_double import until


async def write_part(desk: Desk, recording: RecordingId, part: int, people: list[str], seconds: float) -> None:
    """What the worker would have written."""
    bench = Bench(desk.house.settings.recordings / recording, people)
    tracks = [Stream(one, Source.CAMERA, VP8, video("VP8", seconds, size=(320, 180))) for one in people]
    tracks += [Stream(one, Source.MICROPHONE, OPUS, sound(seconds)) for one in people]
    await bench.record(*tracks)
    bench.directory.rename(bench.directory.parent / f"part-{part}")


async def stopped_call(desk: Desk, parts: int) -> tuple[Customer, RecordingId]:
    customer = await recorded_call(desk)
    recording = RecordingId(next(iter(desk.worker.recordings)))
    people = desk.worker.recordings[recording].participants
    for part in range(1, parts + 1):
        await write_part(desk, recording, part, people, 3.0)
    if parts > 1:
        await _lose_worker(desk, customer, recording)
    await recordings.stop_recording(desk.house, await desk.agent("ann"), recording)
    return customer, recording


async def _lose_worker(desk: Desk, customer: Customer, recording: RecordingId) -> None:
    await desk.worker.restart()
    await until(lambda: ("back", 0) in desk.heard.of("media"))
    await desk.connects(customer.principal, customer.session)
    await until(lambda: recording in desk.worker.recordings)


async def finished(desk: Desk, recording: RecordingId) -> RecordingView:
    """The recording once it is ready."""
    ann = await desk.agent("ann")
    tasks = Tasks("test")
    tasks.start(finish_forever(desk.house), "finish")

    async def ended() -> bool:
        view = await recordings.read_recording(desk.house, ann, recording)
        return view.state in (RecordingState.READY, RecordingState.FAILED)

    try:
        await until(ended, 90)
    finally:
        await tasks.close()
    return await recordings.read_recording(desk.house, ann, recording)


async def test_recording_of_two_parts_becomes_one_list_of_files(small_desk: Desk) -> None:
    customer, recording = await stopped_call(small_desk, 2)
    view = await finished(small_desk, recording)
    assert (view.state, view.error, view.interrupted) == (RecordingState.READY, None, True)
    assert view.duration_s > 5.5
    views = [one for one in view.files if one.kind == "view"]
    assert [one.name for one in views] == ["view.mp4"]
    whole = await recordings.find_file(small_desk.house, await small_desk.agent("ann"), recording, "view.mp4")
    assert await asyncio.to_thread(_seconds, whole.path) == pytest.approx(view.duration_s, abs=0.3)
    assert await asyncio.to_thread(_frames, whole.path) == pytest.approx(view.duration_s * 30, abs=3)
    tracks = [one for one in view.files if one.kind == "track"]
    assert {one.participant_name for one in tracks} == {"Carla", "ann"}
    assert len(tracks) == 8
    for one in [*views, *tracks]:
        file = await recordings.find_file(small_desk.house, await small_desk.agent("ann"), recording, one.name)
        assert file.path.stat().st_size == one.size_bytes
    with pytest.raises(NotFound):
        await recordings.find_file(small_desk.house, await small_desk.agent("ann"), recording, "../oase.sqlite")
    assert EntryKind.RECORDING_READY in await small_desk.kinds(customer.case)
    told = [one.progress for _, one in small_desk.heard.of("recording") if one.progress is not None]
    assert told == sorted(told)
    assert len(told) >= 2


async def test_moments_are_counted_in_the_recordings_own_time(small_desk: Desk) -> None:
    _, recording = await stopped_call(small_desk, 1)
    view = await finished(small_desk, recording)
    assert EntryKind.RECORDING_STARTED in [one.kind for one in view.moments]
    assert all(0 <= one.t_s <= view.duration_s for one in view.moments)
    whole = next(one for one in view.files if one.kind == "view")
    file = await recordings.find_file(small_desk.house, await small_desk.agent("ann"), recording, whole.name)
    assert await asyncio.to_thread(_seconds, file.path) == pytest.approx(view.duration_s, abs=0.3)


def _frames(path: Path) -> int:
    """Frames that can be shown, in order of time."""
    with av.open(str(path)) as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert times == sorted(set(times))
    return len(times)


def _seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        return (container.duration or 0) / 1_000_000


async def test_nothing_written_is_said_to_have_failed(small_desk: Desk) -> None:
    customer = await recorded_call(small_desk)
    recording = RecordingId(next(iter(small_desk.worker.recordings)))
    await recordings.stop_recording(small_desk.house, await small_desk.agent("ann"), recording)
    view = await finished(small_desk, recording)
    assert (view.state, view.error, view.files) == (RecordingState.FAILED, "nothing_recorded", [])
    assert (await small_desk.kinds(customer.case)).count(EntryKind.RECORDING_FAILED) == 1


async def test_broken_file_among_good_ones_is_left_out_and_said(small_desk: Desk) -> None:
    _, recording = await stopped_call(small_desk, 1)
    part = small_desk.house.settings.recordings / recording / "part-1"
    raw = next(part.glob("*camera*.mkv"))
    raw.write_bytes(os.urandom(raw.stat().st_size))
    view = await finished(small_desk, recording)
    assert (view.state, view.error, view.unread) == (RecordingState.READY, None, 1)
    assert [one.kind for one in view.files].count("view") == 1
    assert [one.kind for one in view.files].count("track") == 3


async def test_what_another_process_left_is_finished_by_the_next(small_desk: Desk) -> None:
    _, recording = await stopped_call(small_desk, 1)
    now = small_desk.house.now()
    async with small_desk.house.db.write() as db:
        taken = await store.lease_finishing(db, "a process that was killed", now, now + timedelta(hours=1))
        assert taken is not None
        assert await store.lease_finishing(db, "another", now, now) is None
    view = await finished(small_desk, recording)
    assert view.state is RecordingState.READY


async def test_recording_that_nobody_can_finish_keeps_no_other_waiting_and_has_failed_in_the_end(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts nested so deep that reading them is an error which nobody expects (test-catalogue R10)."""
    monkeypatch.setattr("server.service.finishing.TRIES_MAX", 2)
    desk, ann = small_desk, await small_desk.agent("ann")
    poisoned = await _stopped(desk)
    part = desk.house.settings.recordings / poisoned / "part-1"
    part.mkdir(parents=True)
    (part / "facts.json").write_bytes(b"[" * 200_000)
    desk.clock.move(seconds=1)
    other = await _stopped(desk)
    tasks = Tasks("test")
    tasks.start(finish_forever(desk.house), "finish")

    async def has_failed(recording: RecordingId) -> bool:
        desk.house.finishing.ring()
        view = await recordings.read_recording(desk.house, ann, recording)
        return view.state is RecordingState.FAILED

    try:
        await until(lambda: has_failed(other), 30)  # Processes start, which takes seconds beside other tests.
        assert not await has_failed(poisoned)
        await until(lambda: _later(desk, has_failed(poisoned)), 40)
    finally:
        await tasks.close()
    assert (await recordings.read_recording(desk.house, ann, poisoned)).error == "finishing_failed"


async def _later(desk: Desk, done: Coroutine[Any, Any, bool]) -> bool:
    desk.clock.move(minutes=10)
    return await done


async def _stopped(desk: Desk) -> RecordingId:
    """A recording of which nothing was written."""
    before = set(desk.worker.recordings)
    await recorded_call(desk)
    recording = RecordingId(next(iter(set(desk.worker.recordings) - before)))
    await recordings.stop_recording(desk.house, await desk.agent("ann"), recording)
    return recording
