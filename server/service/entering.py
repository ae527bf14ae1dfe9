"""Coming into a session with a connection that was made before the click, so that the others' pictures are there at once."""

import asyncio
import contextlib

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Principal
from server.domain.words import ConnectionId, ParticipantId, SessionId, SessionState
from server.errors import NotFound, OaseError
from server.media.protocol import Offer, Seat
from server.service.consent import ask_newcomer
from server.service.house import House
from server.service.presence import person_came, seat_person
from server.service.sessions import Entrant, case_of_session, connection_view, decide, follow_stage, read_session
from server.service.taping import resume
from server.service.views import ConnectionView, SessionView
from server.store import sessions as store
from server.store.rows import ConnectionRow, ParticipantRow


async def prepare_session(
    house: House, principal: Principal, session: SessionId, sdp: str, sources: dict[str, str]
) -> ConnectionView:
    """A connection of somebody who may come in and has not yet: nobody sees or hears them, and it takes no seat.

    Raises what `admit` raises, BadSdp, MediaAway.
    """
    async with house.db.read() as db:
        entrant = await decide(house, db, principal, session)
    answer = await house.media.connect(Offer(sdp, sources))
    link = entrant.grant.link_id if entrant.grant else None
    owner = (entrant.person.kind, entrant.person.person_id)
    row = ConnectionRow(ConnectionId(answer.connection), *owner, None, link, house.now())
    try:
        async with house.db.write() as db:
            await store.add_connection(db, row)
    except OaseError:
        with contextlib.suppress(OaseError):
            await house.media.close_connection(answer.connection)  # Nobody would know it.
        raise
    return connection_view(answer, None)


async def enter_session(
    house: House, principal: Principal, session: SessionId, connection: ConnectionId
) -> SessionView:
    """Comes in with a prepared connection; an older one of the same person is closed.

    Raises what `admit` raises, NotFound (the connection is gone or not theirs), MediaAway.
    """
    entered, _ = await asyncio.gather(
        _enter_now(house, principal, session, connection),
        _wake_cameras(house, principal, session),
        return_exceptions=True,
    )
    if isinstance(entered, BaseException):
        raise entered
    seat, on_stage = entered
    seen = await house.media.seat(session, seat.id, Seat(connection, on_stage))
    await follow_stage(house, session, seat, on_stage)
    if any(one.participant == seat.id and one.connected for one in seen.participants):
        await arrived(house, session, seat.id)
    return await read_session(house, principal, session)


async def _wake_cameras(house: House, principal: Principal, session: SessionId) -> None:
    with contextlib.suppress(OaseError):
        await case_of_session(house, principal, session)  # Raises for strangers.
        await house.media.wake_cameras(session)


async def _enter_now(
    house: House, principal: Principal, session: SessionId, connection: ConnectionId
) -> tuple[ParticipantRow, bool]:
    """The seat, and whether it is on stage."""
    async with house.db.write() as db:
        entrant = await decide(house, db, principal, session)
        await _check_own(db, entrant, connection)
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
