"""How many watched, in steps of five minutes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, ScalarSelect, Select, Subquery, Table, cast, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from server.domain.reach import Span, Step
from server.domain.words import ChannelId, ChatLineState, SessionId
from server.store.broadcast_rows import ViewerStepRow
from server.store.broadcast_tables import line, member, poll, poll_vote, question, viewer_step
from server.store.writing import insert_or

_step = viewer_step.c
_GROWS = ("watch_s", "air_s", "peak", "counts")
_SUM = "sum"
"""In place of a process: no process counts any more."""


async def keep_steps(db: AsyncConnection, rows: Sequence[ViewerStepRow]) -> None:
    """Writes what a process counted so far; what it said of the same step before is replaced."""
    if not rows:
        return
    adding = insert_or(db, viewer_step)
    grown = {name: adding.excluded[name] for name in _GROWS}
    key = [_step.session_id, _step.at, _step.process]
    await db.execute(adding.on_conflict_do_update(index_elements=key, set_=grown), [asdict(row) for row in rows])


async def sum_up_steps(db: AsyncConnection, before: datetime) -> int:
    """Of each broadcast that was over then one row stays: when it began, all that was watched, time on air, most viewers. How many changed."""
    is_over = func.max(_step.at) < before
    over = select(_step.session_id).group_by(_step.session_id).having(is_over, func.count() > 1)
    sessions = [row.session_id for row in await db.execute(over)]
    for session in sessions:
        steps = await list_steps(db, session)
        first = (await db.execute(select(viewer_step).where(_step.session_id == session).order_by(_step.at))).first()
        if first is None:
            continue
        watch_s, air_s = sum(one.watch_s for one in steps), sum(one.air_s for one in steps)
        peak = max(one.peak for one in steps)
        await db.execute(delete(viewer_step).where(_step.session_id == session))
        row = ViewerStepRow(session, steps[0].at, _SUM, first.channel_id, first.counts, watch_s, air_s, peak)
        await keep_steps(db, [row])
    return len(sessions)


async def list_steps(db: AsyncConnection, session_id: SessionId) -> list[Step]:
    """All steps of a broadcast, in order (`domain.reach.of_processes`)."""
    steps = _of_processes(_step.session_id == session_id)
    return [Step(*row) for row in await db.execute(_steps_of(steps).order_by(steps.c.at))]


async def list_channel_steps(db: AsyncConnection, channel_id: ChannelId, since: datetime) -> list[Step]:
    """The steps of a channel from a moment on, in order; private broadcasts left out (`domain.reach.of_broadcasts`)."""
    steps = _of_broadcasts(channel_id, since)
    return [Step(*row) for row in await db.execute(_steps_of(steps).order_by(steps.c.at))]


async def list_channel_days(db: AsyncConnection, channel_id: ChannelId, since: datetime) -> list[Span]:
    """The same by days, which is what half a year is shown from (`domain.reach.by_days`)."""
    steps = _of_broadcasts(channel_id, since)
    day: ColumnElement[date] = cast(func.timezone("UTC", steps.c.at), Date)
    if db.dialect.name == "sqlite":
        day = func.date(steps.c.at, type_=Date)
    spans = select(day, func.sum(steps.c.watch_s), func.sum(steps.c.air_s), func.max(steps.c.peak)).group_by(day)
    return [Span(*row) for row in await db.execute(spans.order_by(day))]


async def first_step(db: AsyncConnection, channel_id: ChannelId) -> datetime | None:
    """When the channel was on air for the first time."""
    found = select(func.min(_step.at)).where(_step.channel_id == channel_id, _step.counts)
    first: datetime | None = (await db.execute(found)).scalar()
    return None if first is None else first.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TakingPart:
    """How many took part in a broadcast, and how much."""

    members: int
    lines: int
    lines_lately: int
    questions: int
    votes: int


async def count_taking_part(db: AsyncConnection, session_id: SessionId, lately: datetime) -> TakingPart:
    """Members, chat lines (those since `lately`, too), questions, and votes for questions and in polls."""
    lines = (line.c.session_id == session_id, line.c.state == ChatLineState.SHOWN)
    polls = select(poll.c.id).where(poll.c.session_id == session_id)
    counted = select(
        _count(member, member.c.session_id == session_id),
        _count(line, *lines),
        _count(line, *lines, line.c.at > lately),
        _count(question, question.c.session_id == session_id),
        select(func.coalesce(func.sum(question.c.votes), 0))
        .where(question.c.session_id == session_id)
        .scalar_subquery()
        + _count(poll_vote, poll_vote.c.poll_id.in_(polls)),
    )
    return TakingPart(*(await db.execute(counted)).one())


def _count(table: Table, *which: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(*which).scalar_subquery()


def _steps_of(steps: Subquery) -> Select[Any]:
    return select(steps.c.at, steps.c.watch_s, steps.c.air_s, steps.c.peak)


def _of_processes(*which: ColumnElement[bool]) -> Subquery:
    """Rows of the same broadcast and step become one."""
    watched, on_air, peak = func.sum(_step.watch_s), func.max(_step.air_s), func.max(_step.peak)
    named = (watched.label("watch_s"), on_air.label("air_s"), peak.label("peak"))
    return select(_step.session_id, _step.at, *named).where(*which).group_by(_step.session_id, _step.at).subquery()


def _of_broadcasts(channel_id: ChannelId, since: datetime) -> Subquery:
    """Broadcasts of a channel in the same step become one."""
    one = _of_processes(_step.channel_id == channel_id, _step.counts, _step.at >= since).c
    watched, on_air, peak = func.sum(one.watch_s), func.max(one.air_s), func.sum(one.peak)
    named = (watched.label("watch_s"), on_air.label("air_s"), peak.label("peak"))
    return select(one.at, *named).group_by(one.at).subquery()
