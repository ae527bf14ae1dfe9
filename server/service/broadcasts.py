"""A broadcast for agents: what is known of it, and its way from the plan to the end."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import COMPOSED, OPEN, Wish, may_turn, obstacles
from server.domain.consent import shown_to
from server.domain.principal import Agent, Person, Principal
from server.domain.rights import agent_only
from server.domain.words import (
    BroadcastState,
    CaseId,
    EntryKind,
    Outcome,
    PersonKind,
    RecordingId,
    RecordingState,
    SessionId,
    SessionState,
)
from server.errors import (
    BroadcastEnded,
    Conflict,
    ImprintMissing,
    NobodyOnStage,
    NobodyToShow,
    NotEverybodyAsked,
    NotFound,
    OaseError,
    SessionEnded,
)
from server.service.airing import announce_broadcast, go_off_air, tell_composer, wish_of
from server.service.audience.stage_calls import take_all_off
from server.service.broadcast_reading import read_found, readiness, view_of
from server.service.broadcast_views import BroadcastView
from server.service.consent import ask_stage
from server.service.ending import Ending, finish_session
from server.service.facts import NOBODY, Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.secrecy import make_id
from server.service.taping import announce_recording
from server.service.views import Actor, Entry
from server.store import broadcasts as store
from server.store import cases as case_store
from server.store import recordings as recording_store
from server.store import sessions as session_store
from server.store.broadcast_rows import BroadcastRow
from server.store.rows import RecordingRow

KINDS = {
    BroadcastState.REHEARSAL: EntryKind.BROADCAST_REHEARSED,
    BroadcastState.LIVE: EntryKind.BROADCAST_LIVE,
    BroadcastState.PAUSED: EntryKind.BROADCAST_PAUSED,
}
FAILURES: dict[str, type[OaseError]] = {
    one.code: one for one in (ImprintMissing, NobodyOnStage, NotEverybodyAsked, NobodyToShow)
}


def _by(agent: Agent) -> Actor:
    return actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))


async def read_broadcast(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """The broadcast with those on stage, and what is in its way. Agents. Raises NotFound."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        found = await read_found(db, session)
    return view_of(house, found, agent)


