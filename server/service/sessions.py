"""Joining, staying in and ending sessions."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import clean_text
from server.domain.principal import Agent, Grant, Person, Principal
from server.domain.rights import agent_only, grant_for, may_join, person_in
from server.domain.words import (
    CaseId,
    ConnectionId,
    Outcome,
    ParticipantId,
    PersonKind,
    Purpose,
    SessionId,
    SessionState,
    Source,
)
from server.errors import Conflict, ConsentNeeded, MediaAway, NotFound, OaseError, SessionEnded, SessionFull
from server.media.protocol import Answer, Offer, Restart, Seat, Slot, Tile, worker_of
from server.service.ending import Ending, finish_session
from server.service.homes import connect_home, connect_near_queue, is_at_home
from server.service.house import House
from server.service.media_views import TurnView
from server.service.presence import note_lost, person_left, seat_person
from server.service.roster import read_kept, session_view
from server.service.turn import turn_for
from server.service.views import ConnectionView, RestartView, SessionView, SlotView, SourcesView
from server.store import sessions as store
from server.store.consents import has_agreed
from server.store.rows import ConnectionRow, ParticipantRow, SessionRow


@dataclass(frozen=True, slots=True)
class Admission:
    """Let in: as whom, and on stage or still waiting."""

    session: SessionId
    case: CaseId
    participant: ParticipantId
    on_stage: bool


@dataclass(frozen=True, slots=True)
class Entrant:
    """Somebody who may come in."""

    session: SessionRow
    case: CaseId
    person: Person
    grant: Grant | None


async def admit(house: House, principal: Principal, session: SessionId) -> Admission:
    """The one decision for first joining, coming back and refreshing alike.

    Raises NotFound (not theirs), SessionEnded, SessionFull, Conflict (an agent before the case is taken), ConsentNeeded (from the audience).
    """
    async with house.db.write() as db:
        entrant = await decide(house, db, principal, session)
        seat = await seat_person(db, session, entrant.person, house.now())
    return Admission(session, entrant.case, seat.id, entrant.session.state is SessionState.RUNNING)


async def decide(house: House, db: AsyncConnection, principal: Principal, session: SessionId) -> Entrant:
    """Who comes in as whom; in a writing transaction nobody changes the session meanwhile, so the last seat goes to one."""
    case = await _readable_case(db, principal, session)
    row = await store.lock_session(db, session)
    person = person_in(principal, case, session)
    if row is None or person is None:
        raise NotFound
    if row.state is SessionState.ENDED:
        raise SessionEnded
    if row.state is SessionState.WAITING and isinstance(principal, Agent):
        raise Conflict
    if person.kind is PersonKind.MEMBER:
        await _check_agreed(db, session, person)
    if await store.count_others_seated(db, session, person.person_id) >= house.settings.seats:
        raise SessionFull
    return Entrant(row, case, person, grant_for(principal, case, session))


async def _check_agreed(db: AsyncConnection, session: SessionId, person: Person) -> None:
    """Who is called from the audience is asked before anything of them is sent."""
    row = await store.find_person(db, session, person.person_id)
    if row is None or not await has_agreed(db, row.id, Purpose.PUBLIC):
        raise ConsentNeeded


async def _readable_case(db: AsyncConnection, principal: Principal, session: SessionId) -> CaseId:
    cases = await store.list_cases_of(db, session)
    case = next((one for one in cases if may_join(principal, one, session)), None)
    if case is None:
        raise NotFound
    return case


async def connect_session(
    house: House, principal: Principal, session: SessionId, sdp: str, sources: dict[str, str]
) -> ConnectionView:
    """A media connection in the session; an older one of the same person is closed. Raises what `admit` raises, BadSdp, MediaAway."""
    answer, seat = await join_session(house, principal, session, Offer(sdp, sources))
    return connection_view(house, principal, answer, seat.id)


async def join_session(
    house: House, principal: Principal, session: SessionId, offer: Offer, state: dict[str, bool] | None = None
) -> tuple[Answer, ParticipantRow]:
    """The worker's answer, and the seat that was taken; `state` is what is switched on. Raises as `connect_session`."""
    async with house.db.read() as db:
        entrant = await decide(house, db, principal, session)  # Before the worker is troubled.
        is_back = await _is_back(db, entrant)
    async with new_connection(house, dataclasses.replace(offer, returns=is_back), session) as answer:
        seat, on_stage = await _take_seat(house, principal, session, answer)
        await house.media.seat(session, seat.id, seat_of(seat, answer.connection, state, on_stage=on_stage))
        await follow_stage(house, session, seat, on_stage)
    return answer, seat


