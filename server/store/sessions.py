"""Sessions, the people in them, and their media connections."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cases import may_turn
from server.domain.words import AgentId, CaseId, CaseState, ConnectionId, LinkId, ParticipantId, SessionId, SessionState
from server.store.rows import ConnectionRow, ParticipantRow, SessionRow, all_rows, chosen, one_row
from server.store.tables import cases, connection, link, participant, session, session_case
from server.store.writing import add_once, add_row, changed


async def add_session(db: AsyncConnection, row: SessionRow, case: CaseId) -> None:
    """A new session of a case."""
    await add_row(db, session, row)
    await db.execute(session_case.insert().values(session_id=row.id, case_id=case))


async def find_session(db: AsyncConnection, session_id: SessionId) -> SessionRow | None:
    """The session with this id."""
    return one_row(
        SessionRow, (await db.execute(chosen(SessionRow, session).where(session.c.id == session_id))).first()
    )


async def lock_session(db: AsyncConnection, session_id: SessionId) -> SessionRow | None:
    """The session, and nobody else changes it until this transaction ends."""
    statement = chosen(SessionRow, session).where(session.c.id == session_id).with_for_update(key_share=True)
    return one_row(SessionRow, (await db.execute(statement)).first())


async def step_session(
    db: AsyncConnection, session_id: SessionId, states: Sequence[SessionState], **values: Any
) -> bool:
    """Changes the session if it is in one of `states`; False when it is not (any more). ValueError for a step that no rule knows."""
    if "state" in values and not all(may_turn(one, values["state"]) for one in states):
        raise ValueError(f"{states} do not turn {values['state']}")
    fits = and_(session.c.id == session_id, session.c.state.in_(states))
    return await changed(db, update(session).where(fits).values(**values))


async def list_cases_of(db: AsyncConnection, session_id: SessionId) -> list[CaseId]:
    """The cases a session belongs to."""
    statement = select(session_case.c.case_id).where(session_case.c.session_id == session_id)
    return list((await db.execute(statement)).scalars())


async def list_sessions_of(db: AsyncConnection, case: CaseId) -> list[SessionRow]:
    """The sessions of a case, newest first."""
    statement = (
        chosen(SessionRow, session)
        .join(session_case, session_case.c.session_id == session.c.id)
        .where(session_case.c.case_id == case)
        .order_by(session.c.created_at.desc())
    )
    return all_rows(SessionRow, await db.execute(statement))


async def list_live_sessions(db: AsyncConnection, cases: Sequence[CaseId]) -> dict[CaseId, SessionId]:
    """The session of each case that has not ended."""
    statement = (
        select(session_case.c.case_id, session.c.id)
        .join(session, session.c.id == session_case.c.session_id)
        .where(session_case.c.case_id.in_(cases), session.c.state != SessionState.ENDED)
    )
    return {row.case_id: row.id for row in await db.execute(statement)}


async def list_ended(db: AsyncConnection, since: datetime, home: int) -> list[SessionId]:
    """The sessions that ended after a moment and lived on this media worker."""
    there = func.coalesce(session.c.home, 0) == home
    return list((await db.execute(select(session.c.id).where(session.c.ended_at > since, there))).scalars())


async def find_home(db: AsyncConnection, session_id: SessionId) -> int | None:
    """The number of the media worker that a session lives on."""
    return (await db.execute(select(session.c.home).where(session.c.id == session_id))).scalar_one_or_none()


async def find_homes(db: AsyncConnection, sessions: Sequence[SessionId]) -> dict[SessionId, int]:
    """The home of each of these sessions; of one that has none yet, the first worker."""
    home = func.coalesce(session.c.home, 0).label("home")
    return {row.id: row.home for row in await db.execute(select(session.c.id, home).where(session.c.id.in_(sessions)))}


async def move_session(db: AsyncConnection, session_id: SessionId, old: int | None, new: int) -> bool:
    """The session lives on another worker; False when it is not at `old` (any more)."""
    same = session.c.home.is_(None) if old is None else session.c.home == old
    return await changed(db, update(session).where(session.c.id == session_id, same).values(home=new))


async def find_home_of_next(db: AsyncConnection) -> int | None:
    """The home of the case that has waited longest; None when nobody waits, or that one is not connected yet."""
    statement = (
        select(session.c.home)
        .join(session_case, session_case.c.session_id == session.c.id)
        .join(cases, cases.c.id == session_case.c.case_id)
        .where(cases.c.state == CaseState.WAITING, session.c.state == SessionState.WAITING)
        .order_by(cases.c.queued_at, cases.c.id)
        .limit(1)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def list_unended(db: AsyncConnection) -> list[SessionId]:
    """All sessions that wait or run."""
    return list((await db.execute(select(session.c.id).where(session.c.state != SessionState.ENDED))).scalars())


async def seat_participant(db: AsyncConnection, row: ParticipantRow, now: datetime) -> ParticipantRow:
    """The person's one row in the session, seated; made if this is the first time. The name is the newest."""
    await add_once(db, participant, asdict(row))
    mine = and_(participant.c.session_id == row.session_id, participant.c.person_id == row.person_id)
    seated = func.coalesce(participant.c.seated_at, now, type_=participant.c.seated_at.type)
    await db.execute(update(participant).where(mine).values(seated_at=seated, name=row.name))
    found = one_row(ParticipantRow, (await db.execute(chosen(ParticipantRow, participant).where(mine))).first())
    return found or row


async def add_participant(db: AsyncConnection, row: ParticipantRow) -> ParticipantRow:
    """The person's one row in the session, without a seat; the one that is there already."""
    await add_once(db, participant, asdict(row))
    return await find_person(db, row.session_id, row.person_id) or row


