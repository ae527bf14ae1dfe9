"""A case as one person may see it."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import UNENDED
from server.domain.consent import shown_to
from server.domain.principal import Agent, Grant, Principal
from server.domain.rights import grant_for, may_read_case, person_in
from server.domain.words import (
    CaseId,
    CaseState,
    ConsentAnswer,
    Language,
    ParticipantId,
    PersonKind,
    RecordingState,
    SessionId,
    SessionState,
)
from server.errors import Forbidden, NotFound
from server.service.house import House
from server.service.pace import place_view, read_pace
from server.service.roster import Kept, read_kept, session_view
from server.service.topics import topic_name
from server.service.views import AgentName, CaseView, ConsentView, OnAir, PastSession, QueueView, RecordingRow
from server.store import agents as agent_store
from server.store import broadcasts as broadcast_store
from server.store import cases as store
from server.store import consents as consent_store
from server.store import recordings as recording_store
from server.store import rows
from server.store import sessions as session_store
from server.store import topics as topic_store


async def case_for(db: AsyncConnection, principal: Principal, case: CaseId) -> rows.CaseRow:
    """The case, if this person may read it. Raises NotFound, the same for missing and not theirs."""
    row = await store.find_case(db, case) if may_read_case(principal, case) else None
    if row is None:
        raise NotFound
    return row


async def case_for_customer(db: AsyncConnection, principal: Principal, case: CaseId) -> tuple[rows.CaseRow, Grant]:
    """The case and the customer's own link. Raises NotFound (not theirs), Forbidden (guests and agents)."""
    row = await case_for(db, principal, case)
    grant = grant_for(principal, case)
    if grant is None or grant.kind is not PersonKind.CUSTOMER:
        raise Forbidden
    return row, grant


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything that a view of a case is made of."""

    case: rows.CaseRow
    topic: rows.TopicRow
    agent: rows.AgentRow | None
    queue: QueueView | None
    kept: Kept | None
    sessions: list[rows.SessionRow]
    recordings: list[rows.RecordingRow]
    consent: rows.ConsentRow | None
    broadcast: OnAir | None


async def view_case(house: House, principal: Principal, case: CaseId, language: Language | None = None) -> CaseView:
    """The case as this person may see it, in `language` or the case's own. Raises NotFound."""
    async with house.db.read() as db:
        found = await _find(house, db, principal, await case_for(db, principal, case), language)
    speaks = language or found.case.language
    row = found.case
    kept = found.kept
    me = person_in(principal, case, kept.session.id) if kept else None
    for_agent = isinstance(principal, Agent)
    return CaseView(
        id=row.id,
        number=row.number,
        state=row.state,
        topic=topic_name(found.topic, speaks),
        summary=row.summary,
        name=row.name,
        language=row.language,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        outcome=row.outcome,
        queue=found.queue,
        session=await session_view(house, kept, me) if kept else None,
        recordings=[recording_row(one) for one in found.recordings],
        agent=AgentName(found.agent.name, found.agent.id if for_agent else None) if found.agent else None,
        consent=consent_view(found.consent, speaks),
        broadcast=found.broadcast,
        email=row.email if for_agent else None,
        phone=row.phone if for_agent else None,
        taken_by=row.taken_by if for_agent else None,
        taken_at=row.taken_at if for_agent else None,
        sessions=[past_session(one) for one in found.sessions] if for_agent else [],
        seq=row.seq if for_agent else None,
    )


async def _find(
    house: House, db: AsyncConnection, principal: Principal, row: rows.CaseRow, language: Language | None
) -> _Found:
    sessions = await session_store.list_sessions_of(db, row.id)
    session = _session_for(principal, row.id, sessions)
    kept = await read_kept(db, session) if session else None
    topic = await topic_store.find_topic(db, row.topic_id)
    if topic is None:
        raise NotFound
    mine = _mine(principal, row.id, kept) if kept else None
    return _Found(
        case=row,
        topic=topic,
        agent=await agent_store.find_agent(db, row.taken_by) if row.taken_by else None,
        queue=await _place(house, db, row),
        kept=kept,
        sessions=sessions,
        recordings=await list_visible_recordings(db, principal, row.id),
        consent=await _my_consent(db, kept, mine) if kept else None,
        broadcast=await read_on_air(db, kept.session.id, mine, language or row.language) if kept else None,
    )


