"""Coming and going: one line in the timeline for each, however often a page is reloaded."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Agent, Person
from server.domain.words import CaseId, ConnectionId, EntryKind, ParticipantId, PersonKind, SessionId, SessionState
from server.errors import DatabaseAway, NoSpace, NotFound
from server.media import protocol
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.homes import is_at_home
from server.service.house import House
from server.service.secrecy import make_id
from server.service.views import Entry
from server.store import cases as case_store
from server.store import sessions as store
from server.store.rows import ParticipantRow
from server.store.tables import participant as column

log = structlog.get_logger(__name__)

# Time for a reload, a changed network, a phone that slept for a moment: nobody has left before it is over.
GRACE = timedelta(seconds=20)
UNTOLD_MAX = 10_000


def person_of_row(row: ParticipantRow) -> Person:
    """Who a participant is."""
    return Person(row.kind, row.person_id, row.name)


async def seat_person(db: AsyncConnection, session: SessionId, person: Person, now: datetime) -> ParticipantRow:
    """The person's seat in the session, the same one each time."""
    return await store.seat_participant(db, _fresh(session, person, now), now)


async def add_person(db: AsyncConnection, session: SessionId, person: Person, now: datetime) -> ParticipantRow:
    """Somebody who may come, and has no seat yet."""
    return await store.add_participant(db, _fresh(session, person, now))


def _fresh(session: SessionId, person: Person, now: datetime) -> ParticipantRow:
    return ParticipantRow(
        id=ParticipantId(make_id()),
        session_id=session,
        kind=person.kind,
        person_id=person.person_id,
        name=person.name,
        connection=None,
        created_at=now,
    )


async def bind_standby(
    db: AsyncConnection, agent: Agent, session: SessionId, connection: ConnectionId, now: datetime
) -> None:
    """The agent's standby connection becomes the one in the session, if it is at the session's home. Raises NotFound when it is not this agent's."""
    row = await store.find_connection(db, connection)
    if row is None or row.owner_kind is not PersonKind.AGENT or row.owner_id != agent.agent_id:
        raise NotFound
    if not await is_at_home(db, session, connection):
        return  # The page sees it by the session's home, and connects anew.
    person = Person(PersonKind.AGENT, agent.agent_id, agent.name)
    seat = await seat_person(db, session, person, now)
    await store.bind_connection(db, connection, seat.id)


async def note_present(house: House, seen: protocol.SessionView) -> None:
    """Whoever the worker sees connected on stage has joined."""
    for one in seen.participants:
        if one.connected and one.on_stage:
            await person_came(house, ParticipantId(one.participant))


async def person_came(house: House, participant: ParticipantId) -> bool:
    """The person is connected in a running session; True when that is news. Who comes back within the grace has not left."""
    now = house.now()
    async with house.db.write() as db:
        row = await store.find_participant(db, participant)
        if row is not None:
            await case_store.lock_cases_of(db, row.session_id)
            row = await store.find_participant(db, participant)
        session = await store.find_session(db, row.session_id) if row else None
        if row is None or session is None:
            return False
        await store.set_participant(db, participant, gone_at=None)
        if session.state is not SessionState.RUNNING or (row.joined_at and not row.left_at):
            return False
        absent = column.c.joined_at.is_(None) | column.c.left_at.is_not(None)
        if not await store.set_participant(db, participant, absent, joined_at=now, left_at=None):
            return False
        entries = await write_movement(db, row, EntryKind.JOINED, now, f"joined:{row.connection}")
    await announce_entries(house, entries)
    return True


async def person_lost(house: House, connection: ConnectionId, reason: str) -> None:
    """A connection is gone. Its owner has left if they are not back after the grace (`sweep_left`)."""
    async with house.db.write() as db:
        await store.remove_connection(db, connection)
        holder = await store.find_holder(db, connection)
        if holder is not None and reason != "replaced":
            await store.set_participant(db, holder.id, column.c.connection == connection, gone_at=house.now())


async def note_lost(house: House, connection: ConnectionId, reason: str) -> None:
    """The same where nobody waits for an answer or asks again: while the database is away, the sweep is left to do it (`sweep_untold`).

    With `UNTOLD_MAX` of them more are dropped; they are found when a worker says hello.
    """
    try:
        await person_lost(house, connection, reason)
    except (DatabaseAway, NoSpace) as failure:
        if connection not in house.untold:
            log.warning("lost_person_waits", connection=connection, code=failure.code)
        if len(house.untold) < UNTOLD_MAX:
            house.untold.setdefault(connection, reason)


async def sweep_untold(house: House) -> None:
    """The database is told what it was away for."""
    for connection, reason in list(house.untold.items()):
        await person_lost(house, connection, reason)
        house.untold.pop(connection, None)


async def sweep_left(house: House) -> None:
    """Who lost the connection longer ago than the grace has left."""
    async with house.db.read() as db:
        lost = await store.list_lost(db, house.now() - GRACE)
    for row in lost:
        still_gone = column.c.gone_at == row.gone_at
        await person_left(house, row, still_gone)


async def person_left(house: House, row: ParticipantRow, *when: object) -> None:
    """The person is out of the session: the seat is free, and the timeline says so if they were in the call."""
    now = house.now()
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, row.session_id)
        free = {"seated_at": None, "connection": None, "gone_at": None, "left_at": now}
        if not await store.set_participant(db, row.id, *when, **free):
            return
        was_there = row.joined_at is not None and row.left_at is None
        entries = await write_movement(db, row, EntryKind.LEFT, now, f"left:{row.connection}") if was_there else []
    await announce_entries(house, entries)


async def write_movement(
    db: AsyncConnection, row: ParticipantRow, kind: EntryKind, now: datetime, client_id: str
) -> list[Entry]:
    """A line about somebody coming or going, in every case of the session."""
    cases: list[CaseId] = await store.list_cases_of(db, row.session_id)
    by = actor(person_of_row(row))
    lines = [Line(case, kind, now, by, row.session_id, client_id=client_id) for case in cases]
    return await write_lines(db, lines)
