"""The timeline of a case. Numbers have no holes and no doubles, whoever writes at the same time."""

import dataclasses
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import CaseId, SessionId, Visibility
from server.store.rows import EntryRow, all_rows, chosen, one_row
from server.store.tables import cases, entry


async def add_entry(db: AsyncConnection, row: EntryRow) -> tuple[EntryRow, bool]:
    """The entry with its number, and True; or the one that has this `client_id` already, and False. `row.seq` is ignored.

    The number comes from an UPDATE of the case in the same transaction: the row stays locked until the entry is committed.
    """
    if row.client_id is not None:
        await db.execute(select(cases.c.id).where(cases.c.id == row.case_id).with_for_update(key_share=True))
        same = await find_entry(db, row.case_id, row.client_id)
        if same is not None:
            return same, False
    step = update(cases).where(cases.c.id == row.case_id).values(seq=cases.c.seq + 1).returning(cases.c.seq)
    seq = (await db.execute(step)).scalar_one()
    numbered = dataclasses.replace(row, seq=seq)
    await db.execute(insert(entry).values(id=secrets.token_urlsafe(16), **dataclasses.asdict(numbered)))
    return numbered, True


async def find_entry(db: AsyncConnection, case: CaseId, client_id: str) -> EntryRow | None:
    """The entry that was sent under this id."""
    statement = chosen(EntryRow, entry).where(entry.c.case_id == case, entry.c.client_id == client_id)
    return one_row(EntryRow, (await db.execute(statement)).first())


async def list_entries(
    db: AsyncConnection,
    case: CaseId,
    after: int,
    limit: int,
    visible: Sequence[Visibility],
    sessions: Sequence[SessionId] | None = None,
) -> list[EntryRow]:
    """Entries above a number, in order; `sessions` None means all, also those outside any session."""
    statement = chosen(EntryRow, entry).where(
        entry.c.case_id == case, entry.c.seq > after, entry.c.visibility.in_(visible)
    )
    if sessions is not None:
        statement = statement.where(entry.c.session_id.in_(sessions))
    return all_rows(EntryRow, await db.execute(statement.order_by(entry.c.seq).limit(limit)))


async def list_between(db: AsyncConnection, case: CaseId, start: datetime, end: datetime) -> list[EntryRow]:
    """Entries of a span of time, in order (at most 1000)."""
    statement = chosen(EntryRow, entry).where(entry.c.case_id == case, entry.c.at >= start, entry.c.at <= end)
    return all_rows(EntryRow, await db.execute(statement.order_by(entry.c.seq).limit(1000)))
