"""How a session ends, or goes back to waiting."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cases import state_after
from server.domain.principal import Agent, Person
from server.domain.words import CaseId, CaseState, EntryKind, Outcome, PersonKind, SessionId, SessionState, Visibility
from server.errors import MediaAway, NotFound, SessionEnded
from server.media.protocol import Seat
from server.service.airing import go_off_air
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.presence import person_left
from server.service.quality import quality_lines
from server.service.queue import announce_queue
from server.service.roster import seat_quietly
from server.service.stage import clear_stage
from server.service.taping import stop_running
from server.service.views import Actor, CaseChange, Entry
from server.store import broadcasts as broadcast_store
from server.store import cases as case_store
from server.store import sessions as store
from server.store.rows import ParticipantRow


@dataclass(frozen=True, slots=True)
class Ending:
    """With what outcome a session ends. `closes`: the case is closed whatever the outcome. `text` becomes a note."""

    outcome: Outcome
    text: str = ""
    closes: bool = False

    @property
    def case_state(self) -> CaseState:
        """What the session's cases become."""
        return CaseState.CLOSED if self.closes else state_after(self.outcome)


async def finish_session(house: House, agent: Agent, session: SessionId, ending: Ending) -> None:
    """Everybody is out; a recording is stopped and a broadcast ended first, and the case that was made with that is closed.

    Raises NotFound, SessionEnded.
    """
    async with house.db.read() as db:
        row = await store.find_session(db, session)
        broadcast = await broadcast_store.find_broadcast(db, session)
    if row is None:
        raise NotFound
    if row.state is SessionState.ENDED:
        raise SessionEnded
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    if broadcast is not None:
        ending = replace(ending, closes=ending.closes or broadcast.own_case_id is not None)
        await go_off_air(house, session, by)
    async with house.turns.of(session):
        await stop_running(house, agent, session)
        async with house.db.write() as db:
            cases, entries = await _end(db, house, session, ending, by)
        await stop_running(house, agent, session)  # One that another web process began meanwhile.
        await clear_stage(house, cases, session)
    await announce_entries(house, entries)
    for case in cases:
        await house.announcer.case_changed(CaseChange(case, ending.case_state, agent.name))
    await announce_queue(house)


async def _end(
    db: AsyncConnection, house: House, session: SessionId, ending: Ending, by: Actor
) -> tuple[list[CaseId], list[Entry]]:
    now = house.now()
    cases = await case_store.lock_cases_of(db, session)
    quality = await quality_lines(db, house, session, cases, now)
    ended = {"state": SessionState.ENDED, "ended_at": now, "outcome": ending.outcome}
    if not await store.step_session(db, session, [SessionState.WAITING, SessionState.RUNNING], **ended):
        raise SessionEnded
    closed_at = now if ending.case_state is CaseState.CLOSED else None
    after = {"state": ending.case_state, "outcome": ending.outcome, "closed_at": closed_at, "queued_at": None}
    lines = quality
    for case in cases:
        await case_store.step_case(db, case, [CaseState.TAKEN, CaseState.WAITING], **after)
        lines += _lines(case, session, ending, by, now)
    await store.clear_seats(db, session, now)
    return cases, await write_lines(db, lines)


def _lines(case: CaseId, session: SessionId, ending: Ending, by: Actor, now: datetime) -> list[Line]:
    data = {"outcome": str(ending.outcome)}
    lines = [Line(case, EntryKind.ENDED, now, by, session, data=dict(data))]
    if ending.text:
        lines.insert(0, Line(case, EntryKind.NOTE, now, by, session, ending.text, visibility=Visibility.AGENTS))
    if ending.case_state is CaseState.CLOSED:
        lines.append(Line(case, EntryKind.CLOSED, now, by, session, data=dict(data)))
    return lines


async def back_to_waiting(house: House, session: SessionId, people: Sequence[ParticipantRow]) -> None:
    """Customers and guests are off the stage, agents are out."""
    for one in people:
        if one.kind is not PersonKind.AGENT:
            await seat_quietly(house, session, one.id, Seat(on_stage=False))
            continue
        with contextlib.suppress(NotFound, MediaAway):
            await house.media.unseat(session, one.id)
        await person_left(house, one)