async def rehearse(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """The composer runs, for agents alone; those on stage are asked whether an audience may see them. Agents. Raises NotFound, Conflict."""
    agent = agent_only(principal)
    await turn(house, session, BroadcastState.REHEARSAL, _by(agent))
    await _ask(house, session, _by(agent))
    return await read_broadcast(house, principal, session)


async def count_down(house: House, principal: Principal, session: SessionId, seconds: int) -> BroadcastView:
    """The audience is let in and sees the time run; then the broadcast is live by itself. Agents. Raises what `go_live` raises."""
    agent = agent_only(principal)
    await _ask(house, session, _by(agent))
    starts_at = house.now() + timedelta(seconds=seconds)
    await turn(house, session, BroadcastState.COUNTDOWN, _by(agent), starts_at=starts_at)
    return await read_broadcast(house, principal, session)


async def go_live(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """The audience sees those who agreed. Whoever was not asked yet is asked now, and not seen before a yes. Agents.

    Raises NotFound, ImprintMissing, NobodyOnStage, NotEverybodyAsked, NobodyToShow, BroadcastEnded, SessionEnded, Conflict.
    """
    agent = agent_only(principal)
    await _ask(house, session, _by(agent))
    await turn(house, session, BroadcastState.LIVE, _by(agent))
    return await read_broadcast(house, principal, session)


async def pause(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """A card is seen, and nobody is heard. Agents. Raises NotFound, Conflict."""
    agent = agent_only(principal)
    await turn(house, session, BroadcastState.PAUSED, _by(agent))
    return await read_broadcast(house, principal, session)


async def resume(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """It goes on after a pause. Agents. Raises NotFound, Conflict (it does not pause)."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
    if row is not None and row.state not in {BroadcastState.PAUSED, BroadcastState.LIVE}:
        raise BroadcastEnded if row.state is BroadcastState.ENDED else Conflict
    await turn(house, session, BroadcastState.LIVE, _by(agent))
    return await read_broadcast(house, principal, session)


async def end(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """The broadcast is over, and its recording there. A session that was planned for it ends with it; an opened help call goes on. Agents."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
        stage = await session_store.find_session(db, session)
    if row is None or stage is None:
        raise NotFound
    await go_off_air(house, session, _by(agent))
    await take_all_off(house, session)
    if row.own_case_id is not None and stage.state is not SessionState.ENDED:
        await finish_session(house, agent, session, Ending(Outcome.SOLVED))
    return await read_broadcast(house, principal, session)


async def ask_to_be_seen(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """Everybody on stage who has not agreed to be seen is asked (again). Agents. Raises NotFound, BroadcastEnded, SessionEnded."""
    agent = agent_only(principal)
    await _ask(house, session, _by(agent), again=True)
    return await read_broadcast(house, principal, session)


async def _ask(house: House, session: SessionId, by: Actor, *, again: bool = False) -> None:
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
    if row is None:
        raise NotFound
    if row.state is BroadcastState.ENDED:
        raise BroadcastEnded
    await ask_stage(house, session, shown_to(row.visibility), by, again=again)


async def set_scene(
    house: House, principal: Principal, session: SessionId, change: Callable[[Wish], Wish]
) -> BroadcastView:
    """What is to be seen from now on; a composer that runs shows it when this returns. Agents. Raises NotFound, BroadcastEnded.

    `change` makes it of what was chosen before: two agents, and a question that is pinned meanwhile, do not undo each other.
    """
    agent_only(principal)
    async with house.db.write() as db:
        row = await store.lock_broadcast(db, session)
        if row is None:
            raise NotFound
        if row.state is BroadcastState.ENDED:
            raise BroadcastEnded
        await store.set_broadcast(db, session, scene=dataclasses.asdict(change(wish_of(row))))
    if row.state in COMPOSED:
        await tell_composer(house, session)
    await announce_broadcast(house, session)
    return await read_broadcast(house, principal, session)


async def turn(house: House, session: SessionId, then: BroadcastState, by: Actor = NOBODY, **values: Any) -> bool:
    """The broadcast's next state; whether it is news. Twice is once. Raises as `go_live`."""
    async with house.db.write() as db:
        cases = await case_store.lock_cases_of(db, session)
        stage = await session_store.lock_session(db, session)
        row = await store.lock_broadcast(db, session)
        if row is None or stage is None:
            raise NotFound
        if row.state is then:
            return False
        _check_step(row.state, then, stage.state)
        if then in OPEN:
            await _check_ready(db, session)
        values |= await _first_time(db, house, row, then, cases, by)
        await store.set_broadcast(db, session, state=then, **values)
        if stage.started_at is None:
            running = [SessionState.RUNNING]
            await session_store.step_session(db, session, running, started_at=house.now())
        entries = await _lines(db, house, row, then, cases, by, values)
    await _tell_turned(house, session, entries, values.get("recording_id"))
    return True


def _check_step(now: BroadcastState, then: BroadcastState, stage: SessionState) -> None:
    if now is BroadcastState.ENDED:
        raise BroadcastEnded
    if not may_turn(now, then):
        raise Conflict
    if stage is not SessionState.RUNNING:
        raise SessionEnded if stage is SessionState.ENDED else Conflict


async def _check_ready(db: AsyncConnection, session: SessionId) -> None:
    missing = obstacles(readiness(await read_found(db, session)))
    if missing:
        raise FAILURES[missing[0]]


async def _first_time(
    db: AsyncConnection,
    house: House,
    row: BroadcastRow,
    then: BroadcastState,
    cases: Sequence[CaseId],
    by: Actor,
) -> dict[str, Any]:
    """What comes with a step that is taken once: the stream's own folder when a rehearsal is over, the recording when it is live."""
    values: dict[str, Any] = {}
    if row.state is BroadcastState.REHEARSAL:
        values["directory"] = make_id()  # What was rehearsed is thrown away.
    if then is BroadcastState.LIVE and row.live_at is None:
        now = house.now()
        values |= {"live_at": now, "recording_id": RecordingId(make_id())}
        directory = values.get("directory", row.directory)
        await recording_store.add_recording(
            db, _recording(values["recording_id"], row.session_id, cases[0], directory, by, now)
        )
    return values


def _recording(
    recording: RecordingId, session: SessionId, case: CaseId, directory: str, by: Actor, now: datetime
) -> RecordingRow:
    """The stream is the recording: there is nothing to start, and nothing to finish."""
    return RecordingRow(recording, session, case, RecordingState.LIVE, False, by.id or "", now, directory)


async def _lines(
    db: AsyncConnection,
    house: House,
    row: BroadcastRow,
    then: BroadcastState,
    cases: Sequence[CaseId],
    by: Actor,
    values: dict[str, Any],
) -> list[Entry]:
    kind = EntryKind.BROADCAST_RESUMED if then is BroadcastState.LIVE and row.live_at else KINDS.get(then)
    if kind is None:
        return []
    data = {"title": row.title, "recording": values.get("recording_id", row.recording_id)}
    now = house.now()
    return await write_lines(db, [Line(case, kind, now, by, row.session_id, data=data) for case in cases])


async def _tell_turned(house: House, session: SessionId, entries: list[Entry], recording: RecordingId | None) -> None:
    house.streams.forget(session)
    house.airing.ring()
    await tell_composer(house, session)
    await announce_entries(house, entries)
    await announce_broadcast(house, session)
    if recording is not None:
        async with house.db.read() as db:
            row = await recording_store.find_recording(db, recording)
        if row is not None:
            await announce_recording(house, row)
