"""Coming into a session with a connection that was made before the click, so that the others' pictures are there at once."""

import contextlib

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Principal
from server.domain.words import ConnectionId, ParticipantId, SessionId, SessionState
from server.errors import NotFound
from server.media.protocol import Offer
from server.service.consent import ask_newcomer
from server.service.homes import is_at_home
from server.service.house import House
from server.service.presence import person_came, seat_person
from server.service.sessions import (
    Entrant,
    case_of_session,
    connection_view,
    decide,
    follow_stage,
    new_connection,
    read_session,
    seat_of,
)
from server.service.stage import wake_cameras
from server.service.taping import resume
from server.service.views import ConnectionView, SessionView
from server.store import sessions as store
from server.store.rows import ConnectionRow, ParticipantRow
from server.tasks import beside


async def prepare_session(
    house: House, principal: Principal, session: SessionId, sdp: str, sources: dict[str, str]
) -> ConnectionView:
    """A connection of somebody who may come in and has not yet: nobody sees or hears them, and it takes no seat.

    Raises what `admit` raises, BadSdp, MediaAway.
    """
    async with house.db.read() as db:
        entrant = await decide(house, db, principal, session)
    link = entrant.grant.link_id if entrant.grant else None
    owner = (entrant.person.kind, entrant.person.person_id)
    async with new_connection(house, Offer(sdp, sources), session) as answer, house.db.write() as db:
        await store.add_connection(db, ConnectionRow(ConnectionId(answer.connection), *owner, None, link, house.now()))
    return connection_view(house, principal, answer, None)


async def enter_session(
    house: House, principal: Principal, session: SessionId, connection: ConnectionId
) -> SessionView:
    """Comes in with a prepared connection; an older one of the same person is closed.

    Raises what `admit` raises, NotFound (the connection is gone or not theirs), MediaAway.
    """
    entering = _enter_now(house, principal, session, connection)
    seat, on_stage = await beside(entering, _wake_cameras(house, principal, session))
    seen = await house.media.seat(session, seat.id, seat_of(seat, connection, on_stage=on_stage))
    await follow_stage(house, session, seat, on_stage)
    if any(one.participant == seat.id and one.connected for one in seen.participants):
        await arrived(house, session, seat.id)
    return await read_session(house, principal, session)


async def _wake_cameras(house: House, principal: Principal, session: SessionId) -> None:
    with contextlib.suppress(NotFound):  # A stranger, who wakes nobody.
        await case_of_session(house, principal, session)
        await wake_cameras(house, session)


async def _enter_now(
    house: House, principal: Principal, session: SessionId, connection: ConnectionId
) -> tuple[ParticipantRow, bool]:
    """The seat, and whether it is on stage."""
    async with house.db.write() as db:
        entrant = await decide(house, db, principal, session)
        await _check_own(db, entrant, connection)
        if not await is_at_home(db, session, connection):
            raise NotFound  # The session has moved: a new connection is needed.
        seat = await seat_person(db, session, entrant.person, house.now())
        await store.bind_connection(db, connection, seat.id)
    return seat, entrant.session.state is SessionState.RUNNING


async def _check_own(db: AsyncConnection, entrant: Entrant, connection: ConnectionId) -> None:
    row = await store.find_connection(db, connection)
    person = entrant.person
    if row is None or (row.owner_kind, row.owner_id) != (person.kind, person.person_id):
        raise NotFound


async def arrived(house: House, session: SessionId, participant: ParticipantId) -> None:
    """The person is connected in the session: written down, asked for consent where one records, and recorded again if they agreed."""
    await person_came(house, participant)
    await ask_newcomer(house, participant)
    await resume(house, session)
    await house.announcer.desk_changed()
