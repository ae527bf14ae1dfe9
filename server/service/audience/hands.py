"""Hands raised, in order; and "me too"."""

from server.domain.principal import Agent, Principal, Visitor
from server.domain.taking_part import may_ask, may_chat
from server.domain.words import MemberId, SessionId, VisitorId
from server.errors import AudienceClosed, Banned, Forbidden, NotFound
from server.service.audience.ledger import Page
from server.service.audience.reading import hand_place, hand_views
from server.service.audience.views import HandPlace, HandsView, MeTooView
from server.service.audience.voices import find_own, moderator, speaker, visible_broadcast, voice_on
from server.service.house import House
from server.service.links import new_visitor
from server.store import polls as store
from server.store.broadcast_rows import HandRow, MeTooRow


async def raise_hand(house: House, principal: Principal, session: SessionId) -> HandPlace:
    """A member would like to come on stage; the place in the order. Raises NotFound, NotAMember, Banned, Muted, Forbidden, AudienceClosed."""

    async def work(page: Page) -> HandPlace:
        voice = await speaker(page, principal)
        if voice.member_id is None:
            raise Forbidden
        if not may_chat(page.broadcast.state):
            raise AudienceClosed
        if await store.raise_hand(page.db, HandRow(session, voice.member_id, page.now)):
            page.has_hands = True
        return hand_place(hand_views(await store.list_hands(page.db, session)), voice.member_id)

    return await house.ledger.write(house, principal, session, work)


async def lower_hand(
    house: House, principal: Principal, session: SessionId, member: MemberId | None = None
) -> HandPlace:
    """One's own hand goes down, or, by a moderator, a member's. Raises NotFound, NotAMember, Banned, Forbidden."""

    async def work(page: Page) -> HandPlace:
        voice = await (voice_on(page, principal) if member is None else moderator(page.db, principal, page.broadcast))
        whose = member or voice.member_id
        if whose is None:
            raise Forbidden
        if await store.lower_hand(page.db, session, whose):
            page.has_hands = True
        return HandPlace(None, False)

    return await house.ledger.write(house, principal, session, work)


async def call_hand(
    house: House, principal: Principal, session: SessionId, member: MemberId, *, called: bool
) -> HandsView:
    """A moderator calls somebody whose hand is up, or takes that back; who is up now. Raises NotFound, Forbidden."""

    async def work(page: Page) -> HandsView:
        await moderator(page.db, principal, page.broadcast)
        if not await store.call_hand(page.db, session, member, page.now if called else None):
            raise NotFound
        page.has_hands = True
        return HandsView(hand_views(await store.list_hands(page.db, session)))

    return await house.ledger.write(house, principal, session, work)


async def say_me_too(
    house: House, principal: Principal, session: SessionId, *, wanted: bool
) -> tuple[MeTooView, str | None]:
    """The caller has a problem of this topic as well, or no longer; and a visitor token for the cookie when the browser has none yet.

    Counted once for each browser and topic, whichever broadcast it was said in. Raises NotFound, AudienceClosed, Banned, Forbidden (agents).
    """
    if isinstance(principal, Agent):
        raise Forbidden
    token: str | None = None
    visitor: VisitorId | None = principal.visitor_id if isinstance(principal, Visitor) else None
    if visitor is None and wanted:
        async with house.db.write() as db:
            await visible_broadcast(db, principal, session)
            visitor, token = await new_visitor(db, house.now())

    async def work(page: Page) -> MeTooView:
        await visible_broadcast(page.db, principal, session)
        if not may_ask(page.broadcast.state):
            raise AudienceClosed
        topic = page.broadcast.topic_id
        if visitor is not None:
            me = await find_own(page.db, principal, session)
            if me is not None and me.banned_at is not None:
                raise Banned
            row = MeTooRow(topic, visitor, session, me.id if me else None, page.now)
            is_new = await (store.add_me_too(page.db, row) if wanted else store.remove_me_too(page.db, topic, visitor))
            if is_new:
                page.me_too = await store.count_me_too(page.db, topic)
        return MeTooView(await store.count_me_too(page.db, topic), wanted)

    return await house.ledger.write(house, principal, session, work), token
