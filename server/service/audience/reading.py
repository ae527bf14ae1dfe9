"""What an audience has so far, and what changed after a number."""

import dataclasses

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Agent, Principal, Visitor
from server.domain.words import ChatLineState, MemberId, MemberRole, QuestionState, SessionId
from server.service.audience.views import (
    AudienceEvents,
    AudienceRules,
    AudienceView,
    ChatLine,
    HandPlace,
    HandsView,
    HandView,
    MeTooView,
    QuestionView,
    line_view,
    member_view,
    poll_view,
    question_view,
)
from server.service.audience.voices import find_own, moderator, visible_broadcast
from server.service.house import House
from server.store import audience as store
from server.store import broadcasts as broadcast_store
from server.store import polls as poll_store
from server.store import questions as question_store
from server.store.broadcast_rows import BroadcastRow, HandRow, MemberRow

LINES_AT_ONCE = 200
QUESTIONS_AT_ONCE = 500
POLLS_AT_ONCE = 20


def line_for_all(line: ChatLine) -> ChatLine | None:
    """A line as everybody may see it: held ones not at all, of removed ones only that they are gone."""
    if line.state is ChatLineState.HELD:
        return None
    return line if line.state is ChatLineState.SHOWN else dataclasses.replace(line, text="", name="")


def question_for_all(question: QuestionView) -> QuestionView | None:
    """A question as everybody may see it: not before it is approved; of rejected ones only that they are gone."""
    if question.state is QuestionState.ASKED:
        return None
    return question if question.state is not QuestionState.REJECTED else dataclasses.replace(question, text="", name="")


async def read_events(house: House, principal: Principal, session: SessionId, after: int) -> AudienceEvents:
    """What changed after a number, as the caller may see it. Raises NotFound."""
    async with house.db.read() as db:
        broadcast = await visible_broadcast(db, principal, session)
        moderates = isinstance(principal, Agent) or _moderates(await find_own(db, principal, session))
    return await events_after(house, session, after, moderates=moderates, seq=broadcast.seq)


async def events_after(
    house: House, session: SessionId, after: int, *, moderates: bool, seq: int | None = None
) -> AudienceEvents:
    """What changed after a number, up to that of the answer: for moderators, or as everybody may see it.

    What a transaction of meanwhile numbered higher is left out: it would be told again with its own number. `seq`: a number that was read before.
    """
    async with house.db.read() as db:
        if seq is None:
            row = await broadcast_store.find_broadcast(db, session)
            seq = row.seq if row else 0
        states = list(ChatLineState) if moderates else [ChatLineState.SHOWN, ChatLineState.REMOVED]
        asked = list(QuestionState) if moderates else [one for one in QuestionState if one is not QuestionState.ASKED]
        lines = await store.list_lines(db, session, after, states, LINES_AT_ONCE + 1)
        questions = await question_store.list_questions(db, session, after, asked, QUESTIONS_AT_ONCE)
        polls = [one for one in await poll_store.list_polls(db, session, after, POLLS_AT_ONCE) if one.seq <= seq]
        choices = await poll_store.list_choices(db, [one.id for one in polls])
    shown = [line_view(row) for row in lines[-LINES_AT_ONCE:] if row.seq <= seq]
    told = [question_view(row) for row in questions if row.seq <= seq]
    return AudienceEvents(
        seq=max(seq, after),
        cut=len(lines) > LINES_AT_ONCE,
        lines=shown if moderates else [line for one in shown if (line := line_for_all(one))],
        questions=told if moderates else [question for one in told if (question := question_for_all(one))],
        polls=[poll_view(one, choices[one.id]) for one in polls],
    )


async def read_audience(house: House, principal: Principal, session: SessionId) -> AudienceView:
    """Taking part, as the caller finds it. Raises NotFound."""
    async with house.db.read() as db:
        broadcast = await visible_broadcast(db, principal, session)
        me = await find_own(db, principal, session)
        moderates = isinstance(principal, Agent) or _moderates(me)
        return AudienceView(
            seq=broadcast.seq,
            rules=rules_of(broadcast),
            me=member_view(me) if me else None,
            moderates=moderates,
            votes=await question_store.list_votes_of(db, session, me.id) if me else [],
            poll_votes=await poll_store.list_poll_votes_of(db, session, me.id) if me else {},
            hand=await _hand_place(db, session, me),
            me_too=await me_too_view(db, principal, broadcast),
            waiting=await _waiting(db, session, me) if me else [],
            words=list(broadcast.words) if moderates else None,
        )


def rules_of(broadcast: BroadcastRow) -> AudienceRules:
    """What holds for taking part now."""
    return AudienceRules(broadcast.state, broadcast.slow_mode_s, broadcast.holds)


def _moderates(member: MemberRow | None) -> bool:
    return member is not None and member.role is MemberRole.MODERATOR and member.banned_at is None


async def _hand_place(db: AsyncConnection, session: SessionId, me: MemberRow | None) -> HandPlace:
    if me is None:
        return HandPlace(None, False)
    return hand_place(hand_views(await poll_store.list_hands(db, session)), me.id)


def hand_views(rows: list[tuple[HandRow, str]]) -> list[HandView]:
    """Raised hands with names."""
    return [HandView(row.member_id, name, row.raised_at, row.called_at) for row, name in rows]


def hand_place(hands: list[HandView], member: MemberId) -> HandPlace:
    """Where somebody's hand stands among those that were not called yet."""
    waiting = [one.member for one in hands if one.called_at is None]
    called = any(one.member == member and one.called_at is not None for one in hands)
    return HandPlace(waiting.index(member) + 1 if member in waiting else None, called)


async def _waiting(db: AsyncConnection, session: SessionId, me: MemberRow) -> list[str]:
    """The texts of one's own lines and questions that moderators still have to look at, in their order."""
    lines = await store.list_lines_of(db, session, me.id, [ChatLineState.HELD])
    questions = await question_store.list_questions_of(db, session, me.id, [QuestionState.ASKED])
    texts = [(one.at, one.text) for one in lines] + [(one.at, one.text) for one in questions]
    return [text for _, text in sorted(texts)]


async def me_too_view(db: AsyncConnection, principal: Principal, broadcast: BroadcastRow) -> MeTooView:
    """How many have the same problem, and whether the caller is one of them."""
    mine = isinstance(principal, Visitor) and await poll_store.said_me_too(db, broadcast.topic_id, principal.visitor_id)
    return MeTooView(await poll_store.count_me_too(db, broadcast.topic_id), mine)


async def list_hands(house: House, principal: Principal, session: SessionId) -> HandsView:
    """Raised hands in their order. Moderators."""
    async with house.db.read() as db:
        broadcast = await visible_broadcast(db, principal, session)
        await moderator(db, principal, broadcast)
        rows = await poll_store.list_hands(db, session)
    return HandsView(hand_views(rows))