@contextlib.asynccontextmanager
async def new_connection(house: House, offer: Offer, session: SessionId | None = None) -> AsyncIterator[Answer]:
    """The worker's answer for the body, which writes down whose the connection is. It is closed when that fails: nobody would know it.

    At the session's home, or without a session where the next one will be.
    """
    answer = await (connect_home(house, session, offer) if session else connect_near_queue(house, offer))
    try:
        yield answer
    except OaseError:
        with contextlib.suppress(OaseError):
            await house.media.close_connection(answer.connection)
        raise


async def _is_back(db: AsyncConnection, entrant: Entrant) -> bool:
    """Whether the person was in this call just now: a new page, another network, a new worker."""
    seat = await store.find_person(db, entrant.session.id, entrant.person.person_id)
    return entrant.session.state is SessionState.RUNNING and seat is not None and seat.seated_at is not None


async def _take_seat(
    house: House, principal: Principal, session: SessionId, answer: Answer
) -> tuple[ParticipantRow, bool]:
    now = house.now()
    connection = ConnectionId(answer.connection)
    async with house.db.write() as db:
        entrant = await decide(house, db, principal, session)
        if not await is_at_home(db, session, connection):
            raise MediaAway(reason="moved")  # By another process, between the choice of the worker and now.
        seat = await seat_person(db, session, entrant.person, now)
        link = entrant.grant.link_id if entrant.grant else None
        person = entrant.person
        await store.add_connection(db, ConnectionRow(connection, person.kind, person.person_id, seat.id, link, now))
        await store.bind_connection(db, connection, seat.id)
    on_stage = entrant.session.state is SessionState.RUNNING
    return dataclasses.replace(seat, connection=connection), on_stage


def seat_of(seat: ParticipantRow, connection: str, state: dict[str, bool] | None = None, *, on_stage: bool) -> Seat:
    """Somebody's place on the worker."""
    return Seat(connection, on_stage, state, outsider=seat.kind is PersonKind.MEMBER)


async def follow_stage(house: House, session: SessionId, seat: ParticipantRow, on_stage: bool) -> None:
    """The case may have been taken or released, or the session ended, between our reading and the worker's seating."""
    async with house.db.read() as db:
        row = await store.find_session(db, session)
    if row is None or row.state is SessionState.ENDED:
        await house.media.end_session(session)  # The seating made it anew.
        raise SessionEnded
    is_running = row.state is SessionState.RUNNING
    if not is_running and seat.kind is PersonKind.AGENT:
        raise Conflict
    if is_running is not on_stage:
        await house.media.seat(session, seat.id, Seat(on_stage=is_running))


async def connect_standby(house: House, principal: Principal, sdp: str, sources: dict[str, str]) -> ConnectionView:
    """An agent's connection that waits for a case to be taken, at the home of the one who has waited longest."""
    agent = agent_only(principal)
    async with new_connection(house, Offer(sdp, sources)) as answer, house.db.write() as db:
        owner = (PersonKind.AGENT, agent.agent_id)
        await store.add_connection(db, ConnectionRow(ConnectionId(answer.connection), *owner, None, None, house.now()))
    return connection_view(house, principal, answer, None)


def connection_view(
    house: House, principal: Principal, answer: Answer, participant: ParticipantId | None
) -> ConnectionView:
    """The worker's answer for the page."""
    slots = [slot_view(slot) for slot in answer.slots]
    home = worker_of(answer.connection)
    return ConnectionView(
        ConnectionId(answer.connection), answer.sdp, slots, participant, home, turn_for(house, principal)
    )


def slot_view(slot: Slot) -> SlotView:
    """One slot for the page."""
    known = Source(slot.source) if slot.source in set(Source) else None
    participant = ParticipantId(slot.participant) if slot.participant else None
    return SlotView(slot.mid, slot.kind, participant, known, slot.paused)


