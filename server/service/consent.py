"""Consent to being recorded, and to being seen by an audience, per person. Nothing of a person is written or shown unless the answer is GIVEN."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import COMPOSED
from server.domain.consent import ANEW, NO, RECORDED, Wanted, is_enough, may_answer, may_ask, shown_to
from server.domain.principal import Person, Principal
from server.domain.rights import agent_only
from server.domain.words import (
    CaseId,
    ConsentAnswer,
    EntryKind,
    Language,
    ParticipantId,
    PersonKind,
    Purpose,
    SessionId,
    SessionState,
)
from server.errors import BadField, Conflict, NotFound, SessionEnded
from server.service.airing import announce_broadcast, show_audience, tell_composer
from server.service.facts import NOBODY, Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.presence import person_of_row
from server.service.reading import consent_view
from server.service.secrecy import make_id
from server.service.sessions import my_seat, read_session
from server.service.taping import resume, tell_people
from server.service.views import Actor, ConsentQuestion, ConsentView, Entry, SessionView
from server.store import broadcasts as broadcast_store
from server.store import cases as case_store
from server.store import consents as store
from server.store import recordings as recording_store
from server.store import sessions as session_store
from server.store.rows import ConsentRow, ParticipantRow

LINES = {
    (Purpose.RECORDING, ConsentAnswer.ASKED): EntryKind.CONSENT_ASKED,
    (Purpose.RECORDING, ConsentAnswer.GIVEN): EntryKind.CONSENT_GIVEN,
    (Purpose.RECORDING, ConsentAnswer.REFUSED): EntryKind.CONSENT_REFUSED,
    (Purpose.RECORDING, ConsentAnswer.WITHDRAWN): EntryKind.CONSENT_WITHDRAWN,
    (Purpose.PUBLIC, ConsentAnswer.ASKED): EntryKind.PUBLIC_ASKED,
    (Purpose.PUBLIC, ConsentAnswer.GIVEN): EntryKind.PUBLIC_GIVEN,
    (Purpose.PUBLIC, ConsentAnswer.REFUSED): EntryKind.PUBLIC_REFUSED,
    (Purpose.PUBLIC, ConsentAnswer.WITHDRAWN): EntryKind.PUBLIC_WITHDRAWN,
}


async def ask_consent(house: House, principal: Principal, session: SessionId) -> SessionView:
    """Everybody on stage who has not agreed is asked, the agents too. Agents. Raises Conflict when the session does not run."""
    agent = agent_only(principal)
    await ask_stage(house, session, RECORDED, actor(Person(PersonKind.AGENT, agent.agent_id, agent.name)))
    return await read_session(house, principal, session)


async def ask_stage(house: House, session: SessionId, wanted: Wanted, by: Actor, *, again: bool = True) -> None:
    """Everybody on stage who has not agreed to what is `wanted` is asked; `again`: also who said no. Raises NotFound, SessionEnded, Conflict."""
    async with house.db.read() as db:
        row = await session_store.find_session(db, session)
        seated = [one for one in await session_store.list_participants(db, session) if one.seated_at]
        people = [one for one in seated if one.kind is not PersonKind.SOURCE]
    if row is None:
        raise NotFound
    if row.state is not SessionState.RUNNING:
        raise SessionEnded if row.state is SessionState.ENDED else Conflict
    await ask_people(house, session, people, by, wanted, again=again)


async def ask_newcomer(house: House, participant: ParticipantId) -> None:
    """Who comes into a session that is being recorded, or seen by an audience, is asked, and not written or shown before a yes.

    For a machine its maker has answered.
    """
    async with house.db.read() as db:
        row = await session_store.find_participant(db, participant)
        running = await recording_store.find_running(db, row.session_id) if row else None
        broadcast = await broadcast_store.find_broadcast(db, row.session_id) if row else None
    if row is None:
        return
    is_machine = row.kind is PersonKind.SOURCE
    if running is not None and is_machine:
        await tell_people(house, row.session_id)
    elif running is not None:
        await ask_people(house, row.session_id, [row], NOBODY, RECORDED)
    if broadcast is not None and broadcast.state in COMPOSED:
        if not is_machine:
            await ask_people(house, row.session_id, [row], NOBODY, shown_to(broadcast.visibility), again=False)
        await tell_composer(house, row.session_id)
    elif broadcast is not None:
        await show_audience(house, row.session_id)


async def ask_people(
    house: House, session: SessionId, people: list[ParticipantRow], by: Actor, wanted: Wanted, *, again: bool = True
) -> None:
    """Asks those of these people who may be asked; nobody twice while the question stands. `again`: also who said no."""
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, session)
        await session_store.lock_session(db, session)
        latest = await store.list_latest(db, session, wanted.purpose)
        asked = [one for one in people if _is_to_be_asked(latest.get(one.id), wanted, again=again)]
        entries = [
            entry for one in asked for entry in await write_question(db, house, one, by, wanted, latest.get(one.id))
        ]
    question = ConsentQuestion(session, wanted.purpose, wanted.version, dict(wanted.words))
    await announce_entries(house, entries)
    for one in asked:
        await house.announcer.consent_asked(person_of_row(one), question)


async def write_question(
    db: AsyncConnection, house: House, one: ParticipantRow, by: Actor, wanted: Wanted, last: ConsentRow | None = None
) -> list[Entry]:
    """Somebody of a session is asked, after the `last` question to the same purpose; what its cases say of it."""
    now, cases = house.now(), await session_store.list_cases_of(db, one.session_id)
    await store.add_consent(db, _question(one, cases[0], last, wanted, now))
    return await write_lines(db, [_asked_line(case, one, wanted, by, now) for case in cases])


def _is_to_be_asked(last: ConsentRow | None, wanted: Wanted, *, again: bool) -> bool:
    """An answer to narrower words is none to wider ones; who said no to the narrower is not asked for more unless `again`."""
    if last is None:
        return True
    if not again and last.answer in NO:
        return False
    return may_ask(last.answer) or not is_enough(last.wording_version, wanted)


def _asked_line(case: CaseId, one: ParticipantRow, wanted: Wanted, by: Actor, now: datetime) -> Line:
    data = {"participant": one.id, "name": one.name, "kind": str(one.kind)}
    return Line(case, LINES[wanted.purpose, ConsentAnswer.ASKED], now, by, one.session_id, data=data)


def _question(one: ParticipantRow, case: CaseId, last: ConsentRow | None, wanted: Wanted, now: datetime) -> ConsentRow:
    return ConsentRow(
        id=make_id(),
        session_id=one.session_id,
        case_id=case,
        participant_id=one.id,
        purpose=wanted.purpose,
        round=last.round + 1 if last else 1,
        answer=ConsentAnswer.ASKED,
        wording_version=wanted.version,
        wording_de=wanted.words[Language.DE],
        wording_en=wanted.words[Language.EN],
        language=None,
        asked_at=now,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says, to which words, read in which language."""

    answer: ConsentAnswer
    wording_version: str
    language: Language = Language.DE
    purpose: Purpose = Purpose.RECORDING


