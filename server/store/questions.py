"""Questions of an audience, and who wants them answered."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import MemberId, QuestionId, QuestionState, SessionId
from server.store.broadcast_rows import QuestionRow
from server.store.broadcast_tables import question, question_vote
from server.store.rows import all_rows, chosen, one_row
from server.store.writing import add_row, insert_or


async def add_question(db: AsyncConnection, row: QuestionRow) -> None:
    """A question."""
    await add_row(db, question, row)


async def find_question(db: AsyncConnection, session: SessionId, question_id: QuestionId) -> QuestionRow | None:
    """A question of this audience."""
    statement = chosen(QuestionRow, question).where(question.c.session_id == session, question.c.id == question_id)
    return one_row(QuestionRow, (await db.execute(statement)).first())


async def find_question_sent(db: AsyncConnection, session: SessionId, client_id: str) -> QuestionRow | None:
    """The question that was sent under this id."""
    statement = chosen(QuestionRow, question).where(question.c.session_id == session, question.c.client_id == client_id)
    return one_row(QuestionRow, (await db.execute(statement)).first())


async def set_question(db: AsyncConnection, question_id: QuestionId, **values: Any) -> None:
    """Changes a question."""
    await db.execute(update(question).where(question.c.id == question_id).values(**values))


async def list_questions(
    db: AsyncConnection, session: SessionId, after: int, states: Sequence[QuestionState], limit: int
) -> list[QuestionRow]:
    """Questions that changed after a number, those with most votes first."""
    statement = chosen(QuestionRow, question).where(
        question.c.session_id == session, question.c.seq > after, question.c.state.in_(states)
    )
    ordered = statement.order_by(question.c.votes.desc(), question.c.at, question.c.id).limit(limit)
    return all_rows(QuestionRow, await db.execute(ordered))


async def list_questions_of(
    db: AsyncConnection, session: SessionId, member: MemberId, states: Sequence[QuestionState]
) -> list[QuestionRow]:
    """A member's questions in these states, oldest first."""
    statement = chosen(QuestionRow, question).where(
        question.c.session_id == session, question.c.member_id == member, question.c.state.in_(states)
    )
    return all_rows(QuestionRow, await db.execute(statement.order_by(question.c.at, question.c.id)))


async def list_answered_in(db: AsyncConnection, sessions: Sequence[SessionId], limit: int) -> list[QuestionRow]:
    """The questions that were answered in these streams, in the order of their answers."""
    answered = (question.c.state == QuestionState.ANSWERED, question.c.answer_s.is_not(None))
    statement = chosen(QuestionRow, question).where(question.c.session_id.in_(sessions), *answered)
    return all_rows(QuestionRow, await db.execute(statement.order_by(question.c.answer_s, question.c.id).limit(limit)))


async def add_votes(db: AsyncConnection, votes: Sequence[tuple[QuestionId, MemberId]]) -> list[QuestionId]:
    """Members want these answered; the question of each vote that was not there before."""
    added = insert_or(db, question_vote).on_conflict_do_nothing().returning(question_vote.c.question_id)
    rows = [{"question_id": question_id, "member_id": member} for question_id, member in votes]
    return list((await db.execute(added, rows)).scalars())


async def remove_votes(db: AsyncConnection, votes: Sequence[tuple[QuestionId, MemberId]]) -> list[QuestionId]:
    """Members take that back; the question of each vote that was there."""
    mine = tuple_(question_vote.c.question_id, question_vote.c.member_id).in_(votes)
    removed = delete(question_vote).where(mine).returning(question_vote.c.question_id)
    return list((await db.execute(removed)).scalars())


async def count_votes(db: AsyncConnection, question_id: QuestionId, by: int, seq: int) -> int:
    """Adds to a question's votes; how many that makes."""
    counted = update(question).where(question.c.id == question_id).values(votes=question.c.votes + by, seq=seq)
    return int((await db.execute(counted.returning(question.c.votes))).scalar_one())


async def list_votes_of(db: AsyncConnection, session: SessionId, member: MemberId) -> list[QuestionId]:
    """The questions that a member voted for."""
    statement = (
        select(question_vote.c.question_id)
        .join(question, question.c.id == question_vote.c.question_id)
        .where(question.c.session_id == session, question_vote.c.member_id == member)
    )
    return list((await db.execute(statement)).scalars())
