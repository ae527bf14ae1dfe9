"""Keys of machines: a source key puts OBS, FFmpeg or a camera on a session's stage, a watch key shows the stage to who holds it.

A key is a link without a page: 256 random bits, shown once, hashed at rest, valid as long as a link, revoked like one.
"""

import dataclasses

from server.domain.cleaning import clean_name
from server.domain.principal import Person, Principal, Visitor
from server.domain.rights import agent_only
from server.domain.words import EntryKind, PersonKind, SessionId, VisitorId
from server.errors import BadKey
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.links import case_of_live, grant_of, kept_link, new_link
from server.service.media_views import KeyView
from server.service.secrecy import hashed, make_secret
from server.service.views import LinksView
from server.store import agents as agent_store
from server.store import links as store

PATHS = {PersonKind.SOURCE: "/whip/", PersonKind.VIEWER: "/whep/"}


async def make_key(house: House, principal: Principal, session: SessionId, kind: PersonKind, name: str) -> KeyView:
    """A new key to this session: the address and the secret, this once. Agents. Raises SessionEnded, BadField."""
    agent = agent_only(principal)
    label, secret, now = clean_name(name), make_secret(), house.now()
    async with house.db.write() as db:
        case = await case_of_live(db, session)
        plain = new_link(house, secret, kind, case, now, name=label, by=agent.agent_id)
        link = dataclasses.replace(plain, session_id=session)
        await store.add_link(db, link)
        by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
        data = {"link": link.id, "kind": str(kind)}
        entries = await write_lines(db, [Line(case.id, EntryKind.INVITED, now, by, session, label, data=data)])
    await announce_entries(house, entries)
    address = f"{house.settings.public_url}{PATHS[kind]}{session}"
    return KeyView(link.id, label, address, secret, link.expires_at)


async def list_keys(house: House, principal: Principal, session: SessionId, kind: PersonKind) -> LinksView:
    """The keys of this kind to a session, oldest first, without their secrets. Agents."""
    agent_only(principal)
    async with house.db.read() as db:
        case = await case_of_live(db, session)
        links = await store.list_links(db, case.id)
        makers = {str(one.id): one.name for one in await agent_store.list_agents(db)}
    fits = [one for one in links if one.kind is kind and one.session_id == session]
    return LinksView([kept_link(one, makers.get(one.created_by or "", ""), None) for one in fits])


async def find_holder(house: House, key: str) -> Visitor:
    """Who brings this key: somebody who may do what the key is for, and nothing else. Raises BadKey."""
    async with house.db.read() as db:
        link = await store.find_valid_link(db, hashed(key), house.now())
    if link is None or link.kind not in PATHS:
        raise BadKey
    return Visitor(VisitorId(link.id), (grant_of(link),))