async def answer_consent(
    house: House,
    principal: Principal,
    session: SessionId,
    answer: ConsentAnswer,
    wording_version: str,
    language: Language = Language.DE,
) -> ConsentView:
    """The person's answer about being recorded is kept with the exact words. WITHDRAWN has stopped the writing when this returns.

    Raises NotFound, Conflict (was not asked, or cannot follow the last answer), BadField (another wording).
    """
    said = Said(answer, wording_version, language)
    async with _answered(house, principal, session, said) as view:
        await tell_people(house, session)
        if answer is ConsentAnswer.GIVEN:
            await resume(house, session)
    return view


async def answer_public(house: House, principal: Principal, session: SessionId, said: Said) -> ConsentView:
    """The same about being seen by the audience. After WITHDRAWN the composer, if it answers, shows nothing of the person when this returns; one that
    does not answer is told by whoever keeps it."""
    async with _answered(house, principal, session, replace(said, purpose=Purpose.PUBLIC)) as view:
        await tell_composer(house, session)
        await announce_broadcast(house, session)
    return view


@contextlib.asynccontextmanager
async def _answered(house: House, principal: Principal, session: SessionId, said: Said) -> AsyncIterator[ConsentView]:
    """The answer is written; the block makes it true. Whether that worked or not, it is said."""
    if said.answer is ConsentAnswer.ASKED:
        raise BadField(field="answer")
    seat = await my_seat(house, principal, session)
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, session)
        await session_store.lock_session(db, session)
        last = (await store.list_latest(db, session, said.purpose)).get(seat.id)
        entries = await _keep(db, seat, last, said, house.now())
        kept = (await store.list_latest(db, session, said.purpose)).get(seat.id)
    view = consent_view(kept, said.language)
    if view is None:
        raise NotFound
    try:
        yield view
    finally:
        await announce_entries(house, entries)


async def _keep(
    db: AsyncConnection, seat: ParticipantRow, last: ConsentRow | None, said: Said, now: datetime
) -> list[Entry]:
    """Writes the answer; the same answer again is no news."""
    if last is not None and last.answer is said.answer:
        return []
    if last is None or not may_answer(last.answer, said.answer):
        raise Conflict
    if last.wording_version != said.wording_version:
        raise BadField(field="wording_version")
    if (last.answer, said.answer) in ANEW:
        wanted = Wanted(last.purpose, last.wording_version)
        question = _question(seat, last.case_id, last, wanted, now)
        fresh = replace(question, answer=said.answer, language=said.language, answered_at=now)
        await store.add_consent(db, fresh)
    else:
        time = "withdrawn_at" if said.answer is ConsentAnswer.WITHDRAWN else "answered_at"
        await store.step_consent(db, last, answer=said.answer, language=said.language, **{time: now})
    by = actor(person_of_row(seat))
    data = {"participant": seat.id, "name": seat.name, "wording_version": said.wording_version}
    cases = await session_store.list_cases_of(db, seat.session_id)
    kind = LINES[said.purpose, said.answer]
    return await write_lines(db, [Line(case, kind, now, by, seat.session_id, data=data) for case in cases])
