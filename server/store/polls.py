"""Polls, raised hands, and "me too"."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import MemberId, PollId, SessionId, TopicId, VisitorId
from server.store.broadcast_rows import HandRow, MeTooRow, PollChoiceRow, PollRow
from server.store.broadcast_tables import hand, me_too, member, poll, poll_choice, poll_vote
from server.store.rows import all_rows, chosen, one_row
from server.store.writing import add_once, add_row, changed


async def add_poll(db: AsyncConnection, row: PollRow, choices: Sequence[str]) -> list[PollChoiceRow]:
    """A poll with its choices."""
    await add_row(db, poll, row)
    rows = [PollChoiceRow(row.id, position, text) for position, text in enumerate(choices)]
    for one in rows:
        await add_row(db, poll_choice, one)
    return rows


async def find_poll(db: AsyncConnection, session: SessionId, poll_id: PollId) -> PollRow | None:
    """A poll of this audience."""
    statement = chosen(PollRow, poll).where(poll.c.session_id == session, poll.c.id == poll_id)
    return one_row(PollRow, (await db.execute(statement)).first())


async def find_poll_sent(db: AsyncConnection, session: SessionId, client_id: str) -> PollRow | None:
    """The poll that was sent under this id."""
    statement = chosen(PollRow, poll).where(poll.c.session_id == session, poll.c.client_id == client_id)
    return one_row(PollRow, (await db.execute(statement)).first())


async def set_poll(db: AsyncConnection, poll_id: PollId, **values: Any) -> None:
    """Changes a poll."""
    await db.execute(update(poll).where(poll.c.id == poll_id).values(**values))


async def list_polls(db: AsyncConnection, session: SessionId, after: int, limit: int) -> list[PollRow]:
    """The newest of the polls that changed after a number, the newest first."""
    statement = chosen(PollRow, poll).where(poll.c.session_id == session, poll.c.seq > after)
    return all_rows(PollRow, await db.execute(statement.order_by(poll.c.at.desc(), poll.c.id).limit(limit)))


async def list_choices(db: AsyncConnection, polls: Sequence[PollId]) -> dict[PollId, list[PollChoiceRow]]:
    """The choices of each poll, in order."""
    statement = chosen(PollChoiceRow, poll_choice).where(poll_choice.c.poll_id.in_(polls))
    found: dict[PollId, list[PollChoiceRow]] = {one: [] for one in polls}
    for row in all_rows(PollChoiceRow, await db.execute(statement.order_by(poll_choice.c.position))):
        found[row.poll_id].append(row)
    return found


async def vote_in_poll(db: AsyncConnection, poll_id: PollId, member_id: MemberId, position: int) -> None:
    """A member's vote; it replaces the one before."""
    mine = (poll_vote.c.poll_id == poll_id, poll_vote.c.member_id == member_id)
    if not await changed(db, update(poll_vote).where(*mine).values(position=position)):
        await add_once(db, poll_vote, {"poll_id": poll_id, "member_id": member_id, "position": position})


async def count_votes(db: AsyncConnection, poll_id: PollId, seq: int) -> list[int]:
    """Counts a poll's votes anew, in the order of its choices."""
    mine = select(func.count()).where(
        poll_vote.c.poll_id == poll_choice.c.poll_id, poll_vote.c.position == poll_choice.c.position
    )
    await db.execute(update(poll_choice).where(poll_choice.c.poll_id == poll_id).values(votes=mine.scalar_subquery()))
    await set_poll(db, poll_id, seq=seq)
    return [row.votes for row in (await list_choices(db, [poll_id]))[poll_id]]


async def list_poll_votes_of(db: AsyncConnection, session: SessionId, member_id: MemberId) -> dict[PollId, int]:
    """What a member chose in each poll."""
    statement = (
        select(poll_vote.c.poll_id, poll_vote.c.position)
        .join(poll, poll.c.id == poll_vote.c.poll_id)
        .where(poll.c.session_id == session, poll_vote.c.member_id == member_id)
    )
    return {row.poll_id: row.position for row in await db.execute(statement)}


async def raise_hand(db: AsyncConnection, row: HandRow) -> bool:
    """A hand goes up; False when it was up."""
    values = {"session_id": row.session_id, "member_id": row.member_id, "raised_at": row.raised_at}
    return await add_once(db, hand, {**values, "called_at": None})


async def lower_hand(db: AsyncConnection, session: SessionId, member_id: MemberId) -> bool:
    """A hand goes down; False when it was down."""
    mine = (hand.c.session_id == session, hand.c.member_id == member_id)
    return (await db.execute(delete(hand).where(*mine))).rowcount > 0


async def call_hand(db: AsyncConnection, session: SessionId, member_id: MemberId, at: datetime | None) -> bool:
    """Somebody is called, or no longer; False when the hand is not up."""
    mine = (hand.c.session_id == session, hand.c.member_id == member_id)
    return await changed(db, update(hand).where(*mine).values(called_at=at))


async def is_up(db: AsyncConnection, session: SessionId, member_id: MemberId) -> bool:
    """Whether a member's hand is raised, called or not."""
    mine = (hand.c.session_id == session, hand.c.member_id == member_id)
    return (await db.execute(select(hand.c.member_id).where(*mine))).first() is not None


async def list_hands(db: AsyncConnection, session: SessionId) -> list[tuple[HandRow, str]]:
    """Raised hands in their order, with the members' names; at most 500."""
    statement = (
        chosen(HandRow, hand)
        .add_columns(member.c.name)
        .join(member, member.c.id == hand.c.member_id)
        .where(hand.c.session_id == session)
        .order_by(hand.c.raised_at, hand.c.member_id)
        .limit(500)
    )
    return [
        (HandRow(row.session_id, row.member_id, row.raised_at, row.called_at), row.name)
        for row in await db.execute(statement)
    ]


async def add_me_too(db: AsyncConnection, row: MeTooRow) -> bool:
    """A visitor has this problem as well; False when they said so before."""
    values = {"topic_id": row.topic_id, "visitor_id": row.visitor_id, "session_id": row.session_id}
    return await add_once(db, me_too, {**values, "member_id": row.member_id, "at": row.at})


async def remove_me_too(db: AsyncConnection, topic: TopicId, visitor: VisitorId) -> bool:
    """A visitor takes that back."""
    mine = (me_too.c.topic_id == topic, me_too.c.visitor_id == visitor)
    return (await db.execute(delete(me_too).where(*mine))).rowcount > 0


async def count_me_too(db: AsyncConnection, topic: TopicId) -> int:
    """How many have a problem of this topic as well."""
    return int((await db.execute(select(func.count()).where(me_too.c.topic_id == topic))).scalar_one())


async def said_me_too(db: AsyncConnection, topic: TopicId, visitor: VisitorId) -> bool:
    """Whether this visitor said so."""
    mine = (me_too.c.topic_id == topic, me_too.c.visitor_id == visitor)
    return (await db.execute(select(me_too.c.topic_id).where(*mine))).first() is not None
