"""The queue: one for all topics, because every agent answers every topic."""

import dataclasses
import secrets

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Principal
from server.domain.rights import person_of
from server.domain.words import CaseId, CaseState, EntryKind, Outcome, SessionId, SessionState
from server.errors import Conflict
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.pace import place_view, read_pace
from server.service.reading import case_for_customer, view_case
from server.service.stage import clear_stage
from server.service.views import CaseChange, CaseView, Entry, QueuePlace
from server.store import cases as store
from server.store import sessions as session_store
from server.store.rows import SessionRow


async def list_places(house: House) -> list[QueuePlace]:
    """The place and the waiting-time range of everybody who waits, first come first."""
    async with house.db.read() as db:
        waiting = await store.list_waiting(db)
        pace = await read_pace(house, db)
    return [QueuePlace(one.case, place_view(ahead, pace)) for ahead, one in enumerate(waiting)]


async def announce_queue(house: House) -> None:
    """Tells everybody who waits the new place, and the agents that their lists changed. Call after the commit."""
    await house.announcer.queue_changed(await list_places(house))
    await house.announcer.desk_changed()


async def withdraw_case(house: House, principal: Principal, case: CaseId) -> CaseView:
    """The customer leaves the queue; the case is closed. Raises Conflict when it does not wait."""
    now = house.now()
    async with house.db.write() as db:
        _, grant = await case_for_customer(db, principal, case)
        sessions = await session_store.list_live_sessions(db, [case])
        closed = {"state": CaseState.CLOSED, "closed_at": now, "outcome": Outcome.NOT_SOLVED, "queued_at": None}
        if not await store.step_case(db, case, [CaseState.WAITING], **closed):
            raise Conflict
        session = sessions.get(case)
        if session is not None:
            ended = {"state": SessionState.ENDED, "ended_at": now, "outcome": Outcome.NOT_SOLVED}
            await session_store.step_session(db, session, [SessionState.WAITING], **ended)
            await session_store.clear_seats(db, session, now)
        line = Line(case, EntryKind.CLOSED, now, actor(person_of(grant)), session, data={"withdrawn": True})
        entries = await write_lines(db, [line])
    if session is not None:
        await clear_stage(house, [case], session)
    await announce_entries(house, entries)
    await house.announcer.case_changed(CaseChange(case, CaseState.CLOSED, None))
    await announce_queue(house)
    return await view_case(house, principal, case)


async def queue_case(house: House, principal: Principal, case: CaseId) -> CaseView:
    """The customer of an open or closed case waits again, in a new session; a closed one is reopened. Raises Conflict when it is taken."""
    now = house.now()
    async with house.db.write() as db:
        await store.lock_case(db, case)
        row, grant = await case_for_customer(db, principal, case)
        waiting = {"state": CaseState.WAITING, "queued_at": now, "closed_at": None, "outcome": None}
        free = {"taken_by": None, "taken_at": None}
        queued = await store.step_case(db, case, [CaseState.OPEN, CaseState.CLOSED], **waiting, **free)
        kinds = [EntryKind.REOPENED, EntryKind.OPENED] if row.state is CaseState.CLOSED else [EntryKind.OPENED]
        by = actor(person_of(grant))
        entries = await _start_again(db, case, [Line(case, kind, now, by) for kind in kinds]) if queued else []
    if not queued and row.state is not CaseState.WAITING:
        raise Conflict
    if queued:
        await announce_entries(house, entries)
        await house.announcer.case_changed(CaseChange(case, CaseState.WAITING, None))
        await announce_queue(house)
    return await view_case(house, principal, case)


async def _start_again(db: AsyncConnection, case: CaseId, lines: list[Line]) -> list[Entry]:
    session = SessionId(secrets.token_urlsafe(16))
    await session_store.add_session(db, SessionRow(session, SessionState.WAITING, lines[0].at), case)
    return await write_lines(db, [dataclasses.replace(one, session=session, data={"again": True}) for one in lines])
