"""What is offered to one member alone: a case of their own, or a place on stage. Read by that browser's cookie; nobody else hears of it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import UNENDED
from server.domain.principal import Principal
from server.domain.words import CaseId, CaseState, MemberId, SessionId
from server.service.audience.helping import find_offer
from server.service.audience.stage_calls import find_call
from server.service.audience.views import HelpOffer, Invitations, StageCall
from server.service.audience.voices import find_own, visible_broadcast
from server.service.house import House
from server.store import agents as agent_store
from server.store import cases as case_store
from server.store import polls as hand_store
from server.store.broadcast_rows import MemberRow

NOTHING = Invitations(None, None)


async def read_invitations(house: House, principal: Principal, session: SessionId) -> Invitations:
    """What is offered to the caller; nothing to who takes no part. Raises NotFound."""
    async with house.db.read() as db:
        broadcast = await visible_broadcast(db, principal, session)
        me = await find_own(db, principal, session)
        if me is None:
            return NOTHING
        is_open = broadcast.state in UNENDED and me.banned_at is None
        call = await _call(db, house, me) if is_open else None
        return Invitations(await _help(db, house, me.id), call)


async def _call(db: AsyncConnection, house: House, me: MemberRow) -> StageCall | None:
    if await find_call(db, house, me.id) is None:
        return None
    return StageCall(me.id, me.session_id, await hand_store.is_up(db, me.session_id, me.id))


async def _help(db: AsyncConnection, house: House, me: MemberId) -> HelpOffer | None:
    link = await find_offer(db, house, me)
    case = await case_store.find_case(db, link.case_id) if link else None
    if case is None or case.state not in {CaseState.WAITING, CaseState.TAKEN}:
        return None
    agent = await agent_store.find_agent(db, case.taken_by) if case.taken_by else None
    return HelpOffer(case.id, case.number, agent.name if agent else "", await _place(db, case.id))


async def _place(db: AsyncConnection, case: CaseId) -> int | None:
    waiting = [one.case for one in await case_store.list_waiting(db)]
    return waiting.index(case) + 1 if case in waiting else None
