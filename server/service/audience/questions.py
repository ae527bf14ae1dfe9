"""Questions of the audience: asked, voted for, approved, pinned on the picture, answered."""

import dataclasses
from typing import Any

from server.domain.cleaning import clean_client_id, clean_line
from server.domain.principal import Principal
from server.domain.taking_part import (
    QUESTION_LIMIT,
    chapter_s,
    is_held_by_words,
    is_public_question,
    may_ask,
    may_move_question,
    may_vote,
)
from server.domain.words import QuestionId, QuestionState, SessionId
from server.errors import AudienceClosed, Conflict, Forbidden, NotFound
from server.service.airing import tell_composer
from server.service.audience.ledger import Page
from server.service.audience.views import QuestionView, question_view
from server.service.audience.voices import Voice, moderator, speaker, voice_on
from server.service.house import House
from server.service.secrecy import make_id
from server.store import questions as store
from server.store.broadcast_rows import QuestionRow

ANSWERS = {QuestionState.PINNED, QuestionState.ANSWERED}


async def ask_question(
    house: House, principal: Principal, session: SessionId, text: str, client_id: str
) -> QuestionView:
    """A question, kept before it is answered; the same one when it is sent again under its id. ASKED while moderators have to look at it first.

    Raises NotFound, NotAMember, Banned, Muted, AudienceClosed, Forbidden (agents answer), BadField, Conflict, Busy.
    """
    said = clean_line(text, "text", QUESTION_LIMIT)
    key = clean_client_id(client_id)

    async def work(page: Page) -> QuestionView:
        voice = await speaker(page, principal)
        if voice.member_id is None:
            raise Forbidden
        same = await store.find_question_sent(page.db, session, key)
        if same is not None:
            return _again(same, voice, said)
        if not may_ask(page.broadcast.state):
            raise AudienceClosed
        row = QuestionRow(
            id=QuestionId(make_id()),
            session_id=session,
            seq=page.next_seq(),
            member_id=voice.member_id,
            name=voice.name,
            text=said,
            state=_first_state(page, voice, said),
            at=page.now,
            client_id=key,
        )
        await store.add_question(page.db, row)
        page.questions.append(question_view(row))
        return page.questions[-1]

    return await house.ledger.write(house, principal, session, work)


def _again(same: QuestionRow, voice: Voice, said: str) -> QuestionView:
    if same.member_id != voice.member_id or same.text != said:
        raise Conflict
    return question_view(same)


def _first_state(page: Page, voice: Voice, said: str) -> QuestionState:
    if voice.moderates:
        return QuestionState.APPROVED
    is_held = page.broadcast.holds or is_held_by_words(f"{said}\n{voice.name}", page.broadcast.words)
    return QuestionState.ASKED if is_held else QuestionState.APPROVED


async def vote_question(
    house: House, principal: Principal, session: SessionId, question: QuestionId, *, wanted: bool
) -> None:
    """A member wants a question answered, or no longer. Said twice is once done. Raises NotFound, NotAMember, Banned, Conflict, Forbidden."""

    async def work(page: Page) -> None:
        voice = await voice_on(page, principal)
        if voice.member_id is None:
            raise Forbidden
        row = await page.find_question(question)
        if row is None or not is_public_question(row.state):
            raise NotFound
        if not may_vote(row.state) or not may_ask(page.broadcast.state):
            raise Conflict
        page.gathered.vote(question, voice.member_id, wanted=wanted)

    await house.ledger.write(house, principal, session, work)


async def moderate_question(
    house: House, principal: Principal, session: SessionId, question: QuestionId, state: QuestionState
) -> QuestionView:
    """A question is approved, pinned, answered or rejected, or that is taken back. Moderators. One is pinned at a time.

    Its chapter begins where it was pinned, or else where it was marked as answered. Raises NotFound, Forbidden, Conflict.
    """

    async def work(page: Page) -> QuestionView:
        await moderator(page.db, principal, page.broadcast)
        row = await store.find_question(page.db, session, question)
        if row is None:
            raise NotFound
        if row.state is state:
            return question_view(row)
        if not may_move_question(row.state, state):
            raise Conflict
        if state is QuestionState.PINNED:
            await page.pin({"text": row.text, "name": row.name})
            for other in await store.list_questions(page.db, session, -1, [QuestionState.PINNED], 10):
                await _move(page, other, QuestionState.APPROVED)
        elif row.state is QuestionState.PINNED:
            await page.pin(None)
        return await _move(page, row, state)

    moved = await house.ledger.write(house, principal, session, work)
    await tell_composer(house, session)
    return moved


async def _move(page: Page, row: QuestionRow, state: QuestionState) -> QuestionView:
    at_s = chapter_s(page.broadcast.live_at, page.now)
    keeps = row.state in ANSWERS and row.answer_s is not None  # Pinned before: the answer began there.
    values: dict[str, Any] = {
        "state": state,
        "seq": page.next_seq(),
        "answer_s": (row.answer_s if keeps else at_s) if state in ANSWERS else None,
        "answered_at": page.now if state is QuestionState.ANSWERED else None,
    }
    await store.set_question(page.db, row.id, **values)
    page.questions_known.pop(row.id, None)
    moved = dataclasses.replace(row, **values)
    await page.gathered.write(page.db)
    voted = page.gathered.voted.pop(row.id, 0)  # Votes of this transaction are in what is said of the question.
    if voted:
        votes = await store.count_votes(page.db, row.id, voted, moved.seq)
        moved = dataclasses.replace(moved, votes=votes)
    page.questions.append(question_view(moved))
    return page.questions[-1]
