"""Recordings of sessions."""

import asyncio
import contextlib
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Agent, Anonymous, Person, Principal
from server.domain.rights import agent_only, may_play, may_see_entry
from server.domain.words import (
    EntryKind,
    ParticipantId,
    PersonKind,
    RecordingId,
    RecordingState,
    SessionId,
    SessionState,
    Source,
)
from server.errors import (
    AlreadyRecording,
    Conflict,
    MediaAway,
    NobodyAgreed,
    NotFound,
    NotSignedIn,
    OaseError,
    Removed,
    SessionEnded,
)
from server.service.airing import HLS_TYPE
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.media_views import CaptionsFile
from server.service.reading import may_watch
from server.service.roster import announce_roster, seen_by_media
from server.service.secrecy import make_id
from server.service.taping import STOP_LIMIT, STOPPING, announce_recording, part_request, stop, tell_people
from server.service.views import Actor, Fact, Moment, RecordingFile, RecordingView
from server.store import archive as archive_store
from server.store import broadcasts as broadcast_store
from server.store import captions as caption_store
from server.store import cases as case_store
from server.store import consents as consent_store
from server.store import posters as poster_store
from server.store import recordings as store
from server.store import sessions as session_store
from server.store import timeline as timeline_store
from server.store.rows import RecordingRow


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """Where a file of a recording is, and its media type."""

    path: Path
    type: str


async def start_recording(house: House, principal: Principal, session: SessionId) -> RecordingView:
    """The tracks of those who agreed are written from now on. Agents. Raises NobodyAgreed, AlreadyRecording, NoSpace, MediaAway, SessionEnded."""
    agent = agent_only(principal)
    by = _by(agent)
    async with house.turns.of(session):
        row = await _begin(house, session, agent)
    await tell_people(house, session)  # Somebody may have taken a yes back meanwhile.
    line = Line(row.case_id, EntryKind.RECORDING_STARTED, row.started_at, by, session, data={"recording": row.id})
    await _write(house, line)
    await announce_recording(house, row)
    await announce_roster(house, session, await seen_by_media(house, session))
    return await read_recording(house, principal, row.id)


async def _begin(house: House, session: SessionId, agent: Agent) -> RecordingRow:
    """The row first, so that nothing is written that nobody knows of; it has no part before the worker writes one."""
    async with house.db.write() as db:
        given = await _who_agreed(db, session)
        row = await _new_row(house, db, session, agent)
        if not await store.add_recording(db, row):
            raise AlreadyRecording
    try:
        await house.media.start_recording(session, part_request(row, 1, given))
    except OaseError as failure:
        await _take_back(house, row, failure)
        raise
    async with house.db.write() as db:
        begun = await store.step_recording(db, row.id, [RecordingState.RECORDING], parts=1)
    if not begun:
        await _keep_stopped(house, row)  # Another web process stopped it between the row and the worker's start.
        with contextlib.suppress(NotFound, MediaAway):
            await house.media.stop_recording(session, row.id)
        raise SessionEnded
    return row


async def _take_back(house: House, row: RecordingRow, failure: OaseError) -> None:
    """What could not begin is not there. A worker that did not answer may be writing: then the row is kept, as stopped."""
    if isinstance(failure, MediaAway):
        await _keep_stopped(house, row)
        return
    async with house.db.write() as db:
        await store.remove_recording(db, row.id)


async def _keep_stopped(house: House, row: RecordingRow) -> None:
    """Whatever the worker writes is stopped by `reconcile`, and what it wrote is finished: no file that no row knows."""
    over = {"state": RecordingState.FINISHING, "parts": 1, "ended_at": house.now(), "error": None}
    lease = {"lease_by": STOPPING, "lease_until": house.now() + STOP_LIMIT}
    states = [RecordingState.RECORDING, RecordingState.FINISHING, RecordingState.FAILED]
    async with house.db.write() as db:
        await store.step_recording(db, row.id, states, **over, **lease)


