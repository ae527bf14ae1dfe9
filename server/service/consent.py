"""Consent to being recorded, per person. Nothing of a person is written unless the answer is GIVEN."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.consent import ANEW, PURPOSE, WORDING, WORDING_VERSION, may_answer, may_ask, wording
from server.domain.principal import Person, Principal
from server.domain.rights import agent_only
from server.domain.words import (
    CaseId,
    ConsentAnswer,
    EntryKind,
    Language,
    ParticipantId,
    PersonKind,
    SessionId,
    SessionState,
)
from server.errors import BadField, Conflict, NotFound, SessionEnded
from server.service.facts import NOBODY, Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.presence import person_of_row
from server.service.reading import consent_view
from server.service.secrecy import make_id
from server.service.sessions import my_seat, read_session
from server.service.taping import resume, tell_people
from server.service.views import Actor, ConsentQuestion, ConsentView, Entry, SessionView
from server.store import cases as case_store
from server.store import consents as store
from server.store import recordings as recording_store
from server.store import sessions as session_store
from server.store.rows import ConsentRow, ParticipantRow

LINES = {
    ConsentAnswer.GIVEN: EntryKind.CONSENT_GIVEN,
    ConsentAnswer.REFUSED: EntryKind.CONSENT_REFUSED,
    ConsentAnswer.WITHDRAWN: EntryKind.CONSENT_WITHDRAWN,
}


async def ask_consent(house: House, principal: Principal, session: SessionId) -> SessionView:
    """Everybody on stage who has not agreed is asked, the agents too. Agents. Raises Conflict when the session does not run."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await session_store.find_session(db, session)
        seated = [one for one in await session_store.list_participants(db, session) if one.seated_at]
        people = [one for one in seated if one.kind is not PersonKind.SOURCE]
    if row is None:
        raise NotFound
    if row.state is not SessionState.RUNNING:
        raise SessionEnded if row.state is SessionState.ENDED else Conflict
    await ask_people(house, session, people, actor(Person(PersonKind.AGENT, agent.agent_id, agent.name)))
    return await read_session(house, principal, session)


async def ask_newcomer(house: House, participant: ParticipantId) -> None:
    """Who comes into a session that is being recorded is asked, and not written before a yes. For a machine its maker has answered."""
    async with house.db.read() as db:
        row = await session_store.find_participant(db, participant)
        running = await recording_store.find_running(db, row.session_id) if row else None
    if row is None or running is None:
        return
    if row.kind is PersonKind.SOURCE:
        await tell_people(house, row.session_id)
    else:
        await ask_people(house, row.session_id, [row], NOBODY)


async def ask_people(house: House, session: SessionId, people: list[ParticipantRow], by: Actor) -> None:
    """Asks those of these people who may be asked; nobody twice while the question stands."""
    now = house.now()
    entries: list[Entry] = []
    asked: list[ParticipantRow] = []
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, session)
        await session_store.lock_session(db, session)
        latest = await store.list_latest(db, session)
        cases = await session_store.list_cases_of(db, session)
        for one in people:
            last = latest.get(one.id)
            if may_ask(last.answer if last else None):
                await store.add_consent(db, _question(one, cases[0], last, now))
                lines = [_asked_line(case, one, by, now) for case in cases]
                entries += await write_lines(db, lines)
                asked.append(one)
    question = ConsentQuestion(session, WORDING_VERSION, dict(WORDING[WORDING_VERSION]))
    await announce_entries(house, entries)
    for one in asked:
        await house.announcer.consent_asked(person_of_row(one), question)


def _asked_line(case: CaseId, one: ParticipantRow, by: Actor, now: datetime) -> Line:
    data = {"participant": one.id, "name": one.name, "kind": str(one.kind)}
    return Line(case, EntryKind.CONSENT_ASKED, now, by, one.session_id, data=data)


def _question(one: ParticipantRow, case: CaseId, last: ConsentRow | None, now: datetime) -> ConsentRow:
    return ConsentRow(
        id=make_id(),
        session_id=one.session_id,
        case_id=case,
        participant_id=one.id,
        purpose=PURPOSE,
        round=last.round + 1 if last else 1,
        answer=ConsentAnswer.ASKED,
        wording_version=WORDING_VERSION,
        wording_de=wording(Language.DE),
        wording_en=wording(Language.EN),
        language=None,
        asked_at=now,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a person says, to which words, read in which language."""

    answer: ConsentAnswer
    wording_version: str
    language: Language
    at: datetime


async def answer_consent(
    house: House,
    principal: Principal,
    session: SessionId,
    answer: ConsentAnswer,
    wording_version: str,
    language: Language = Language.DE,
) -> ConsentView:
    """The person's answer is kept with the exact words. WITHDRAWN has stopped the writing when this returns.

    Raises NotFound, Conflict (was not asked, or cannot follow the last answer), BadField (another wording).
    """
    if answer is ConsentAnswer.ASKED:
        raise BadField(field="answer")
    seat = await my_seat(house, principal, session)
    said = _Answer(answer, wording_version, language, house.now())
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, session)
        await session_store.lock_session(db, session)
        last = (await store.list_latest(db, session)).get(seat.id)
        entries = await _keep(db, seat, last, said)
        kept = (await store.list_latest(db, session)).get(seat.id)
    try:
        await tell_people(house, session)
        if answer is ConsentAnswer.GIVEN:
            await resume(house, session)
    finally:
        await announce_entries(house, entries)  # It is said, whether the worker heard it or not.
    view = consent_view(kept, language)
    if view is None:
        raise NotFound
    return view


async def _keep(db: AsyncConnection, seat: ParticipantRow, last: ConsentRow | None, said: _Answer) -> list[Entry]:
    """Writes the answer; the same answer again is no news."""
    if last is not None and last.answer is said.answer:
        return []
    if last is None or not may_answer(last.answer, said.answer):
        raise Conflict
    if last.wording_version != said.wording_version:
        raise BadField(field="wording_version")
    if (last.answer, said.answer) in ANEW:
        question = _question(seat, last.case_id, last, said.at)
        fresh = dataclasses.replace(question, answer=said.answer, language=said.language, answered_at=said.at)
        await store.add_consent(db, fresh)
    else:
        time = "withdrawn_at" if said.answer is ConsentAnswer.WITHDRAWN else "answered_at"
        await store.step_consent(db, last, answer=said.answer, language=said.language, **{time: said.at})
    by = actor(person_of_row(seat))
    data = {"participant": seat.id, "name": seat.name, "wording_version": said.wording_version}
    cases = await session_store.list_cases_of(db, seat.session_id)
    return await write_lines(
        db, [Line(case, LINES[said.answer], said.at, by, seat.session_id, data=data) for case in cases]
    )
