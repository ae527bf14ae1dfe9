"""Who keeps composers, with real processes that only pretend to compose: killed, adopted, ended, and one of several keepers at a time."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from server.composer_process import read_note
from server.composers import Composers
from server.domain.words import BroadcastState, ConsentAnswer, RecordingState, SessionId
from server.service import broadcasts, recordings
from server.service.airing import control_of, go_off_air, stream_folder
from server.service.facts import NOBODY
from server.tasks import Tasks
from tests.desk import Desk, open_desk
from tests.studio_desk import rehearsed, row_of, says

CHILD = (sys.executable, "-m", "tests.composer_child")
LIMIT_S = 60.0  # Of a machine that does much else.


@contextlib.asynccontextmanager
async def keeping(desk: Desk, *, gently: bool = True) -> AsyncIterator[Composers]:
    """A web process' keeper of composers. Not `gently`: it is gone without a word, as after a kill."""
    composers, tasks = Composers(desk.house, CHILD), Tasks("keeping")
    tasks.start(composers.run(), "run")
    try:
        yield composers
    finally:
        await tasks.close()
        if gently:
            await composers.close()
        else:
            await composers._tasks.close()


async def until(is_so: Callable[[], Any]) -> Any:
    """What `is_so` says once it says something."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            found = is_so()
            if found := await found if asyncio.iscoroutine(found) else found:
                return found
            await asyncio.sleep(0.02)


def pid_of(desk: Desk, session: SessionId) -> int | None:
    """The process of the session's composer."""
    note = Path(control_of(desk.house.settings, session).removeprefix("unix:")).with_suffix(".json")
    running = read_note(note)
    return running.worker.pid if running is not None and running.worker.is_alive() else None


async def told(desk: Desk, session: SessionId, pid: int | None = None) -> dict[str, Any] | None:
    """The last scene that the composer was told, or the one of this process."""
    file = stream_folder(desk.house, await row_of(desk, session)).with_suffix(".told")
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return next((line for line in reversed(lines) if pid in {None, line["pid"]}), None)


async def state_of(desk: Desk, session: SessionId) -> RecordingState:
    row = await row_of(desk, session)
    assert row.recording_id is not None
    return (await recordings.read_recording(desk.house, await desk.agent("ann"), row.recording_id)).state


async def test_a_killed_composer_is_back_and_told_what_to_play(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    async with keeping(desk) as composers:
        first = await until(lambda: pid_of(desk, session))
        await until(lambda: told(desk, session, first))
        os.kill(first, signal.SIGKILL)
        killed_at = time.monotonic()
        again = await until(lambda: (pid := pid_of(desk, session)) != first and pid)
        assert time.monotonic() - killed_at < 3.0
        scene = await until(lambda: told(desk, session, again))
        assert len(scene["agreed"]) == 1
        assert composers.kept[session].restarts == 1
    assert pid_of(desk, session) is None  # Ended in order with its keeper.


async def test_a_yes_that_is_taken_back_is_told_before_the_answer(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    async with keeping(desk):
        await until(lambda: told(desk, session))
        await says(desk, await desk.agent("ann"), session, ConsentAnswer.WITHDRAWN)
        last = await told(desk, session)
        assert last is not None
        assert last["agreed"] == []


async def test_a_new_worker_is_told_what_the_audience_sees(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    await broadcasts.go_live(desk.house, await desk.agent("ann"), session)
    async with keeping(desk):
        seen = await until(lambda: desk.worker.shown.get(session))
        desk.worker.shown.clear()
        assert await until(lambda: desk.worker.shown.get(session)) == seen
        await broadcasts.end(desk.house, await desk.agent("ann"), session)
        assert desk.worker.shown[session] is None


async def test_the_next_web_process_adopts_what_runs(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    async with keeping(desk, gently=False):
        first = await until(lambda: pid_of(desk, session))
        await until(lambda: told(desk, session))
    async with keeping(desk) as composers:
        running = await until(lambda: (kept := composers.kept.get(session)) and kept.running)
        assert running.worker.pid == first == pid_of(desk, session)


async def test_a_rehearsal_is_thrown_away_and_the_end_leaves_a_recording(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    ann = await desk.agent("ann")
    async with keeping(desk) as composers:
        rehearsal = stream_folder(desk.house, await row_of(desk, session))
        await until(lambda: told(desk, session))
        await broadcasts.go_live(desk.house, ann, session)
        live = stream_folder(desk.house, await row_of(desk, session))
        await until(lambda: not rehearsal.exists() and live.exists())
        await until(lambda: told(desk, session))
        await broadcasts.end(desk.house, ann, session)
        assert await state_of(desk, session) is RecordingState.READY  # At once, not when the keeper has looked.
        await until(lambda: session not in composers.kept and pid_of(desk, session) is None)
    assert (await row_of(desk, session)).composer_by is None


async def test_a_countdown_ends_live(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    async with keeping(desk):
        await broadcasts.count_down(desk.house, await desk.agent("ann"), session, 3)
        desk.clock.move(seconds=3)

        async def is_live() -> bool:
            return (await row_of(desk, session)).state is BroadcastState.LIVE

        await until(is_live)
        await until(lambda: told(desk, session))


async def test_a_stream_that_everybody_left_is_ended_by_the_next(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    await broadcasts.go_live(desk.house, await desk.agent("ann"), session)
    async with keeping(desk, gently=False):
        pid = await until(lambda: pid_of(desk, session))
        await until(lambda: told(desk, session))
    os.kill(pid, signal.SIGKILL)
    await go_off_air(desk.house, session, NOBODY)
    assert await state_of(desk, session) is RecordingState.LIVE
    async with keeping(desk):

        async def is_ready() -> bool:
            return await state_of(desk, session) is RecordingState.READY

        await until(is_ready)


async def test_of_two_web_processes_one_keeps_the_composer(postgres_url: str, tmp_path: Path) -> None:
    async with open_desk(postgres_url, tmp_path) as desk:
        session = await rehearsed(desk)
        async with keeping(desk) as one, keeping(desk) as other:
            await until(lambda: told(desk, session))
            running = [keeper.running for keeper in (*one.kept.values(), *other.kept.values()) if keeper.running]
            assert [found.worker.pid for found in running] == [pid_of(desk, session)]


async def test_a_broken_stream_fails_its_recording_and_nothing_else(small_desk: Desk) -> None:
    desk, session = small_desk, await rehearsed(small_desk)
    await broadcasts.go_live(desk.house, await desk.agent("ann"), session)
    folder = stream_folder(desk.house, await row_of(desk, session))
    folder.mkdir(parents=True)
    (folder / "index.jsonl").write_text('{"kind":"part","part":"x"}\n')
    await go_off_air(desk.house, session, NOBODY)
    async with keeping(desk):

        async def has_failed() -> bool:
            return await state_of(desk, session) is RecordingState.FAILED

        await until(has_failed)