async def restart_connection(house: House, principal: Principal, connection: ConnectionId, sdp: str) -> RestartView:
    """ICE restart of one's own connection. Raises NotFound."""
    await _own_connection(house, principal, connection)
    answer = await house.media.restart(connection, Restart(sdp))
    return RestartView(answer.sdp)


async def renew_turn(house: House, principal: Principal, connection: ConnectionId) -> TurnView:
    """New credentials of the TURN server for one's own connection; no addresses where none is set. Raises NotFound."""
    await _own_connection(house, principal, connection)
    return turn_for(house, principal) or TurnView([], "", "", 0)


async def close_connection(house: House, principal: Principal, connection: ConnectionId) -> None:
    """Closes one's own connection. Raises NotFound."""
    await _own_connection(house, principal, connection)
    await drop_connection(house, connection)


async def _own_connection(house: House, principal: Principal, connection: ConnectionId) -> None:
    if not await owns_connection(house, principal, connection):
        raise NotFound


async def owns_connection(house: House, principal: Principal, connection: ConnectionId) -> bool:
    """Whether the connection is this person's (for `hold`)."""
    async with house.db.read() as db:
        row = await store.find_connection(db, connection)
    if row is None:
        return False
    if isinstance(principal, Agent):
        return row.owner_kind is PersonKind.AGENT and row.owner_id == principal.agent_id
    return row.link_id is not None and any(grant.link_id == row.link_id for grant in links_of(principal))


async def show_tiles(house: House, connection: ConnectionId, tiles: Sequence[tuple[str, int, int]]) -> None:
    """How large a page shows what comes in each slot: (mid, width, height). Raises NotFound, MediaAway."""
    await house.media.see(connection, [Tile(*tile) for tile in tiles])


def links_of(principal: Principal) -> tuple[Grant, ...]:
    """The links of a visitor; none for anybody else."""
    return getattr(principal, "links", ())


async def drop_connection(house: House, connection: ConnectionId) -> None:
    """The page that held this connection is gone for good: it is closed. No error when it is not there, or when the database is away."""
    with contextlib.suppress(NotFound, MediaAway):
        await house.media.close_connection(connection)
    await note_lost(house, connection, "closed")


async def read_session(house: House, principal: Principal, session: SessionId) -> SessionView:
    """Who is in the session. Raises NotFound."""
    async with house.db.read() as db:
        case = await _readable_case(db, principal, session)
        row = await store.find_session(db, session)
        if row is None:
            raise NotFound
        kept = await read_kept(db, row)
    return await session_view(house, kept, person_in(principal, case, session))


async def case_of_session(house: House, principal: Principal, session: SessionId) -> CaseId:
    """The case a session belongs to, of those this person may read. Raises NotFound."""
    async with house.db.read() as db:
        return await _readable_case(db, principal, session)


async def set_state(house: House, principal: Principal, session: SessionId, state: SourcesView) -> SessionView:
    """What this person has switched on, for the others to see. Raises NotFound."""
    seat = await my_seat(house, principal, session)
    await house.media.seat(session, seat.id, Seat(state=dataclasses.asdict(state)))
    return await read_session(house, principal, session)


async def my_seat(house: House, principal: Principal, session: SessionId) -> ParticipantRow:
    """This person's own seat in the session. Raises NotFound when there is none."""
    async with house.db.read() as db:
        case = await _readable_case(db, principal, session)
        person = person_in(principal, case, session)
        seat = await store.find_person(db, session, person.person_id) if person else None
    if seat is None:
        raise NotFound
    return seat


async def leave_session(house: House, principal: Principal, session: SessionId) -> None:
    """The person is out at once; the link still leads back."""
    seat = await my_seat(house, principal, session)
    with contextlib.suppress(NotFound, MediaAway):
        await house.media.unseat(session, seat.id)
    await person_left(house, seat)


async def end_session(
    house: House, principal: Principal, session: SessionId, outcome: Outcome, text: str = ""
) -> SessionView:
    """Everybody is out, a recording is stopped; solved closes the case, anything else leaves it open. `text` becomes a note. Agents."""
    agent = agent_only(principal)
    note = clean_text(text, "text") if text.strip() else ""
    await finish_session(house, agent, session, Ending(outcome, note))
    return await read_session(house, principal, session)
