"""From a question before the audience to a case of one's own: a private session that waits, of which the audience sees nothing.

The member's browser holds the case's link from the moment it is opened, by the cookie that it took part with: no secret is sent to any page.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import SUMMARY_LIMIT
from server.domain.principal import Agent, Person, Principal
from server.domain.rights import agent_only
from server.domain.words import CaseState, EntryKind, MemberId, PersonKind, QuestionId, SessionId
from server.errors import Conflict, NotFound
from server.service.airing import announce_broadcast
from server.service.audience.views import AudienceChange, MemberCase
from server.service.broadcast_moments import Moment, linked_line, moment_of
from server.service.cases import OpenCase, add_numbered, draft_case, start_case
from server.service.facts import actor, announce_entries, write_lines
from server.service.house import House
from server.service.links import new_link
from server.service.queue import announce_queue
from server.service.secrecy import make_secret
from server.service.views import Entry
from server.store import audience as store
from server.store import broadcasts as broadcast_store
from server.store import cases as case_store
from server.store import links as link_store
from server.store import questions as question_store
from server.store.broadcast_rows import BroadcastCaseRow, BroadcastRow, MemberRow, QuestionRow
from server.store.rows import CaseRow, LinkRow


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who is to be helped, by whom, and what it is about; `moment` is when they asked."""

    agent: Agent
    broadcast: BroadcastRow
    member: MemberRow
    question: QuestionRow | None
    moment: Moment

    @property
    def summary(self) -> str:
        return (self.question.text if self.question else self.broadcast.title)[:SUMMARY_LIMIT]


async def help_asker(house: House, principal: Principal, session: SessionId, question: QuestionId) -> MemberCase:
    """A case for who asked, about what they asked. Agents. Raises as `help_member`."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await question_store.find_question(db, session, question)
    if row is None:
        raise NotFound
    return await _help(house, agent, session, row.member_id, row)


async def help_member(house: House, principal: Principal, session: SessionId, member: MemberId) -> MemberCase:
    """A case for a member, who waits in it for a private session; the open one when there is one of this broadcast already.

    Agents. Raises NotFound, Conflict (the member's browser is forgotten), BadField (the topic is closed).
    """
    return await _help(house, agent_only(principal), session, member, None)


async def _help(
    house: House, agent: Agent, session: SessionId, member: MemberId, question: QuestionRow | None
) -> MemberCase:
    async with house.db.read() as db:
        broadcast = await broadcast_store.find_broadcast(db, session)
        row = await store.find_member_by_id(db, session, member)
    if broadcast is None or row is None:
        raise NotFound
    asked_at = question.at if question else house.now()
    wish = _Wish(agent, broadcast, row, question, await moment_of(house, broadcast, asked_at))
    async with house.db.write() as db:
        await broadcast_store.lock_broadcast(db, session)  # Two clicks at once open one case.
        case = await _find_open(db, house, wish)
        is_new = case is None
        if case is None:
            case = await _open(db, house, wish)
        entries = await _write(db, house, wish, case, is_new=is_new)
    await announce_entries(house, entries)
    if is_new:
        await announce_queue(house)
    if entries:
        await house.announcer.audience(session, AudienceChange(invited=[member]))
        await announce_broadcast(house, session)
    return MemberCase(case.id, case.number, member)


async def _find_open(db: AsyncConnection, house: House, wish: _Wish) -> CaseRow | None:
    """The case that was opened for this question, or else one of this member's that is not closed."""
    asked = (
        await question_store.find_question(db, wish.broadcast.session_id, wish.question.id) if wish.question else None
    )
    if asked is not None and asked.case_id is not None:
        return await case_store.find_case(db, asked.case_id)
    link = await find_offer(db, house, wish.member.id)
    case = await case_store.find_case(db, link.case_id) if link else None
    return case if case is not None and case.state is not CaseState.CLOSED else None


async def find_offer(db: AsyncConnection, house: House, member: MemberId) -> LinkRow | None:
    """The newest link to a case that was opened for this member."""
    links = await link_store.list_links_by(db, member, house.now())
    return next((one for one in links if one.kind is PersonKind.CUSTOMER), None)


async def _open(db: AsyncConnection, house: House, wish: _Wish) -> CaseRow:
    """The case, and the member's browser holds its link."""
    visitor, now = wish.member.visitor_id, house.now()
    if visitor is None:
        raise Conflict
    key = make_secret()[:32]
    said = OpenCase("", wish.summary, wish.member.name, wish.broadcast.language, key)
    case = await add_numbered(db, draft_case(said, now), wish.broadcast.topic_id)
    link = new_link(house, make_secret(), PersonKind.CUSTOMER, case, now, by=wish.member.id)
    await link_store.add_link(db, link)
    await link_store.give_link(db, visitor, link.id)
    return case


async def _write(db: AsyncConnection, house: House, wish: _Wish, case: CaseRow, *, is_new: bool) -> list[Entry]:
    """The case knows when it came up, and the question knows its case."""
    entries = await start_case(db, case) if is_new else []
    by = actor(Person(PersonKind.AGENT, wish.agent.agent_id, wish.agent.name))
    about = wish.question.id if wish.question else ""
    text = wish.question.text if wish.question else wish.broadcast.title
    line = linked_line(house, wish.broadcast, case.id, EntryKind.PUBLIC_QUESTION, by, wish.moment, text, about)
    link = BroadcastCaseRow(wish.broadcast.session_id, case.id, wish.moment.at, wish.moment.at_s)
    await broadcast_store.link_case(db, link)
    if wish.question is not None:
        await question_store.set_question(db, wish.question.id, case_id=case.id)
    return entries + await write_lines(db, [line])
