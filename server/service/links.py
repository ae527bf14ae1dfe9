"""Personal links and the browsers that hold them. Secrets are stored as SHA-256 only."""

import contextlib
import dataclasses
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import clean_name
from server.domain.principal import Agent, Grant, Person, Principal, Visitor
from server.domain.rights import agent_only, person_of
from server.domain.words import CaseId, EntryKind, LinkId, PersonKind, SessionId, SessionState, VisitorId
from server.errors import BadLink, MediaAway, NotFound, SessionEnded
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.reading import case_for, case_for_customer
from server.service.secrecy import hashed, make_id, make_secret
from server.service.views import KeptLink, LinkExchanged, LinksView, LinkView
from server.store import agents as agent_store
from server.store import cases as case_store
from server.store import links as store
from server.store import sessions as session_store
from server.store.rows import CaseRow, LinkRow

VISITOR_TIME = timedelta(hours=8)
SLIDE_EVERY = timedelta(minutes=5)
PATHS = {PersonKind.CUSTOMER: "/c/", PersonKind.GUEST: "/g/"}


def new_link(
    house: House, secret: str, kind: PersonKind, case: CaseRow, now: datetime, *, name: str = "", by: str | None = None
) -> LinkRow:
    """A link to a case, valid for as many days as the settings say."""
    return LinkRow(
        id=LinkId(make_id()),
        token_hash=hashed(secret),
        kind=kind,
        case_id=case.id,
        session_id=None,
        name=name or case.name,
        created_by=by,
        created_at=now,
        expires_at=now + timedelta(days=house.settings.link_days),
    )


async def give_to_browser(db: AsyncConnection, principal: Principal, link: LinkId, now: datetime) -> str | None:
    """The browser that asks holds the link; the token for its cookie if it had none."""
    if isinstance(principal, Visitor):
        await store.give_link(db, principal.visitor_id, link)
        return None
    visitor, token = await new_visitor(db, now)
    await store.give_link(db, visitor, link)
    return token


async def new_visitor(db: AsyncConnection, now: datetime) -> tuple[VisitorId, str]:
    """A browser that was not known, and the token for its cookie."""
    token = make_secret()
    visitor = VisitorId(make_id())
    await store.add_visitor(db, visitor, hashed(token), now, now + VISITOR_TIME)
    return visitor, token


async def find_visitor(house: House, token: str) -> Visitor | None:
    """Whose cookie this is, with the links that are valid now; None for an unknown or expired one. Slides its 8 hours."""
    found = await house.cookies.find(house, hashed(token))
    if found is None:
        return None
    now = house.now()
    if now - found.used_at > SLIDE_EVERY:
        async with house.db.write() as db:
            await store.slide_visitor(db, found.visitor_id, now, now + VISITOR_TIME)
    return Visitor(found.visitor_id, tuple(grant_of(link) for link in found.links))


def grant_of(link: LinkRow) -> Grant:
    """What a link lets its holder do."""
    return Grant(link.id, link.kind, link.case_id, link.session_id, link.name)


async def exchange_link(house: House, principal: Principal, secret: str) -> tuple[LinkExchanged, str | None]:
    """What the link leads to, and a visitor token for the cookie when the browser has none yet.

    Raises BadLink, the same for unknown, expired and revoked.
    """
    now = house.now()
    async with house.db.write() as db:
        link = await store.find_valid_link(db, hashed(secret), now)
        case = await case_store.find_case(db, link.case_id) if link else None
        if link is None or case is None or link.kind not in PATHS:  # A machine's key is no link: it gives no cookie.
            raise BadLink
        token = await give_to_browser(db, principal, link.id, now)
        session = link.session_id or (await session_store.list_live_sessions(db, [case.id])).get(case.id)
        person = person_of(grant_of(link))
        me = await session_store.find_person(db, session, person.person_id) if session else None
    return LinkExchanged(case.id, case.number, session, link.kind, me.id if me else None), token


async def make_case_link(house: House, principal: Principal, case: CaseId) -> LinkView:
    """Another link of the customer's, for another device or to send again. Customer of the case, or an agent."""
    now = house.now()
    secret = make_secret()
    async with house.db.write() as db:
        if isinstance(principal, Agent):
            row, by = await case_for(db, principal, case), str(principal.agent_id)
        else:
            row, grant = await case_for_customer(db, principal, case)
            by = str(grant.link_id)
        link = new_link(house, secret, PersonKind.CUSTOMER, row, now, by=by)
        await store.add_link(db, link)
    return link_view(house, link, secret)


async def invite_guest(house: House, principal: Principal, session: SessionId, name: str) -> LinkView:
    """A link for one more person, to this session only. Agents. Raises SessionEnded, BadField."""
    agent = agent_only(principal)
    guest = clean_name(name)
    now = house.now()
    secret = make_secret()
    async with house.db.write() as db:
        case = await case_of_live(db, session)
        plain = new_link(house, secret, PersonKind.GUEST, case, now, name=guest, by=agent.agent_id)
        link = dataclasses.replace(plain, session_id=session)
        await store.add_link(db, link)
        by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
        line = Line(case.id, EntryKind.INVITED, now, by, session, guest, data={"link": link.id})
        entries = await write_lines(db, [line])
    await announce_entries(house, entries)
    return link_view(house, link, secret)


async def case_of_live(db: AsyncConnection, session: SessionId) -> CaseRow:
    """The case of a session that has not ended. Raises NotFound, SessionEnded."""
    row = await session_store.find_session(db, session)
    cases = await session_store.list_cases_of(db, session)
    case = await case_store.find_case(db, cases[0]) if cases else None
    if row is None or case is None:
        raise NotFound
    if row.state is SessionState.ENDED:
        raise SessionEnded
    return case


def link_view(house: House, link: LinkRow, secret: str) -> LinkView:
    """The whole address, and the same as a picture. The only time that the secret is shown."""
    import segno  # Loaded when there is something to draw.

    address = f"{house.settings.public_url}{PATHS[link.kind]}#{secret}"
    picture = segno.make(address, error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff")
    return LinkView(link.id, address, picture, link.expires_at)


async def revoke_link(house: House, principal: Principal, link: LinkId) -> None:
    """The link and those made from it open nothing any more, and who came by them is out of the call. Agents."""
    agent_only(principal)
    async with house.db.write() as db:
        revoked = await store.revoke_link(db, link, house.now())
        if not revoked:
            raise NotFound
        connections = await session_store.list_connections(db, links=revoked)
    for connection in connections:
        with contextlib.suppress(MediaAway, NotFound):
            await house.media.close_connection(connection.id)
    for one in revoked:
        await house.announcer.visitor_revoked(None, one)


async def list_case_links(house: House, principal: Principal, case: CaseId) -> LinksView:
    """All links to a case, oldest first, so that one can be revoked. Agents."""
    agent_only(principal)
    async with house.db.read() as db:
        await case_for(db, principal, case)
        links = [one for one in await store.list_links(db, case) if one.kind in PATHS]
        uses = await store.list_last_uses(db, case)
        agents = await agent_store.list_agents(db)
    makers = {str(one.id): one.name for one in links} | {str(one.id): one.name for one in agents}
    return LinksView([kept_link(one, makers.get(one.created_by or "", one.name), uses.get(one.id)) for one in links])


def kept_link(link: LinkRow, made_by: str, used_at: datetime | None) -> KeptLink:
    """A link for who may revoke it."""
    return KeptLink(link.id, link.kind, link.name, made_by, link.created_at, used_at, link.expires_at, link.revoked_at)
