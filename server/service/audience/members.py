"""Members: how somebody begins to take part, and what moderators make of them."""

import asyncio
import hashlib
import hmac
import ipaddress
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import clean_line
from server.domain.principal import Agent, Principal, Visitor
from server.domain.taking_part import MEMBER_NAME_LIMIT
from server.domain.words import BroadcastState, ChatLineState, MemberId, MemberRole, SessionId, VisitorId
from server.errors import AudienceClosed, Banned, Forbidden, NotFound, OaseError
from server.service.audience.ledger import Page
from server.service.audience.stage_calls import take_banned_off
from server.service.audience.views import MembersView, MemberView, member_view
from server.service.audience.voices import Voice, find_own, moderator, visible_broadcast
from server.service.house import House
from server.service.links import new_visitor
from server.service.secrecy import make_id, make_secret
from server.store import audience as store
from server.store import polls as hand_store
from server.store.broadcast_rows import MemberRow

log = structlog.get_logger(__name__)

LISTED = 300
FORGET_EVERY_S = 60.0
REMOVED_AT_ONCE = 200


async def join_audience(
    house: House, principal: Principal, session: SessionId, name: str, address: str
) -> tuple[MemberView, str | None]:
    """The caller as a member under this name, and a visitor token for the cookie when the browser has none yet.

    Who is a member already only changes the name. Raises NotFound, BadField, AudienceClosed, Forbidden (agents are no members), and Banned:
    for the cookie of who was banned, and for the address that they came from, while the broadcast lasts. That holds off a new private
    window; it does not hold off another network, and it keeps those out, too, who share the address and were not here before.
    """
    shown = clean_line(name, "name", MEMBER_NAME_LIMIT)
    if isinstance(principal, Agent):
        raise Forbidden
    now = house.now()
    async with house.db.write() as db:
        broadcast = await visible_broadcast(db, principal, session)
        known = await find_own(db, principal, session)
        if known is not None and known.banned_at is not None:
            raise Banned
        if broadcast.state is BroadcastState.ENDED:
            raise AudienceClosed
        if known is not None:
            await store.set_member(db, known.id, name=shown)
            return MemberView(known.id, shown, known.role, known.muted_at is not None, False), None
        place = await _hash_address(db, session, address)
        if await store.is_address_banned(db, session, place):
            raise Banned
        visitor, token = await _visitor(db, principal, now)
        row = MemberRow(MemberId(make_id()), session, visitor, shown, MemberRole.VIEWER, now)
        await store.add_member(db, row, place)
    return member_view(row), token


async def _visitor(db: AsyncConnection, principal: Principal, now: datetime) -> tuple[VisitorId, str | None]:
    if isinstance(principal, Visitor):
        return principal.visitor_id, None
    return await new_visitor(db, now)


async def _hash_address(db: AsyncConnection, session: SessionId, address: str) -> str:
    """What is kept of an address while the broadcast lasts: a hash with a salt of its own that is forgotten afterwards."""
    if await store.find_salt(db, session) is None:
        await store.set_salt(db, session, make_secret())
    salt = await store.find_salt(db, session) or ""
    return hmac.new(salt.encode(), _network(address).encode(), hashlib.sha256).hexdigest()


def _network(address: str) -> str:
    """The address that counts: an IPv6 customer has a whole /64."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


async def list_members(house: House, principal: Principal, session: SessionId) -> MembersView:
    """Members, those first who moderate, are muted or banned. Moderators."""
    async with house.db.read() as db:
        broadcast = await visible_broadcast(db, principal, session)
        await moderator(db, principal, broadcast)
        rows = await store.list_members(db, session, LISTED)
        called = {row.id for row in await store.list_called(db, session)}
    return MembersView([member_view(row, called=row.id in called) for row in rows])


async def moderate_member(
    house: House,
    principal: Principal,
    session: SessionId,
    member: MemberId,
    *,
    muted: bool | None = None,
    banned: bool | None = None,
    role: MemberRole | None = None,
    remove_lines: bool = False,
) -> MemberView:
    """What a moderator makes of a member; None leaves it as it is, and all of it can be taken back. `remove_lines`: what they wrote is gone, too.

    Only agents make moderators, and only they act on moderators. Raises NotFound, NotAMember, Forbidden.
    """

    async def work(page: Page) -> MemberView:
        voice = await moderator(page.db, principal, page.broadcast)
        row = await store.find_member_by_id(page.db, session, member)
        if row is None:
            raise NotFound
        _check_rank(voice, row, role)
        values = _marks(page.now, muted, banned, role)
        if values:
            await store.set_member(page.db, member, **values)
        if remove_lines:
            await _remove_lines(page, member)
        if banned and await hand_store.lower_hand(page.db, session, member):
            page.has_hands = True
        now = await store.find_member_by_id(page.db, session, member)
        page.forget(member)
        view = member_view(now or row)
        page.members.append(view)
        return view

    view = await house.ledger.write(house, principal, session, work)
    if view.banned:
        await take_banned_off(house, session, member)
    return view


def _marks(now: datetime, muted: bool | None, banned: bool | None, role: MemberRole | None) -> dict[str, Any]:
    """The columns that change."""
    return {
        **({} if muted is None else {"muted_at": now if muted else None}),
        **({} if banned is None else {"banned_at": now if banned else None}),
        **({} if role is None else {"role": role}),
    }


def _check_rank(voice: Voice, row: MemberRow, role: MemberRole | None) -> None:
    if voice.agent is None and (role is not None or row.role is MemberRole.MODERATOR):
        raise Forbidden


async def _remove_lines(page: Page, member: MemberId) -> None:
    states = [ChatLineState.SHOWN, ChatLineState.HELD]
    await page.gathered.write(page.db)
    for row in (await store.list_lines_of(page.db, page.session, member, states))[-REMOVED_AT_ONCE:]:
        await page.move_line(row, ChatLineState.REMOVED)


async def forget_addresses_forever(house: House) -> None:
    """Of broadcasts that are over nothing of anybody's address stays. Run as a task."""
    while True:
        await asyncio.sleep(FORGET_EVERY_S)
        try:
            async with house.db.write() as db:
                await store.forget_addresses(db)
        except OaseError as error:
            log.info("addresses_kept", code=error.code)
        except Exception:  # The root of this task: it goes on to forget.
            log.exception("addresses_kept")
