"""Connected before the click: nobody yet, and somebody at once."""

from pathlib import Path

import pytest

from server.domain.principal import Principal
from server.domain.words import EntryKind, Outcome
from server.errors import NotFound, SessionEnded, SessionFull
from server.service import entering, links, sessions
from server.service.views import ConnectionView
from tests.desk import Customer, Desk, open_desk
from tests.service.test_consent import recorded_call
from tests.worker_double import until


async def prepared(desk: Desk, principal: Principal, customer: Customer) -> ConnectionView:
    """A connection whose packets arrive."""
    view = await entering.prepare_session(desk.house, principal, customer.session, "v=0", {"0": "camera"})
    await desk.worker.come(view.connection)
    return view


async def test_prepared_guest_is_nobody_until_the_click(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session, "Gerd")
    mine = await prepared(desk, guest, customer)
    assert mine.participant is None
    assert mine.connection not in {seat["connection"] for seat in desk.worker.people(customer.session).values()}
    before = await sessions.read_session(desk.house, guest, customer.session)
    assert "Gerd" not in {one.name for one in before.participants}
    after = await entering.enter_session(desk.house, guest, customer.session, mine.connection)
    seat = next(one for one in after.participants if one.id == after.me)
    assert (seat.name, seat.here, seat.on_stage) == ("Gerd", True, True)
    assert desk.worker.people(customer.session)[str(after.me)]["connection"] == mine.connection
    joined = [one.actor.name for one in await desk.entries(customer.case) if one.kind is EntryKind.JOINED]
    assert joined.count("Gerd") == 1
    assert customer.session in desk.worker.woken


async def test_entering_twice_and_again_with_another_is_one_seat(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session, "Gerd")
    one, other = await prepared(desk, guest, customer), await prepared(desk, guest, customer)
    first = await entering.enter_session(desk.house, guest, customer.session, one.connection)
    again = await entering.enter_session(desk.house, guest, customer.session, one.connection)
    third = await entering.enter_session(desk.house, guest, customer.session, other.connection)
    assert first.me == again.me == third.me
    assert len(third.participants) == 3
    assert one.connection not in desk.worker.connections
    joined = [line.actor.name for line in await desk.entries(customer.case) if line.kind is EntryKind.JOINED]
    assert joined.count("Gerd") == 1


async def test_anothers_prepared_connection_opens_nothing(desk: Desk) -> None:
    customer = await desk.call()
    guest, eve = await desk.guest(customer.session, "Gerd"), await desk.guest(customer.session, "Eve")
    mine = await prepared(desk, guest, customer)
    people = dict(desk.worker.people(customer.session))
    for connection in (mine.connection, next(iter(desk.worker.connections))):
        with pytest.raises(NotFound):
            await entering.enter_session(desk.house, eve, customer.session, connection)
    assert desk.worker.people(customer.session) == people


async def test_prepared_guest_of_an_ended_session_stays_out(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session)
    mine = await prepared(desk, guest, customer)
    await desk.ends(customer, Outcome.FOLLOW_UP)
    with pytest.raises(SessionEnded):
        await entering.enter_session(desk.house, guest, customer.session, mine.connection)
    with pytest.raises(SessionEnded):
        await prepared(desk, guest, customer)


async def test_newcomer_is_asked_where_one_records(desk: Desk) -> None:
    customer = await recorded_call(desk)
    guest = await desk.guest(customer.session, "Gerd")
    mine = await prepared(desk, guest, customer)
    asked = len(desk.heard.of("consent_asked"))
    await entering.enter_session(desk.house, guest, customer.session, mine.connection)
    assert len(desk.heard.of("consent_asked")) == asked + 1


async def test_revoked_guests_prepared_connection_is_closed(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session)
    mine = await prepared(desk, guest, customer)
    await links.revoke_link(desk.house, await desk.agent("ann"), guest.links[0].link_id)
    await until(lambda: mine.connection not in desk.worker.connections)


async def test_prepared_people_take_no_seat(postgres_url: str, tmp_path: Path) -> None:
    async with open_desk(postgres_url, tmp_path, seats=3) as desk:
        customer = await desk.call()
        guests = [await desk.guest(customer.session, name) for name in ("Gerd", "Eve")]
        made = [await prepared(desk, one, customer) for one in guests]
        await entering.enter_session(desk.house, guests[0], customer.session, made[0].connection)
        with pytest.raises(SessionFull):
            await entering.enter_session(desk.house, guests[1], customer.session, made[1].connection)
