"""Cases that come up before an audience: each is linked to the broadcast, and its timeline says when."""

from datetime import datetime, timedelta

from server.domain.principal import Person, Principal
from server.domain.rights import agent_only
from server.domain.words import (
    BroadcastState,
    CaseId,
    EntryKind,
    Language,
    PersonKind,
    QuestionId,
    SessionId,
)
from server.errors import Conflict, NotFound
from server.service.airing import announce_broadcast
from server.service.broadcast_moments import Moment, linked_line, moment_of
from server.service.broadcast_views import AnsweredQuestion, AnswerPlace, AnswerPlaces, BroadcastView
from server.service.broadcasts import read_broadcast
from server.service.facts import actor, announce_entries, write_line
from server.service.house import House
from server.service.reading import case_for
from server.service.topics import topic_name
from server.service.views import Actor, Entry
from server.store import broadcasts as store
from server.store.broadcast_rows import BroadcastCaseRow, BroadcastRow
from server.store.questions import find_question, list_answered_in
from server.store.topics import list_topics

PLACES, QUESTIONS = 20, 25
"""Broadcasts that an agent chooses from, and answered questions of each on average."""


async def link_answer(
    house: House, principal: Principal, session: SessionId, case: CaseId, at: datetime | None = None
) -> BroadcastView:
    """The case was answered in the broadcast; whoever reads the case finds the minute. Twice is once. Agents. Raises NotFound."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
        await case_for(db, principal, case)
    if row is None:
        raise NotFound
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    await link_case(house, row, case, by, await moment_of(house, row, at or house.now()))
    return await read_broadcast(house, principal, session)


async def link_case(
    house: House, row: BroadcastRow, case: CaseId, by: Actor, moment: Moment, *, text: str = "", about: str = ""
) -> Entry:
    """The case was answered in the broadcast; its entry, the same one again when that was said before."""
    line = linked_line(house, row, case, EntryKind.PUBLIC_ANSWER, by, moment, text, about)
    async with house.db.write() as db:
        await store.link_case(db, BroadcastCaseRow(row.session_id, case, moment.at, moment.at_s))
        entry, is_new = await write_line(db, line)
    if is_new:
        await announce_entries(house, [entry])
        await announce_broadcast(house, row.session_id)
    return entry


async def list_answers(house: House, principal: Principal, case: CaseId, language: Language) -> AnswerPlaces:
    """The broadcasts, with their answered questions, that may have answered the case. Agents. Raises NotFound."""
    agent_only(principal)
    async with house.db.read() as db:
        about = (await case_for(db, principal, case)).topic_id
        found = await store.list_aired(db, about, PLACES)
        answered = await list_answered_in(db, [row.session_id for row in found], PLACES * QUESTIONS)
        topics = {one.id: topic_name(one, language) for one in await list_topics(db)}
    asked: dict[SessionId, list[AnsweredQuestion]] = {row.session_id: [] for row in found}
    for one in answered:
        asked[one.session_id].append(AnsweredQuestion(one.id, one.text, one.answer_s or 0.0))
    return AnswerPlaces(
        [
            AnswerPlace(
                row.session_id,
                row.title,
                topics[row.topic_id],
                row.topic_id == about,
                row.state is not BroadcastState.ENDED,
                row.live_at or row.created_at,
                asked[row.session_id],
            )
            for row in found
        ]
    )


async def mark_answer(
    house: House,
    principal: Principal,
    case: CaseId,
    session: SessionId,
    question: QuestionId | None = None,
    second: float | None = None,
) -> Entry:
    """What was said before an audience answers this case: at an answered question, at a second of the stream, or now. Agents.

    Raises NotFound, Conflict (the question was not answered).
    """
    agent = agent_only(principal)
    async with house.db.read() as db:
        await case_for(db, principal, case)
        row = await store.find_broadcast(db, session)
        asked = await find_question(db, session, question) if question else None
    if row is None or (question is not None and asked is None):
        raise NotFound
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    if second is not None:
        return await link_case(house, row, case, by, Moment(house.now(), second), about=f"{second:.0f}")
    if asked is None:
        return await link_case(house, row, case, by, await moment_of(house, row, house.now()))
    if asked.answer_s is None or row.live_at is None:
        raise Conflict
    moment = Moment(row.live_at + timedelta(seconds=asked.answer_s), asked.answer_s)
    return await link_case(house, row, case, by, moment, text=asked.text, about=asked.id)
