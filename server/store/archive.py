"""What everybody may find in the list of broadcasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import BroadcastState, Openness, QuestionState, RecordingId, RecordingState, SessionId
from server.store.broadcast_rows import QuestionRow
from server.store.broadcast_tables import broadcast, channel, question
from server.store.rows import all_rows, chosen
from server.store.tables import recording, topic


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A listed broadcast with the names that stand beside it."""

    session_id: SessionId
    title: str
    description: str
    state: BroadcastState
    starts_at: datetime | None
    live_at: datetime | None
    ended_at: datetime | None
    poster: str | None
    channel: str
    slug: str
    name_de: str
    name_en: str
    position: int
    recording_id: RecordingId | None
    duration_s: float | None
    size_bytes: int | None


_LISTED = (
    broadcast.c.visibility == Openness.PUBLIC,
    broadcast.c.listed,
    broadcast.c.removed_at.is_(None),
)


async def list_open(db: AsyncConnection, states: Sequence[BroadcastState], since: datetime) -> list[ListedRow]:
    """Public broadcasts in these states, the next one first; planned ones without a time, or whose time is long past, are left out."""
    is_due = broadcast.c.live_at.is_not(None) | (broadcast.c.starts_at >= since)
    found = _listed().where(*_LISTED, broadcast.c.state.in_(states), is_due)
    return [ListedRow(*row) for row in await db.execute(found.order_by(broadcast.c.starts_at, broadcast.c.live_at))]


async def list_kept(db: AsyncConnection, limit: int) -> list[ListedRow]:
    """Public recordings that can be watched, newest first."""
    kept = (broadcast.c.state == BroadcastState.ENDED, recording.c.state == RecordingState.READY)
    found = _listed().where(*_LISTED, *kept, recording.c.deleted_at.is_(None))
    ordered = found.order_by(broadcast.c.ended_at.desc(), broadcast.c.session_id).limit(limit)
    return [ListedRow(*row) for row in await db.execute(ordered)]


async def is_anything_listed(db: AsyncConnection) -> bool:
    """Whether the list would show anything that was or is on air."""
    shown = (BroadcastState.LIVE, BroadcastState.PAUSED, BroadcastState.ENDED)
    found = select(func.count()).select_from(broadcast).where(*_LISTED, broadcast.c.state.in_(shown))
    return bool((await db.execute(found)).scalar_one())


def _listed() -> Select[Any]:
    own = [getattr(broadcast.c, name) for name in ListedRow.__slots__[:8]]
    beside = (channel.c.name, topic.c.slug, topic.c.name_de, topic.c.name_en, topic.c.position)
    kept = (broadcast.c.recording_id, recording.c.duration_s, recording.c.size_bytes)
    return (
        select(*own, *beside, *kept)
        .join(channel, channel.c.id == broadcast.c.channel_id)
        .join(topic, topic.c.id == broadcast.c.topic_id)
        .outerjoin(recording, recording.c.id == broadcast.c.recording_id)
    )


async def list_answered(db: AsyncConnection, session_id: SessionId) -> list[QuestionRow]:
    """The questions that were answered in the recording, in the order of their answers."""
    answered = (question.c.state == QuestionState.ANSWERED, question.c.answer_s.is_not(None))
    found = chosen(QuestionRow, question).where(question.c.session_id == session_id, *answered)
    return all_rows(QuestionRow, await db.execute(found.order_by(question.c.answer_s, question.c.seq)))


async def is_removed(db: AsyncConnection, recording_id: RecordingId) -> bool:
    """Whether this was the recording of a broadcast that everybody could watch until somebody took it away."""
    gone = (broadcast.c.recording_id == recording_id, broadcast.c.removed_at.is_not(None))
    found = select(broadcast.c.session_id).where(*gone, broadcast.c.visibility != Openness.PRIVATE)
    return (await db.execute(found)).first() is not None