def _by(agent: Agent) -> Actor:
    return actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))


async def _who_agreed(db: AsyncConnection, session: SessionId) -> list[ParticipantId]:
    row = await session_store.lock_session(db, session)
    if row is None:
        raise NotFound
    if row.state is not SessionState.RUNNING:
        raise SessionEnded if row.state is SessionState.ENDED else Conflict
    seated = {one.id for one in await session_store.list_participants(db, session) if one.seated_at}
    given = await consent_store.list_given(db, session)
    if seated.isdisjoint(given):
        raise NobodyAgreed
    return given


async def _new_row(house: House, db: AsyncConnection, session: SessionId, agent: Agent) -> RecordingRow:
    cases = await session_store.list_cases_of(db, session)
    recording = RecordingId(make_id())
    return RecordingRow(
        id=recording,
        session_id=session,
        case_id=cases[0],
        state=RecordingState.RECORDING,
        interrupted=False,
        started_by=agent.agent_id,
        started_at=house.now(),
        directory=recording,
    )


async def _write(house: House, line: Line) -> None:
    async with house.db.write() as db:
        entries = await write_lines(db, [line])
    await announce_entries(house, entries)


async def stop_recording(house: House, principal: Principal, recording: RecordingId) -> RecordingView:
    """Files are closed and being finished. Agents. Stopped twice is stopped once."""
    agent = agent_only(principal)
    row = await _find(house, principal, recording)
    if row.state is RecordingState.RECORDING:
        async with house.turns.of(row.session_id):
            await stop(house, row, _by(agent))
        await announce_roster(house, row.session_id, await seen_by_media(house, row.session_id))
        stopped = await _find(house, principal, recording)
        await announce_recording(house, stopped)
    return await read_recording(house, principal, recording)


async def _find(house: House, principal: Principal, recording: RecordingId) -> RecordingRow:
    async with house.db.read() as db:
        row = await store.find_recording(db, recording)
        is_theirs = row is not None and (may_watch(principal, row) or await _is_shown(db, principal, row))
        is_removed = row is None and await archive_store.is_removed(db, recording)
    if row is None or not is_theirs:
        if is_removed:
            raise Removed
        raise NotSignedIn if isinstance(principal, Anonymous) else NotFound
    return row


async def _is_shown(db: AsyncConnection, principal: Principal, row: RecordingRow) -> bool:
    """Whether it is what a broadcast left that this person may watch."""
    broadcast = await broadcast_store.find_broadcast(db, row.session_id)
    if broadcast is None or broadcast.recording_id != row.id:
        return False
    return may_play(principal, broadcast, await session_store.list_cases_of(db, row.session_id))


async def read_recording(house: House, principal: Principal, recording: RecordingId) -> RecordingView:
    """The recording with its files; for customers only when it is shared, for everybody when it is a broadcast's that they may watch.

    Raises NotFound, or NotSignedIn for nobody known; the same for a recording that is not there; Removed for what was public once.
    """
    row = await _find(house, principal, recording)
    async with house.db.read() as db:
        names = {one.id: one.name for one in await session_store.list_participants(db, row.session_id)}
        moments = await _moments(house, db, principal, row)
        captions = await list_captions(db, row.id)
    return RecordingView(
        id=row.id,
        case=row.case_id,
        session=row.session_id,
        state=row.state,
        interrupted=row.interrupted,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        size_bytes=row.size_bytes,
        progress=row.view_progress if row.state is RecordingState.FINISHING else None,
        files=[_file(row, one, names) for one in row.tracks.get("files", [])],
        shared=row.shared_at is not None,
        moments=moments,
        error=row.error,
        unread=row.tracks.get("unread", 0),
        captions=captions,
    )


async def list_captions(db: AsyncConnection, recording: RecordingId) -> list[CaptionsFile]:
    """The captions that a recording has. Whoever may watch it may read them: ask that first."""
    languages = await caption_store.list_captions(db, recording)
    return [CaptionsFile(one, f"/recordings/{recording}/captions/{one}.vtt") for one in languages]


