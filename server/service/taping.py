"""What runs behind a recording: who is written now, stopping, and going on after the worker was lost.

The database says what should be; these functions make the worker do it. Each may be repeated at any time.
"""

import contextlib
from datetime import timedelta

import structlog

from server.domain.principal import Agent, Person
from server.domain.words import EntryKind, ParticipantId, PersonKind, RecordingId, RecordingState, SessionId
from server.errors import AlreadyRecording, MediaAway, NoSpace, NotFound
from server.media.protocol import RecordingFacts, StartRecording
from server.service.facts import NOBODY, Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.roster import seen_by_media
from server.service.views import Actor, Entry, RecordingProgress
from server.store import cases as case_store
from server.store import consents as consent_store
from server.store import recordings as store
from server.store import sessions as session_store
from server.store.rows import RecordingRow
from server.store.tables import recording as column

# Who keeps a recording from being finished while the worker has not said that it stopped writing.
STOPPING = "stopping"
STOP_LIMIT = timedelta(minutes=10)

log = structlog.get_logger(__name__)


async def tell_people(house: House, session: SessionId) -> None:
    """The worker writes exactly the tracks of those who agree, when this returns. Raises MediaAway.

    Read again after telling: somebody may have answered meanwhile, here or in another web process.
    """
    async with house.turns.of(session):
        told: list[ParticipantId] | None = None
        while True:
            async with house.db.read() as db:
                running = await store.find_running(db, session)
                given = await consent_store.list_given(db, session)
            if running is None or told == given:
                return
            with contextlib.suppress(NotFound):  # The worker is a new one: `resume` starts the next part.
                await house.media.agree(session, running.id, [str(one) for one in given])
            told = given


def part_request(row: RecordingRow, part: int, given: list[ParticipantId]) -> StartRecording:
    """What the worker is asked to write. Each part of a recording has a folder of its own."""
    people = [str(one) for one in given]
    return StartRecording(row.id, f"{row.directory}/part-{part}", people, {"part": part})


async def resume(house: House, session: SessionId) -> None:
    """The next part of a recording whose worker was lost, once somebody who agreed is there again."""
    async with house.turns.of(session):
        async with house.db.read() as db:
            running = await store.find_running(db, session)
            given = await consent_store.list_given(db, session)
        seen = await seen_by_media(house, session) if running else None
        if running is None or not running.parts or seen is None or seen.recording is not None:
            return
        here = {one.participant for one in seen.participants if one.connected and one.on_stage}
        if here.isdisjoint(given):
            return
        await _next_part(house, running, given)
    await tell_people(house, session)


async def _next_part(house: House, running: RecordingRow, given: list[ParticipantId]) -> None:
    part = running.parts + 1
    async with house.db.write() as db:
        same = column.c.parts == running.parts
        recording = [RecordingState.RECORDING]
        if not await store.step_recording(db, running.id, recording, same, parts=part, interrupted=True):
            return
    await note_interrupted(house, running)
    try:
        await house.media.start_recording(running.session_id, part_request(running, part, given))
    except AlreadyRecording:
        return
    except (MediaAway, NotFound) as failure:
        log.warning("recording_not_resumed", recording=running.id, code=failure.code)
    except NoSpace:
        await fail(house, running.id, NoSpace.code)


async def note_interrupted(house: House, running: RecordingRow) -> None:
    """One line in the timeline for each loss of the worker."""
    key = f"interrupted:{running.id}:{running.parts}"
    line = Line(
        running.case_id,
        EntryKind.RECORDING_INTERRUPTED,
        house.now(),
        NOBODY,
        running.session_id,
        data={"recording": running.id},
        client_id=key,
    )
    async with house.db.write() as db:
        await case_store.lock_case(db, running.case_id)
        await store.step_recording(db, running.id, [RecordingState.RECORDING], interrupted=True)
        entries = await write_lines(db, [line])
    await announce_entries(house, entries)


async def stop_running(house: House, agent: Agent, session: SessionId) -> None:
    """Stops the session's recording if there is one. Call in the session's turn."""
    async with house.db.read() as db:
        running = await store.find_running(db, session)
    if running is not None:
        await stop(house, running, actor(Person(PersonKind.AGENT, agent.agent_id, agent.name)))


async def stop(house: House, row: RecordingRow, by: Actor) -> None:
    """The worker has closed the files; the recording is being finished. Stopped twice is stopped once.

    Call in the session's turn. When the worker does not answer it is told again by `reconcile`, and finished only then.
    """
    facts: RecordingFacts | None = None
    now = house.now()
    values = {"state": RecordingState.FINISHING, "ended_at": now, "view_progress": 0.0}
    try:
        facts = await house.media.stop_recording(row.session_id, row.id)
    except MediaAway:
        values |= {"lease_by": STOPPING, "lease_until": now + STOP_LIMIT}
    except NotFound:
        log.info("recording_was_stopped", recording=row.id)
    if facts is not None:
        values |= {"duration_s": facts.duration_s, "size_bytes": facts.size_bytes}
    line = Line(
        row.case_id,
        EntryKind.RECORDING_STOPPED,
        now,
        by,
        row.session_id,
        data={"recording": row.id, "duration_s": facts.duration_s if facts else None},
    )
    await _close(house, row.id, values, line)


async def after_stop(house: House, recording: RecordingId) -> None:
    """The worker has been told to stop: the recording may be finished."""
    async with house.db.write() as db:
        mine = column.c.lease_by == STOPPING
        free = {"lease_by": None, "lease_until": None}
        await store.step_recording(db, recording, [RecordingState.FINISHING], mine, **free)
    house.finishing.ring()


async def fail(house: House, recording: RecordingId, code: str) -> None:
    """The worker gave up (no space, a write failed). What was written stays and is finished."""
    now = house.now()
    async with house.db.read() as db:
        row = await store.find_recording(db, recording)
    if row is None:
        return
    values = {"state": RecordingState.FINISHING, "ended_at": now, "view_progress": 0.0, "error": code}
    data = {"recording": recording, "code": code}
    line = Line(row.case_id, EntryKind.RECORDING_FAILED, now, NOBODY, row.session_id, data=data)
    await _close(house, recording, values, line)


async def _close(house: House, recording: RecordingId, values: dict[str, object], line: Line) -> None:
    entries: list[Entry] = []
    async with house.db.write() as db:
        await case_store.lock_case(db, line.case)
        won = await store.step_recording(db, recording, [RecordingState.RECORDING], **values)
        if won:
            entries = await write_lines(db, [line])
        row = await store.find_recording(db, recording)
    if not won or row is None:
        return
    await announce_entries(house, entries)
    await announce_recording(house, row)
    house.finishing.ring()


async def announce_recording(house: House, row: RecordingRow) -> None:
    """Says how a recording stands."""
    progress = RecordingProgress(
        recording=row.id,
        session=row.session_id,
        state=row.state,
        duration_s=row.duration_s,
        size_bytes=row.size_bytes,
        progress=row.view_progress if row.state is RecordingState.FINISHING else None,
        code=row.error,
    )
    async with house.db.read() as db:
        cases = await session_store.list_cases_of(db, row.session_id)
    await house.announcer.recording(cases, progress)
