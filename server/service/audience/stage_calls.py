"""Members on stage and back: a call is a link that only the member's own browser holds; without it, they only watch again.

With the call they are asked whether the audience may see them, and they come in after a yes alone (`sessions.decide`). Of the case they read nothing.
"""

import contextlib
import dataclasses

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import UNENDED
from server.domain.consent import called_before
from server.domain.principal import Agent, Person, Principal
from server.domain.rights import agent_only, person_of
from server.domain.words import EntryKind, MemberId, PersonKind, SessionId
from server.errors import Banned, BroadcastEnded, Conflict, Forbidden, MediaAway, NotFound, SessionFull
from server.service.audience.helping import find_offer
from server.service.audience.reading import hand_views
from server.service.audience.views import AudienceChange
from server.service.audience.voices import find_own, visible_broadcast
from server.service.broadcast_moments import linked_line, moment_of
from server.service.consent import write_question
from server.service.facts import NOBODY, Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.links import case_of_live, grant_of, new_link
from server.service.presence import add_person, person_left
from server.service.secrecy import make_secret
from server.service.views import Actor, Entry
from server.store import audience as store
from server.store import broadcasts as broadcast_store
from server.store import cases as case_store
from server.store import links as link_store
from server.store import polls as hand_store
from server.store import sessions as session_store
from server.store.broadcast_rows import BroadcastRow, MemberRow
from server.store.rows import ConnectionRow, LinkRow, ParticipantRow


async def call_to_stage(house: House, principal: Principal, session: SessionId, member: MemberId) -> None:
    """A member may come on stage; twice is once. Agents. Raises NotFound, BroadcastEnded, SessionEnded, SessionFull, Banned, Conflict."""
    agent = agent_only(principal)
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, session)
        broadcast = await broadcast_store.lock_broadcast(db, session)
        row = await store.find_member_by_id(db, session, member)
        if broadcast is None or row is None:
            raise NotFound
        if await find_call(db, house, member) is not None:
            return
        await _check_callable(db, house, broadcast, row)
        entries = await _call(db, house, agent, broadcast, row)
        await hand_store.call_hand(db, session, member, house.now())
        change = await _change(db, session, member)
    await announce_entries(house, entries)
    await house.announcer.audience(session, change)


async def _check_callable(db: AsyncConnection, house: House, broadcast: BroadcastRow, row: MemberRow) -> None:
    if broadcast.state not in UNENDED:
        raise BroadcastEnded
    if row.banned_at is not None:
        raise Banned
    if row.visitor_id is None:
        raise Conflict
    called = len(await store.list_called(db, broadcast.session_id))
    seated = [one for one in await session_store.list_participants(db, broadcast.session_id) if one.seated_at]
    others = [one for one in seated if one.kind is not PersonKind.MEMBER]
    if max(len(seated), len(others) + called) >= house.settings.seats:
        raise SessionFull


async def _call(
    db: AsyncConnection, house: House, agent: Agent, broadcast: BroadcastRow, row: MemberRow
) -> list[Entry]:
    """The member's browser holds the link; nobody ever sees its secret. The question stands before they come."""
    session, now = broadcast.session_id, house.now()
    case = await case_of_live(db, session)
    plain = new_link(house, make_secret(), PersonKind.MEMBER, case, now, name=row.name, by=row.id)
    link = dataclasses.replace(plain, session_id=session)
    await link_store.add_link(db, link)
    if row.visitor_id is not None:
        await link_store.give_link(db, row.visitor_id, link.id)
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    lines = await _lines(db, house, broadcast, row, EntryKind.STAGE_CALLED, by, link)
    entries = await write_lines(db, lines)
    seat = await add_person(db, session, person_of(grant_of(link)), now)
    return entries + await write_question(db, house, seat, by, called_before(broadcast.visibility))