def _file(row: RecordingRow, one: dict[str, Any], names: dict[ParticipantId, str]) -> RecordingFile:
    is_stream = one["type"] == HLS_TYPE
    return RecordingFile(
        kind=one["kind"],
        name=one["name"],
        type=one["type"],
        url=f"/live/{row.session_id}/{one['name']}" if is_stream else f"/recordings/{row.id}/files/{one['name']}",
        participant_name=names.get(one["participant"]) if one["participant"] else None,
        source=Source(one["source"]) if one["source"] else None,
        size_bytes=one["size_bytes"],
        start_s=one["start_s"],
        duration_s=one["duration_s"],
    )


async def _moments(house: House, db: AsyncConnection, principal: Principal, row: RecordingRow) -> list[Moment]:
    """What the timeline says happened during the recording, counted in its own time (lost times between parts left out)."""
    end = row.ended_at or house.now()
    lines = await timeline_store.list_between(db, row.case_id, row.started_at - timedelta(seconds=1), end)
    case = row.case_id
    seen = [one for one in lines if may_see_entry(principal, case, one.session_id, one.visibility)]
    return [Moment(seconds_into(row, one.at.timestamp()), one.kind, one.text or one.actor_name) for one in seen]


def seconds_into(row: RecordingRow, at: float) -> float:
    """Where in the recording a moment (UNIX seconds) is; between two parts: at the beginning of the later one."""
    place = max(0.0, at - row.started_at.timestamp())
    for part in row.tracks.get("parts", []):
        if at >= part["started_at"] or part is row.tracks["parts"][0]:
            within = min(max(0.0, at - part["started_at"]), part["duration_s"])
            place = part["offset_s"] + within
    return round(place, 3)


async def find_file(house: House, principal: Principal, recording: RecordingId, name: str) -> RecordedFile:
    """One file of a recording, by the name in its list; rights as `read_recording`. Raises NotFound."""
    row = await _find(house, principal, recording)
    file = next((one for one in row.tracks.get("files", []) if one["name"] == name), None)
    if file is None:
        raise NotFound
    return RecordedFile(house.settings.recordings / row.directory / file["path"], file["type"])


async def share_recording(house: House, principal: Principal, recording: RecordingId, shared: bool) -> RecordingView:
    """The customer may watch it, or no longer. Agents."""
    agent = agent_only(principal)
    row = await _find(house, principal, recording)
    if (row.shared_at is not None) != shared:
        now = house.now()
        data: dict[str, Fact] = {"recording": recording, "shared": shared}
        line = Line(row.case_id, EntryKind.RECORDING_SHARED, now, _by(agent), row.session_id, data=data)
        async with house.db.write() as db:
            await case_store.lock_case(db, row.case_id)
            await store.step_recording(db, recording, list(RecordingState), shared_at=now if shared else None)
            entries = await write_lines(db, [line])
        await announce_entries(house, entries)
    return await read_recording(house, principal, recording)


async def delete_recording(house: House, principal: Principal, recording: RecordingId) -> None:
    """Files and facts are gone; the timeline keeps that there was one. A broadcast goes with it. Agents. Raises Conflict while it is written."""
    agent_only(principal)
    row = await _find(house, principal, recording)
    gone = {"deleted_at": house.now(), "tracks": {}, "shared_at": None}
    states = [RecordingState.FINISHING, RecordingState.READY, RecordingState.FAILED]
    async with house.db.write() as db:
        if not await store.step_recording(db, recording, states, **gone):
            raise Conflict
        await caption_store.take_captions(db, recording)
        if await broadcast_store.take_away(db, recording, house.now()):
            await poster_store.take_poster(db, row.session_id)
    house.streams.forget(row.session_id)
    folder = house.settings.recordings / row.directory
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
