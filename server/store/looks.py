"""What was seen of people's lines, until their session ends."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import SessionId, SessionState
from server.store.rows import LookRow, all_rows, chosen
from server.store.tables import line_look, participant, session
from server.store.writing import insert_or


async def add_looks(db: AsyncConnection, rows: Sequence[LookRow]) -> None:
    """Keeps these, each once whoever brings it; those of people or sessions that are not there any more are left out."""
    known = select(participant.c.id).join(session, session.c.id == participant.c.session_id)
    wanted = {row.participant_id for row in rows}
    known = known.where(participant.c.id.in_(wanted), session.c.state != SessionState.ENDED)
    here = set((await db.execute(known)).scalars())
    values = [asdict(row) for row in rows if row.participant_id in here]
    if values:
        await db.execute(insert_or(db, line_look).on_conflict_do_nothing(), values)


async def take_looks(db: AsyncConnection, session_id: SessionId) -> list[LookRow]:
    """All of a session, in order; they are removed."""
    mine = line_look.c.session_id == session_id
    rows = all_rows(LookRow, await db.execute(chosen(LookRow, line_look).where(mine).order_by(line_look.c.at)))
    await db.execute(delete(line_look).where(mine))
    return rows


async def remove_stale(db: AsyncConnection, before: datetime) -> None:
    """What nobody asked for: of sessions that went back to waiting and ended there, or of before a crash."""
    await db.execute(delete(line_look).where(line_look.c.at < before))