def _session_for(principal: Principal, case: CaseId, sessions: list[rows.SessionRow]) -> rows.SessionRow | None:
    """The one that has not ended; a guest sees the one invited to, ended or not."""
    grant = grant_for(principal, case)
    if grant is not None and grant.kind is PersonKind.GUEST:
        return next((one for one in sessions if one.id == grant.session_id), None)
    return next((one for one in sessions if one.state is not SessionState.ENDED), None)


async def _place(house: House, db: AsyncConnection, row: rows.CaseRow) -> QueueView | None:
    if row.state is not CaseState.WAITING:
        return None
    waiting = [one.case for one in await store.list_waiting(db)]
    ahead = waiting.index(row.id) if row.id in waiting else len(waiting)
    return place_view(ahead, await read_pace(house, db))


def _mine(principal: Principal, case: CaseId, kept: Kept) -> ParticipantId | None:
    me = person_in(principal, case, kept.session.id)
    return next((one.id for one in kept.people if me is not None and one.person_id == me.person_id), None)


async def _my_consent(db: AsyncConnection, kept: Kept, mine: ParticipantId | None) -> rows.ConsentRow | None:
    return (await consent_store.list_latest(db, kept.session.id)).get(mine) if mine else None


async def read_on_air(
    db: AsyncConnection, session: SessionId, me: ParticipantId | None, language: Language
) -> OnAir | None:
    """What somebody on stage is told of the broadcast of the session; None when there is none, or it is over."""
    row = await broadcast_store.find_broadcast(db, session)
    if row is None or row.state not in UNENDED:
        return None
    wanted = shown_to(row.visibility)
    mine = (await consent_store.list_latest(db, session, wanted.purpose)).get(me) if me else None
    given = await consent_store.list_given(db, session, wanted)
    return OnAir(row.title, row.visibility, row.state, consent_view(mine, language), me in given)


def consent_view(row: rows.ConsentRow | None, language: Language) -> ConsentView | None:
    """A person's own consent; None when they were never asked."""
    if row is None:
        return None
    words = row.wording_de if language is Language.DE else row.wording_en
    answer = None if row.answer is ConsentAnswer.ASKED else row.answer
    return ConsentView(row.answer is ConsentAnswer.ASKED, answer, words, row.wording_version)


async def list_visible_recordings(db: AsyncConnection, principal: Principal, case: CaseId) -> list[rows.RecordingRow]:
    """Agents see all recordings of the case, its customer the shared ones, guests none."""
    recordings = await recording_store.list_recordings(db, case)
    return [one for one in recordings if may_watch(principal, one)]


def may_watch(principal: Principal, recording: rows.RecordingRow) -> bool:
    """Whether this person may watch the recording."""
    if isinstance(principal, Agent):
        return True
    grant = grant_for(principal, recording.case_id)
    is_customer = grant is not None and grant.kind is PersonKind.CUSTOMER
    return is_customer and recording.shared_at is not None


def recording_row(row: rows.RecordingRow) -> RecordingRow:
    """A recording in a list."""
    progress = row.view_progress if row.state is RecordingState.FINISHING else None
    return RecordingRow(
        id=row.id,
        session=row.session_id,
        state=row.state,
        interrupted=row.interrupted,
        started_at=row.started_at,
        duration_s=row.duration_s,
        progress=progress,
        shared=row.shared_at is not None,
    )


def past_session(row: rows.SessionRow) -> PastSession:
    """A session in the list of a case."""
    return PastSession(row.id, row.state, row.created_at, row.started_at, row.ended_at, row.outcome)
