"""Machines on stage (WHIP, RFC 9725) and viewers of it (WHEP). Each connection belongs to the one who made it; nobody else changes it.

Of a broadcast that is open to everybody anybody may be the audience, and gets what its composer makes (`airing.show_audience`). Nobody is known
of them: their connection is changed by who knows its address, which only they were told.
"""

import contextlib
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import OPEN
from server.domain.principal import Agent, Anonymous, Principal, Visitor
from server.domain.rights import may_watch
from server.domain.words import CaseId, ConnectionId, LinkId, ParticipantId, PersonKind, SessionId, SessionState
from server.errors import BadKey, MediaAway, NotFound, SessionEnded
from server.media.protocol import Answer, Fragment, Offer, Renewal, Seat
from server.service.airing import show_audience
from server.service.house import House
from server.service.live import find_known, is_open
from server.service.presence import person_left
from server.service.sessions import drop_connection, join_session, new_connection
from server.store import sessions as store
from server.store.rows import ConnectionRow
from server.store.tables import participant as column

AUDIENCE = "audience"
"""Whose connections those are that nobody known made."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asks, as the owner of connections of one kind in one session."""

    kind: PersonKind
    id: str


async def publish(house: House, principal: Principal, session: SessionId, sdp: str) -> Answer:
    """The machine is in the session, on stage as long as it runs; an earlier connection with the same key is closed.

    Raises NotFound (no source key of this session), SessionEnded, SessionFull, BadSdp, NoCommonCodec, NotAcceptable, NothingToSend.
    """
    await owner_of(house, principal, PersonKind.SOURCE, session)
    lines = sdp.splitlines()
    kinds = {"microphone": "m=audio", "camera": "m=video", "screen": "-"}
    state = {source: any(line.startswith(kind) for line in lines) for source, kind in kinds.items()}
    answer, _ = await join_session(house, principal, session, Offer(sdp, way="send"), state)
    return answer


async def view(house: House, principal: Principal, session: SessionId, sdp: str) -> Answer:
    """A connection that sees the stage; nobody sees the viewer.

    Raises NotFound or BadKey (may not watch), SessionEnded, Busy, BadSdp, NothingToSend, NoCommonCodec (the audience's is H.264).
    """
    owner = await owner_of(house, principal, PersonKind.VIEWER, session)
    is_audience = owner.id == AUDIENCE
    async with house.db.read() as db:
        await _check_live(db, session)
    async with new_connection(house, Offer(sdp, way="receive"), session) as answer:
        async with house.db.write() as db:
            await _check_live(db, session)
            link = LinkId(owner.id) if isinstance(principal, Visitor) and not is_audience else None
            row = ConnectionRow(ConnectionId(answer.connection), owner.kind, owner.id, None, link, house.now())
            await store.add_connection(db, row)
        seat = Seat(answer.connection, on_stage=False, watches=True, audience=is_audience)
        await house.media.seat(session, answer.connection, seat)
        if is_audience:
            await show_audience(house, session)
    return answer


async def patch(
    house: House,
    principal: Principal,
    kind: PersonKind,
    session: SessionId,
    connection: ConnectionId,
    fragment: Fragment,
) -> Renewal:
    """Trickled candidates, or an ICE restart, of one's own connection. Raises NotFound, EtagStale, BadSdp."""
    await check_own(house, principal, kind, session, connection)
    return await house.media.patch(connection, fragment)


async def end(
    house: House, principal: Principal, kind: PersonKind, session: SessionId, connection: ConnectionId
) -> None:
    """Ends one's own connection; a machine has left at once. Raises NotFound."""
    row = await check_own(house, principal, kind, session, connection)
    await drop_connection(house, connection)
    if row.participant_id is not None:
        await _leave(house, row.participant_id, connection)


async def _leave(house: House, participant: ParticipantId, connection: ConnectionId) -> None:
    async with house.db.read() as db:
        seat = await store.find_participant(db, participant)
    if seat is None or seat.connection != connection:
        return  # It has come back with another connection.
    with contextlib.suppress(NotFound, MediaAway):
        await house.media.unseat(seat.session_id, seat.id)
    await person_left(house, seat, column.c.connection == connection)


async def owner_of(house: House, principal: Principal, kind: PersonKind, session: SessionId) -> Owner:
    """Raises NotFound when this person has no business there, or there is no such session: the same answer for both; BadKey for nobody known."""
    async with house.db.read() as db:
        cases = await store.list_cases_of(db, session)
    if kind is PersonKind.VIEWER:
        if any(may_watch(principal, case, session) for case in cases):
            return Owner(kind, _viewer_id(principal, cases))
        if await _is_on_air(house, session):
            return Owner(kind, AUDIENCE)
        raise BadKey if isinstance(principal, Anonymous) else NotFound
    grants = principal.links if isinstance(principal, Visitor) else ()
    found = next((one for one in grants if one.kind is kind and one.session_id == session), None)
    if found is None:
        raise NotFound
    return Owner(kind, found.link_id)


async def _is_on_air(house: House, session: SessionId) -> bool:
    """Whether everybody may watch it now."""
    known = await find_known(house, session)
    return known.row is not None and known.row.state in OPEN and is_open(known)


def _viewer_id(principal: Principal, cases: list[CaseId]) -> str:
    if isinstance(principal, Agent):
        return principal.agent_id
    grants = principal.links if isinstance(principal, Visitor) else ()
    return next(str(one.link_id) for one in grants if one.case_id in cases)


async def check_own(
    house: House, principal: Principal, kind: PersonKind, session: SessionId, connection: ConnectionId
) -> ConnectionRow:
    """The connection, if it is this owner's. Raises NotFound."""
    owner = await owner_of(house, principal, kind, session)
    async with house.db.read() as db:
        row = await store.find_connection(db, connection)
    if row is None or (row.owner_kind, row.owner_id) != (owner.kind, owner.id):
        raise NotFound
    return row


async def _check_live(db: AsyncConnection, session: SessionId) -> None:
    row = await store.find_session(db, session)
    if row is None or row.state is SessionState.ENDED:
        raise SessionEnded
