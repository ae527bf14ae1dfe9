"""Broadcasts."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import COMPOSED
from server.domain.words import BroadcastState, CaseId, Openness, RecordingId, RecordingState, SessionId, TopicId
from server.store.broadcast_rows import BroadcastCaseRow, BroadcastRow
from server.store.broadcast_tables import broadcast, broadcast_case
from server.store.columns import Moment
from server.store.rows import all_rows, chosen, one_row
from server.store.tables import recording, session_case
from server.store.writing import add_once, add_row, changed


async def add_broadcast(db: AsyncConnection, row: BroadcastRow) -> None:
    """A session becomes a broadcast. IntegrityError when it is one already."""
    await add_row(db, broadcast, row)


async def find_broadcast(db: AsyncConnection, session_id: SessionId) -> BroadcastRow | None:
    """The broadcast of this session."""
    statement = chosen(BroadcastRow, broadcast).where(broadcast.c.session_id == session_id)
    return one_row(BroadcastRow, (await db.execute(statement)).first())


async def lock_broadcast(db: AsyncConnection, session_id: SessionId) -> BroadcastRow | None:
    """The broadcast, and nobody else changes it until this transaction ends. After the session's cases and the session."""
    statement = chosen(BroadcastRow, broadcast).where(broadcast.c.session_id == session_id)
    return one_row(BroadcastRow, (await db.execute(statement.with_for_update(key_share=True))).first())


async def set_broadcast(db: AsyncConnection, session_id: SessionId, *when: Any, **values: Any) -> bool:
    """Changes a broadcast if all conditions (on `broadcast_tables.broadcast`) hold."""
    return await changed(db, update(broadcast).where(broadcast.c.session_id == session_id, *when).values(**values))


async def take_away(db: AsyncConnection, recording: RecordingId, now: datetime) -> bool:
    """The broadcast whose recording this was is not for the public any more; False when it was none's."""
    mine = update(broadcast).where(broadcast.c.recording_id == recording)
    return await changed(db, mine.values(removed_at=func.coalesce(broadcast.c.removed_at, literal(now, Moment))))


async def next_seq(db: AsyncConnection, session_id: SessionId, count: int = 1) -> int:
    """The first of the next `count` numbers of what the audience is told. Of two at the same time each gets its own."""
    counted = update(broadcast).where(broadcast.c.session_id == session_id).values(seq=broadcast.c.seq + count)
    last = (await db.execute(counted.returning(broadcast.c.seq))).scalar_one()
    return int(last) - count + 1


async def list_in_states(db: AsyncConnection, states: Sequence[BroadcastState]) -> list[BroadcastRow]:
    """The broadcasts in these states, the one that starts first in front."""
    statement = chosen(BroadcastRow, broadcast).where(broadcast.c.state.in_(states))
    return all_rows(BroadcastRow, await db.execute(statement.order_by(broadcast.c.starts_at, broadcast.c.created_at)))


async def list_newest(db: AsyncConnection, before: datetime | None, limit: int) -> list[BroadcastRow]:
    """All broadcasts, newest first: those made before a moment (None: all)."""
    statement = chosen(BroadcastRow, broadcast)
    if before is not None:
        statement = statement.where(broadcast.c.created_at < before)
    ordered = statement.order_by(broadcast.c.created_at.desc(), broadcast.c.session_id).limit(limit)
    return all_rows(BroadcastRow, await db.execute(ordered))


async def list_public(db: AsyncConnection, states: Sequence[BroadcastState]) -> list[BroadcastRow]:
    """What everybody may find in a list: public, not removed, in one of these states; newest first."""
    statement = chosen(BroadcastRow, broadcast).where(
        broadcast.c.visibility == Openness.PUBLIC,
        broadcast.c.listed,
        broadcast.c.removed_at.is_(None),
        broadcast.c.state.in_(states),
    )
    return all_rows(BroadcastRow, await db.execute(statement.order_by(broadcast.c.created_at.desc())))


async def list_broadcasts_of(db: AsyncConnection, case: CaseId) -> list[BroadcastRow]:
    """The broadcasts of a case's sessions, and those in which it came up; oldest first."""
    own = select(session_case.c.session_id).where(session_case.c.case_id == case)
    linked = select(broadcast_case.c.session_id).where(broadcast_case.c.case_id == case)
    statement = chosen(BroadcastRow, broadcast).where(broadcast.c.session_id.in_(own.union(linked)))
    return all_rows(BroadcastRow, await db.execute(statement.order_by(broadcast.c.created_at)))


async def list_aired(db: AsyncConnection, topic: TopicId, limit: int) -> list[BroadcastRow]:
    """What an audience without an invitation saw and may still see: first those of a topic, each time the newest in front."""
    statement = chosen(BroadcastRow, broadcast).where(
        broadcast.c.live_at.is_not(None),
        broadcast.c.state.in_((BroadcastState.LIVE, BroadcastState.PAUSED, BroadcastState.ENDED)),
        broadcast.c.visibility != Openness.PRIVATE,
        broadcast.c.removed_at.is_(None),
    )
    ordered = statement.order_by(broadcast.c.topic_id != topic, broadcast.c.live_at.desc(), broadcast.c.session_id)
    return all_rows(BroadcastRow, await db.execute(ordered.limit(limit)))


async def link_case(db: AsyncConnection, row: BroadcastCaseRow) -> bool:
    """A case came up in the broadcast; False when that is known already, which then stays as it is."""
    return await add_once(db, broadcast_case, asdict(row))


async def list_linked(db: AsyncConnection, session_id: SessionId) -> list[BroadcastCaseRow]:
    """The cases that came up in a broadcast, in order."""
    statement = chosen(BroadcastCaseRow, broadcast_case).where(broadcast_case.c.session_id == session_id)
    return all_rows(BroadcastCaseRow, await db.execute(statement.order_by(broadcast_case.c.at)))


async def keep_composer(db: AsyncConnection, session_id: SessionId, owner: str, now: datetime, until: datetime) -> bool:
    """The broadcast's composer is kept by `owner` until a moment; False while somebody else keeps it."""
    lease = broadcast.c
    free = or_(lease.composer_by.is_(None), lease.composer_until < now, lease.composer_by == owner)
    return await set_broadcast(db, session_id, free, composer_by=owner, composer_until=until)


async def leave_composer(db: AsyncConnection, session_id: SessionId, owner: str) -> None:
    """Somebody else may keep the broadcast's composer from now on."""
    await set_broadcast(db, session_id, broadcast.c.composer_by == owner, composer_by=None, composer_until=None)


async def free_composers(db: AsyncConnection) -> None:
    """Whoever kept a composer is gone."""
    await db.execute(update(broadcast).values(composer_by=None, composer_until=None))


async def list_composed(db: AsyncConnection) -> list[BroadcastRow]:
    """The broadcasts that need a composer, or whose stream has to be ended before their recording is ready."""
    unsettled = select(recording.c.id).where(recording.c.state == RecordingState.LIVE)
    statement = chosen(BroadcastRow, broadcast).where(
        or_(broadcast.c.state.in_(COMPOSED), broadcast.c.recording_id.in_(unsettled))
    )
    return all_rows(BroadcastRow, await db.execute(statement))
