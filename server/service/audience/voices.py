"""Who speaks in an audience: a member, or an agent; and whether they may."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Agent, Principal, Visitor
from server.domain.rights import may_view
from server.domain.words import AgentId, MemberId, MemberRole, Openness, SessionId
from server.errors import Banned, Forbidden, Muted, NotAMember, NotFound
from server.service.audience.ledger import Page
from server.service.house import House
from server.store import audience as store
from server.store import broadcasts as broadcast_store
from server.store import sessions as session_store
from server.store.broadcast_rows import BroadcastRow, MemberRow


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who may be heard in an audience: `member` or `agent`. Agents moderate everywhere, members where they were made moderators."""

    name: str
    member: MemberRow | None
    agent: AgentId | None

    @property
    def member_id(self) -> MemberId | None:
        return self.member.id if self.member else None

    @property
    def moderates(self) -> bool:
        return self.member is None or self.member.role is MemberRole.MODERATOR


async def visible_broadcast(db: AsyncConnection, principal: Principal, session: SessionId) -> BroadcastRow:
    """The broadcast, for who may see it. Raises NotFound, the same for unknown and for closed to the caller."""
    row = await broadcast_store.find_broadcast(db, session)
    if row is None or not await _may_view(db, principal, row):
        raise NotFound
    return row


async def _may_view(db: AsyncConnection, principal: Principal, row: BroadcastRow) -> bool:
    is_private = row.visibility is Openness.PRIVATE and isinstance(principal, Visitor)
    return may_view(principal, row, await session_store.list_cases_of(db, row.session_id) if is_private else ())


async def find_own(db: AsyncConnection, principal: Principal, session: SessionId) -> MemberRow | None:
    """Who the caller is in this audience, if they take part. Agents are nobody there: they moderate."""
    return await store.find_member(db, session, principal.visitor_id) if isinstance(principal, Visitor) else None


async def voice_of(db: AsyncConnection, principal: Principal, broadcast: BroadcastRow) -> Voice:
    """Who the caller is, whatever they may do. Raises NotFound, NotAMember, Banned."""
    if isinstance(principal, Agent):
        return Voice(principal.name, None, principal.agent_id)
    if not await _may_view(db, principal, broadcast):
        raise NotFound
    return _as_voice(await find_own(db, principal, broadcast.session_id))


async def voice_on(page: Page, principal: Principal) -> Voice:
    """The same in a transaction of the ledger."""
    if isinstance(principal, Visitor) and (known := page.members_known.get(principal.visitor_id)) is not None:
        if not await _may_view(page.db, principal, page.broadcast):
            raise NotFound
        return _as_voice(known)
    return await voice_of(page.db, principal, page.broadcast)


def _as_voice(member: MemberRow | None) -> Voice:
    if member is None:
        raise NotAMember
    if member.banned_at is not None:
        raise Banned
    return Voice(member.name, member, None)


async def speaker(page: Page, principal: Principal) -> Voice:
    """Who is about to say something. Raises NotFound, NotAMember, Banned, Muted."""
    voice = await voice_on(page, principal)
    if voice.member is not None and voice.member.muted_at is not None:
        raise Muted
    return voice


async def moderator(db: AsyncConnection, principal: Principal, broadcast: BroadcastRow) -> Voice:
    """Who moderates. Raises NotFound, NotAMember, Banned, Forbidden."""
    voice = await voice_of(db, principal, broadcast)
    if not voice.moderates:
        raise Forbidden
    return voice


async def see_broadcast(house: House, principal: Principal, session: SessionId) -> BroadcastRow:
    """The same as `visible_broadcast`, with a connection of its own."""
    async with house.db.read() as db:
        return await visible_broadcast(db, principal, session)
