"""Opening, reading, taking and closing cases."""

import dataclasses
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import UNENDED
from server.domain.cleaning import (
    SUMMARY_LIMIT,
    clean_client_id,
    clean_email,
    clean_line,
    clean_name,
    clean_phone,
    search_key,
)
from server.domain.numbers import make_number
from server.domain.principal import Agent, Anonymous, Person, Principal, Visitor
from server.domain.rights import agent_only, grant_for
from server.domain.words import (
    CaseId,
    CaseState,
    ConnectionId,
    EntryKind,
    Language,
    Outcome,
    PersonKind,
    SessionId,
    SessionState,
    TopicId,
)
from server.errors import AlreadyTaken, BadField, CaseClosed, Conflict, NotFound, OaseError
from server.media import protocol
from server.service.ending import Ending, back_to_waiting, finish_session
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.links import give_to_browser, new_link
from server.service.presence import bind_standby, note_present
from server.service.queue import announce_queue
from server.service.reading import case_for, view_case
from server.service.secrecy import hashed, make_id, make_secret
from server.service.stage import move, wake_cameras
from server.service.taping import stop_running
from server.service.views import CaseChange, CaseOpened, CaseView, Entry
from server.store import agents as agent_store
from server.store import broadcasts as broadcast_store
from server.store import cases as store
from server.store import links as link_store
from server.store import sessions as session_store
from server.store import topics as topic_store
from server.store.rows import CaseRow, ParticipantRow, SessionRow
from server.tasks import beside

NUMBER_TRIES = 8
ANSWER_LOST = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class OpenCase:
    """What a customer said to open a case. `topic` is the topic's id or slug; `client_id` was made in the browser (16-64 characters)."""

    topic: str
    summary: str
    name: str
    language: Language
    client_id: str
    email: str | None = None
    phone: str | None = None


async def open_case(house: House, principal: Principal, wish: OpenCase) -> tuple[CaseOpened, str | None]:
    """The new case, and a visitor token for the cookie when the browser has none yet.

    The same wish with the same `client_id` again gives the same case with a new link: to the browser that opened it, and for
    two minutes to one without a cookie, because the first answer may have been lost. Anything else under the same `client_id`,
    and the same from another visitor, is a case of its own. Raises BadField, Conflict (the proof is missing).
    """
    now = house.now()
    draft = draft_case(wish, now)
    secret = make_secret()
    entries: list[Entry] = []
    async with house.db.write() as db:
        known, draft = await _find_known(db, principal, draft)
        row = known or await add_numbered(db, draft, wish.topic)
        parent = await _proof(db, principal, row, now)
        if known is None:
            entries = await start_case(db, row)
        session = (await session_store.list_sessions_of(db, row.id))[0].id
        link = new_link(house, secret, PersonKind.CUSTOMER, row, now, by=parent)
        await link_store.add_link(db, link)
        token = await give_to_browser(db, principal, link.id, now)
    if known is None:
        await announce_entries(house, entries)
        await announce_queue(house)
    return CaseOpened(row.id, row.number, session, f"/c/#{secret}"), token


async def _find_known(db: AsyncConnection, principal: Principal, draft: CaseRow) -> tuple[CaseRow | None, CaseRow]:
    """The case that was opened by this wish before, and the draft; one that is another visitor's gets a key of its own."""
    known = await store.find_case_of(db, draft.client_id)
    if known is None or not isinstance(principal, Visitor):
        return known, draft
    if await link_store.has_held(db, principal.visitor_id, known.id):
        return known, draft
    own = dataclasses.replace(draft, client_id=hashed(f"{draft.client_id} {principal.visitor_id}"))
    return await store.find_case_of(db, own.client_id), own


async def _proof(db: AsyncConnection, principal: Principal, row: CaseRow, now: datetime) -> str | None:
    """The link from which a further one may be made; None for a new case's first. Raises Conflict when there is no right to one."""
    links = await link_store.list_links(db, row.id)
    grant = grant_for(principal, row.id)
    if not links or (grant is not None and grant.kind is PersonKind.CUSTOMER):
        return str(grant.link_id) if grant else None
    is_fresh = now - row.opened_at <= ANSWER_LOST and not any(one.revoked_at for one in links)
    if not isinstance(principal, Anonymous) or not is_fresh:
        raise Conflict
    return str(links[0].id)