async def count_others_seated(db: AsyncConnection, session_id: SessionId, person_id: str) -> int:
    """How many other people have a seat in the session."""
    statement = select(func.count()).where(
        participant.c.session_id == session_id,
        participant.c.seated_at.is_not(None),
        participant.c.person_id != person_id,
    )
    return (await db.execute(statement)).scalar_one()


async def find_person(db: AsyncConnection, session_id: SessionId, person_id: str) -> ParticipantRow | None:
    """A person's row in a session."""
    statement = chosen(ParticipantRow, participant).where(
        participant.c.session_id == session_id, participant.c.person_id == person_id
    )
    return one_row(ParticipantRow, (await db.execute(statement)).first())


async def find_participant(db: AsyncConnection, participant_id: ParticipantId) -> ParticipantRow | None:
    """The participant with this id."""
    statement = chosen(ParticipantRow, participant).where(participant.c.id == participant_id)
    return one_row(ParticipantRow, (await db.execute(statement)).first())


async def list_participants(db: AsyncConnection, session_id: SessionId) -> list[ParticipantRow]:
    """Everybody who ever had a seat in the session, in the order of first coming."""
    statement = chosen(ParticipantRow, participant).where(participant.c.session_id == session_id)
    return all_rows(ParticipantRow, await db.execute(statement.order_by(participant.c.created_at, participant.c.id)))


async def list_here(db: AsyncConnection, sessions: Sequence[SessionId]) -> list[ParticipantRow]:
    """Who is connected now in these sessions."""
    statement = chosen(ParticipantRow, participant).where(
        participant.c.session_id.in_(sessions), participant.c.connection.is_not(None), participant.c.gone_at.is_(None)
    )
    return all_rows(ParticipantRow, await db.execute(statement))


async def list_lost(db: AsyncConnection, before: datetime) -> list[ParticipantRow]:
    """Who lost the connection before a moment and has not come back."""
    statement = chosen(ParticipantRow, participant).where(
        participant.c.gone_at < before, or_(participant.c.seated_at.is_not(None), participant.c.left_at.is_(None))
    )
    return all_rows(ParticipantRow, await db.execute(statement))


async def set_participant(db: AsyncConnection, participant_id: ParticipantId, *when: Any, **values: Any) -> bool:
    """Changes a participant if all conditions (on `tables.participant`) hold."""
    return await changed(db, update(participant).where(participant.c.id == participant_id, *when).values(**values))


async def clear_seats(db: AsyncConnection, session_id: SessionId, now: datetime) -> None:
    """Nobody is in the session any more."""
    everyone = update(participant).where(participant.c.session_id == session_id)
    await db.execute(everyone.values(seated_at=None, connection=None, gone_at=None))
    await db.execute(
        everyone.where(participant.c.joined_at.is_not(None), participant.c.left_at.is_(None)).values(left_at=now)
    )


async def add_connection(db: AsyncConnection, row: ConnectionRow) -> None:
    """A new connection."""
    await add_row(db, connection, row)


async def find_connection(db: AsyncConnection, connection_id: ConnectionId) -> ConnectionRow | None:
    """The connection with this id."""
    statement = chosen(ConnectionRow, connection).where(connection.c.id == connection_id)
    return one_row(ConnectionRow, (await db.execute(statement)).first())


async def bind_connection(db: AsyncConnection, connection_id: ConnectionId, participant_id: ParticipantId) -> None:
    """A standby connection now is a participant's, which has just this one."""
    await db.execute(update(connection).where(connection.c.id == connection_id).values(participant_id=participant_id))
    held = update(participant).where(participant.c.connection == connection_id, participant.c.id != participant_id)
    await db.execute(held.values(connection=None))  # An agent takes it along from one session to the next.
    await set_participant(db, participant_id, connection=connection_id, gone_at=None)


async def list_connections(
    db: AsyncConnection, *, links: Sequence[LinkId] = (), agent: AgentId | None = None
) -> list[ConnectionRow]:
    """The connections that came by one of these links, or are an agent's."""
    mine = connection.c.link_id.in_(links) if agent is None else connection.c.owner_id == agent
    return all_rows(ConnectionRow, await db.execute(chosen(ConnectionRow, connection).where(mine)))


async def list_invalid_connections(db: AsyncConnection, now: datetime) -> list[ConnectionRow]:
    """The connections whose link is revoked or has expired."""
    over = or_(link.c.revoked_at.is_not(None), link.c.expires_at <= now)
    statement = chosen(ConnectionRow, connection).join(link, link.c.id == connection.c.link_id).where(over)
    return all_rows(ConnectionRow, await db.execute(statement))


async def find_holder(db: AsyncConnection, connection_id: ConnectionId) -> ParticipantRow | None:
    """The participant whose connection this is now; None when it has another one by now."""
    statement = chosen(ParticipantRow, participant).where(participant.c.connection == connection_id)
    return one_row(ParticipantRow, (await db.execute(statement)).first())


async def remove_connection(db: AsyncConnection, connection_id: ConnectionId) -> None:
    """The connection is gone."""
    await db.execute(delete(connection).where(connection.c.id == connection_id))


async def list_connected(db: AsyncConnection) -> list[ParticipantRow]:
    """Everybody, in all sessions, whom we take for connected."""
    statement = chosen(ParticipantRow, participant).where(
        participant.c.connection.is_not(None), participant.c.gone_at.is_(None)
    )
    return all_rows(ParticipantRow, await db.execute(statement))


async def remove_connections(db: AsyncConnection, beginning: str) -> None:
    """All connections whose ids begin so are gone: their worker is a new one."""
    await db.execute(delete(connection).where(connection.c.id.startswith(beginning, autoescape=True)))