async def _lines(
    db: AsyncConnection,
    house: House,
    broadcast: BroadcastRow,
    row: MemberRow,
    kind: EntryKind,
    by: Actor,
    link: LinkRow,
) -> list[Line]:
    """For the cases of the session, and for the member's own one that was opened in this broadcast, which knows the minute."""
    session, data = broadcast.session_id, {"name": row.name}
    cases = await session_store.list_cases_of(db, session)
    lines = [Line(case, kind, house.now(), by, session, data=dict(data)) for case in cases]
    own = await find_offer(db, house, row.id)
    if own is not None and own.case_id not in cases:
        moment = await moment_of(house, broadcast, house.now())
        line = linked_line(house, broadcast, own.case_id, kind, by, moment, about=link.id)
        lines.append(dataclasses.replace(line, data={**line.data, **data}))
    return lines


async def find_call(db: AsyncConnection, house: House, member: MemberId) -> LinkRow | None:
    """The link with which a member may be on stage now."""
    links = await link_store.list_links_by(db, member, house.now())
    return next((one for one in links if one.kind is PersonKind.MEMBER), None)


async def leave_stage(house: House, principal: Principal, session: SessionId, member: MemberId) -> None:
    """The member watches again: taken off by an agent, or left, or did not want to come. Twice is once. Raises NotFound, Forbidden."""
    async with house.db.read() as db:
        await visible_broadcast(db, principal, session)
        row = await store.find_member_by_id(db, session, member)
        own = await find_own(db, principal, session)
    if row is None:
        raise NotFound
    if isinstance(principal, Agent):
        by = actor(Person(PersonKind.AGENT, principal.agent_id, principal.name))
    elif own is not None and own.id == member:
        by = Actor(PersonKind.MEMBER, None, row.name)
    else:
        raise Forbidden
    await take_off(house, row, by)


async def take_off(house: House, row: MemberRow, by: Actor) -> None:
    """The member's call is over, whether they came or not, and their seat is free at once."""
    session = row.session_id
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, session)
        broadcast = await broadcast_store.find_broadcast(db, session)
        link = await find_call(db, house, row.id)
        if link is None or broadcast is None:
            return
        connections = await _revoke(db, house, link)
        seat = await session_store.find_person(db, session, link.id)
        came = seat if seat is not None and (seat.seated_at or seat.joined_at) else None
        lines = await _lines(db, house, broadcast, row, EntryKind.STAGE_LEFT, by, link) if came else []
        entries = await write_lines(db, lines)
        await hand_store.lower_hand(db, session, row.id)
        change = await _change(db, session, row.id)
    await _close(house, connections, came)
    await house.announcer.visitor_revoked(None, link.id)
    await announce_entries(house, entries)
    await house.announcer.audience(session, change)


async def _close(house: House, connections: list[ConnectionRow], seat: ParticipantRow | None) -> None:
    if seat is not None:
        with contextlib.suppress(MediaAway, NotFound):
            await house.media.unseat(seat.session_id, seat.id)
        await person_left(house, seat)
    for connection in connections:
        with contextlib.suppress(MediaAway, NotFound):
            await house.media.close_connection(connection.id)


async def _revoke(db: AsyncConnection, house: House, link: LinkRow) -> list[ConnectionRow]:
    revoked = await link_store.revoke_link(db, link.id, house.now())
    return await session_store.list_connections(db, links=revoked)


async def _change(db: AsyncConnection, session: SessionId, member: MemberId) -> AudienceChange:
    hands = hand_views(await hand_store.list_hands(db, session))
    return AudienceChange(hands=hands, invited=[member])


async def take_banned_off(house: House, session: SessionId, member: MemberId) -> None:
    """Who may not take part any more is not on stage either."""
    async with house.db.read() as db:
        row = await store.find_member_by_id(db, session, member)
    if row is not None:
        await take_off(house, row, NOBODY)


async def take_all_off(house: House, session: SessionId) -> None:
    """The audience is gone, and who came from it: a help call that was opened goes on without them."""
    async with house.db.read() as db:
        called = await store.list_called(db, session)
    for row in called:
        await take_off(house, row, NOBODY)