def draft_case(wish: OpenCase, now: datetime) -> CaseRow:
    """The case as it will be kept, without its topic and number."""
    summary = clean_line(wish.summary, "summary", SUMMARY_LIMIT)
    name, email, phone = clean_name(wish.name), clean_email(wish.email), clean_phone(wish.phone)
    return CaseRow(
        id=CaseId(make_id()),
        number="",
        topic_id=TopicId(""),
        summary=summary,
        name=name,
        email=email,
        phone=phone,
        language=wish.language,
        state=CaseState.WAITING,
        queued_at=now,
        opened_at=now,
        taken_by=None,
        taken_at=None,
        closed_at=None,
        outcome=None,
        seq=0,
        client_id=hashed(
            "\n".join((clean_client_id(wish.client_id), wish.topic, summary, name, email or "", phone or ""))
        ),
        search_text=search_key(summary, name, email, phone),
    )


async def add_numbered(db: AsyncConnection, draft: CaseRow, topic_name: str) -> CaseRow:
    """The draft as a case with a number, or the one that has its `client_id` already. Raises BadField for a topic that is not open."""
    topic = await topic_store.find_topic(db, topic_name)
    if topic is None or not topic.is_open:
        raise BadField(field="topic")
    for _ in range(NUMBER_TRIES):
        number = make_number(secrets.choice)
        searched = search_key(number, number.replace("-", ""), draft.search_text)
        row = dataclasses.replace(draft, number=number, topic_id=topic.id, search_text=searched)
        if await store.add_case(db, row):
            return row
        same = await store.find_case_of(db, draft.client_id)  # Sent twice at the same time.
        if same is not None:
            return same
    raise Conflict


async def start_case(db: AsyncConnection, row: CaseRow) -> list[Entry]:
    """The case's first session, and the first line of its timeline."""
    if await session_store.list_sessions_of(db, row.id):
        return []
    session = SessionId(make_id())
    await session_store.add_session(db, SessionRow(session, SessionState.WAITING, row.opened_at), row.id)
    customer = Person(PersonKind.CUSTOMER, row.id, row.name)
    line = Line(row.id, EntryKind.OPENED, row.opened_at, actor(customer), session, row.summary, client_id="opened")
    return await write_lines(db, [line])


async def read_case(house: House, principal: Principal, case: CaseId, language: Language | None = None) -> CaseView:
    """The case as this person may see it, in `language` or the case's own. Raises NotFound."""
    return await view_case(house, principal, case, language)


async def take_case(
    house: House,
    principal: Principal,
    case: CaseId,
    connection: ConnectionId | None = None,
    language: Language | None = None,
) -> CaseView:
    """The case is the agent's; the customer is on stage, and so is the agent's standby `connection`. In `language` or the case's own.

    Raises AlreadyTaken(agent), CaseClosed, NotFound. Taking one's own case again changes nothing.
    """
    agent = agent_only(principal)
    session, entries, people = await beside(_take_now(house, agent, case, connection), _wake_waiting(house, case))
    seen = await move(house, session, people, on_stage=True)
    view = await view_case(house, principal, case, language)
    await _tell_taken(house, agent, case, entries, seen)  # The agent's own page hears of the picture first.
    return view


async def _wake_waiting(house: House, case: CaseId) -> None:
    async with house.db.read() as db:
        session = (await session_store.list_live_sessions(db, [case])).get(case)
    if session is not None:
        await wake_cameras(house, session)


async def _take_now(
    house: House, agent: Agent, case: CaseId, connection: ConnectionId | None
) -> tuple[SessionId, list[Entry], list[ParticipantRow]]:
    """The session, the new lines, and who is connected there."""
    now = house.now()
    async with house.db.write() as db:
        session, entries = await _take(db, agent, case, now)
        if connection is not None:
            await bind_standby(db, agent, session, connection, now)
        people = [one for one in await session_store.list_participants(db, session) if one.connection]
    return session, entries, people


async def _tell_taken(
    house: House, agent: Agent, case: CaseId, entries: list[Entry], seen: list[protocol.SessionView]
) -> None:
    await announce_entries(house, entries)
    if entries:
        await house.announcer.case_changed(CaseChange(case, CaseState.TAKEN, agent.name))
        await announce_queue(house)
    for view in seen[-1:]:
        await note_present(house, view)


