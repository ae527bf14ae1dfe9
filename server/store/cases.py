"""Cases: finding them, changing their state, and the agents' lists."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cases import may_become
from server.domain.words import AgentId, CaseId, CaseState, SessionId
from server.store.rows import CaseRow, all_rows, chosen, one_row
from server.store.tables import cases, session_case
from server.store.writing import add_once, changed


async def add_case(db: AsyncConnection, row: CaseRow) -> bool:
    """A new case; False when its number or its `client_id` is taken."""
    return await add_once(db, cases, dataclasses.asdict(row))


async def find_case(db: AsyncConnection, case: CaseId) -> CaseRow | None:
    """The case with this id."""
    return one_row(CaseRow, (await db.execute(chosen(CaseRow, cases).where(cases.c.id == case))).first())


async def find_case_of(db: AsyncConnection, client_id: str) -> CaseRow | None:
    """The case that a browser opened under this id."""
    return one_row(CaseRow, (await db.execute(chosen(CaseRow, cases).where(cases.c.client_id == client_id))).first())


async def lock_case(db: AsyncConnection, case: CaseId) -> CaseRow | None:
    """The case, and nobody else changes it until this transaction ends."""
    statement = chosen(CaseRow, cases).where(cases.c.id == case).with_for_update(key_share=True)
    return one_row(CaseRow, (await db.execute(statement)).first())


async def lock_cases_of(db: AsyncConnection, session_id: SessionId) -> list[CaseId]:
    """The cases of a session, and nobody else changes them until this transaction ends.

    The one order of locks: cases, session, people, recording. Who changes a session and writes lines calls this first.
    """
    mine = select(session_case.c.case_id).where(session_case.c.session_id == session_id)
    statement = select(cases.c.id).where(cases.c.id.in_(mine)).order_by(cases.c.id).with_for_update(key_share=True)
    return list((await db.execute(statement)).scalars())


async def step_case(db: AsyncConnection, case: CaseId, states: Sequence[CaseState], **values: Any) -> bool:
    """Changes the case if it is in one of `states`; False when it is not (any more). ValueError for a step that no rule knows."""
    if "state" in values and not all(may_become(one, values["state"]) for one in states):
        raise ValueError(f"{states} do not become {values['state']}")
    fits = and_(cases.c.id == case, cases.c.state.in_(states))
    return await changed(db, update(cases).where(fits).values(**values))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case in the queue."""

    case: CaseId
    queued_at: datetime


async def list_waiting(db: AsyncConnection) -> list[Waiting]:
    """Who waits, first come first."""
    statement = (
        select(cases.c.id.label("case"), cases.c.queued_at)
        .where(cases.c.state == CaseState.WAITING)
        .order_by(cases.c.queued_at, cases.c.id)
    )
    return all_rows(Waiting, await db.execute(statement))


async def list_takes(db: AsyncConnection, since: datetime, limit: int) -> list[datetime]:
    """When cases were taken lately, newest first."""
    statement = select(cases.c.taken_at).where(cases.c.taken_at >= since).order_by(cases.c.taken_at.desc())
    return list((await db.execute(statement.limit(limit))).scalars())


async def count_cases(db: AsyncConnection, state: CaseState, agent: AgentId | None = None) -> int:
    """How many cases are in a state, of one agent or of all."""
    statement = select(func.count()).select_from(cases).where(cases.c.state == state)
    if agent is not None:
        statement = statement.where(cases.c.taken_by == agent)
    return (await db.execute(statement)).scalar_one()


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: after the case with this time and id, at most `limit`."""

    after: tuple[datetime, str] | None
    limit: int


async def list_queue(db: AsyncConnection, q: str, page: Page) -> list[CaseRow]:
    """Waiting cases, first come first."""
    statement = chosen(CaseRow, cases).where(cases.c.state == CaseState.WAITING, *_matching(q))
    if page.after:
        time, case = page.after
        later = or_(cases.c.queued_at > time, and_(cases.c.queued_at == time, cases.c.id > case))
        statement = statement.where(later)
    ordered = statement.order_by(cases.c.queued_at, cases.c.id).limit(page.limit)
    return all_rows(CaseRow, await db.execute(ordered))


async def list_newest(
    db: AsyncConnection, state: CaseState | None, agent: AgentId | None, q: str, page: Page
) -> list[CaseRow]:
    """Cases in a state (None: all) of an agent (None: all), newest first."""
    statement: Select[Any] = chosen(CaseRow, cases).where(*_matching(q))
    if state is not None:
        statement = statement.where(cases.c.state == state)
    if agent is not None:
        statement = statement.where(cases.c.taken_by == agent)
    if page.after:
        time, case = page.after
        earlier = or_(cases.c.opened_at < time, and_(cases.c.opened_at == time, cases.c.id < case))
        statement = statement.where(earlier)
    ordered = statement.order_by(cases.c.opened_at.desc(), cases.c.id.desc()).limit(page.limit)
    return all_rows(CaseRow, await db.execute(ordered))


def _matching(q: str) -> list[ColumnElement[bool]]:
    """Every word of `q` (case-folded) is somewhere in the case."""
    return [cases.c.search_text.contains(word, autoescape=True) for word in q.split()]