async def _take(db: AsyncConnection, agent: Agent, case: CaseId, now: datetime) -> tuple[SessionId, list[Entry]]:
    row = await store.lock_case(db, case)
    if row is None:
        raise NotFound
    session = (await session_store.list_live_sessions(db, [case])).get(case)
    mine = row.state is CaseState.TAKEN and row.taken_by == agent.agent_id
    if mine and session is not None:
        return session, []
    taken = {"state": CaseState.TAKEN, "taken_by": agent.agent_id, "taken_at": now}
    if session is None or not await store.step_case(db, case, [CaseState.WAITING], **taken):
        raise await _not_takeable(db, row)
    await session_store.step_session(db, session, [SessionState.WAITING], state=SessionState.RUNNING, started_at=now)
    waited_s = int((now - (row.queued_at or row.opened_at)).total_seconds())
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    lines = [
        Line(case, EntryKind.WAITED, now, session=session, data={"seconds": waited_s}),
        Line(case, EntryKind.TAKEN, now, by, session),
    ]
    return session, await write_lines(db, lines)


async def _not_takeable(db: AsyncConnection, row: CaseRow) -> OaseError:
    if row.state is CaseState.CLOSED:
        return CaseClosed()
    if row.state is not CaseState.TAKEN or row.taken_by is None:
        return Conflict()
    holder = await agent_store.find_agent(db, row.taken_by)
    return AlreadyTaken(agent=holder.name if holder else "")


async def release_case(house: House, principal: Principal, case: CaseId, language: Language | None = None) -> CaseView:
    """The case waits again, at its old place. Raises Conflict when it is not taken, or its session is before an audience."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        await case_for(db, principal, case)
        session = (await session_store.list_live_sessions(db, [case])).get(case)
        broadcast = await broadcast_store.find_broadcast(db, session) if session else None
    if session is None or (broadcast is not None and broadcast.state in UNENDED):
        raise Conflict
    async with house.turns.of(session):
        entries = await _release(house, agent, case, session)
    await announce_entries(house, entries)
    await house.announcer.case_changed(CaseChange(case, CaseState.WAITING, None))
    await announce_queue(house)
    return await view_case(house, principal, case, language)


async def _release(house: House, agent: Agent, case: CaseId, session: SessionId) -> list[Entry]:
    now = house.now()
    async with house.db.write() as db:
        back = {"state": CaseState.WAITING, "taken_by": None, "taken_at": None}
        if not await store.step_case(db, case, [CaseState.TAKEN], **back):
            raise Conflict
        if not await session_store.step_session(db, session, [SessionState.RUNNING], state=SessionState.WAITING):
            raise Conflict  # Ended and taken anew meanwhile.
        by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
        entries = await write_lines(db, [Line(case, EntryKind.RELEASED, now, by, session)])
        people = await session_store.list_participants(db, session)
    await stop_running(house, agent, session)
    await back_to_waiting(house, session, people)
    return entries


async def close_case(
    house: House, principal: Principal, case: CaseId, outcome: Outcome, language: Language | None = None
) -> CaseView:
    """The case is closed; a running session ends with the same outcome. Raises CaseClosed."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await case_for(db, principal, case)
        session = (await session_store.list_live_sessions(db, [case])).get(case)
    if row.state is CaseState.CLOSED:
        raise CaseClosed
    if session is not None:
        await finish_session(house, agent, session, Ending(outcome, closes=True))
    else:
        await _close_open(house, agent, case, outcome)
    return await view_case(house, principal, case, language)


async def _close_open(house: House, agent: Agent, case: CaseId, outcome: Outcome) -> None:
    now = house.now()
    closed = {"state": CaseState.CLOSED, "closed_at": now, "outcome": outcome}
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    async with house.db.write() as db:
        if not await store.step_case(db, case, [CaseState.OPEN], **closed):
            raise Conflict
        entries = await write_lines(db, [Line(case, EntryKind.CLOSED, now, by, data={"outcome": str(outcome)})])
    await announce_entries(house, entries)
    await house.announcer.case_changed(CaseChange(case, CaseState.CLOSED, None))
    await house.announcer.desk_changed()


async def reopen_case(house: House, principal: Principal, case: CaseId, language: Language | None = None) -> CaseView:
    """A closed case is open again. Raises Conflict when it is not closed."""
    agent = agent_only(principal)
    now = house.now()
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    async with house.db.write() as db:
        await case_for(db, principal, case)
        reopened = {"state": CaseState.OPEN, "closed_at": None, "outcome": None}
        if not await store.step_case(db, case, [CaseState.CLOSED], **reopened):
            raise Conflict
        entries = await write_lines(db, [Line(case, EntryKind.REOPENED, now, by)])
    await announce_entries(house, entries)
    await house.announcer.case_changed(CaseChange(case, CaseState.OPEN, None))
    await house.announcer.desk_changed()
    return await view_case(house, principal, case, language)
