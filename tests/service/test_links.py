"""Links: swapped for a cookie, hashed at rest, ended by time and by hand."""

import pytest
from sqlalchemy import select

from server.domain.principal import Anonymous
from server.domain.words import PersonKind
from server.errors import BadLink, Forbidden, NotFound
from server.service import cases, links, sessions
from server.store.tables import link as link_table
from server.store.tables import visitor as visitor_table
from tests.desk import Desk


async def test_link_leads_back_to_the_case_on_another_device(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    mine = await desk.connects(customer.principal, customer.session)
    shown = await links.make_case_link(desk.house, customer.principal, customer.case)
    assert shown.link.startswith("http://127.0.0.1:8080/c/#")
    assert shown.qr_svg.startswith("<svg")
    led, token = await links.exchange_link(desk.house, Anonymous(), shown.link.partition("#")[2])
    assert (led.case, led.session, led.kind) == (customer.case, customer.session, PersonKind.CUSTOMER)
    assert led.participant == mine.participant
    phone = await desk.visitor(token or "")
    again = await desk.connects(phone, customer.session)
    assert again.participant == mine.participant  # One person, one seat: the laptop's connection is closed.
    assert mine.connection not in desk.worker.connections


async def test_a_browser_that_has_a_cookie_keeps_it(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    _, token = await links.exchange_link(desk.house, customer.principal, customer.secret)
    assert token is None
    other = await desk.customer_opens_case("Other")
    _, token = await links.exchange_link(desk.house, customer.principal, other.secret)
    assert token is None
    both = await desk.visitor(customer.token)
    assert {one.case_id for one in both.links} == {customer.case, other.case}


async def test_wrong_expired_and_revoked_links_get_one_answer(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    for wrong in ("", "x", customer.secret[:-1], customer.secret + "A", customer.secret.swapcase(), "%00"):
        with pytest.raises(BadLink):
            await links.exchange_link(desk.house, Anonymous(), wrong)
    ann = await desk.agent("ann")
    revoked = await links.make_case_link(desk.house, ann, customer.case)
    await links.revoke_link(desk.house, ann, revoked.id)
    with pytest.raises(NotFound):
        await links.revoke_link(desk.house, ann, revoked.id)
    with pytest.raises(BadLink):
        await links.exchange_link(desk.house, Anonymous(), revoked.link.partition("#")[2])
    desk.clock.move(days=31)
    with pytest.raises(BadLink):
        await links.exchange_link(desk.house, Anonymous(), customer.secret)


async def test_revoked_link_ends_what_its_cookie_may(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    ann = await desk.agent("ann")
    await links.revoke_link(desk.house, ann, customer.principal.links[0].link_id)
    again = await desk.visitor(customer.token)
    assert again.links == ()
    with pytest.raises(NotFound):
        await cases.read_case(desk.house, again, customer.case)


async def test_cookie_slides_eight_hours_and_then_ends(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    for _ in range(3):
        desk.clock.move(hours=7)
        assert await links.find_visitor(desk.house, customer.token) is not None
    desk.clock.move(hours=8, minutes=1)
    assert await links.find_visitor(desk.house, customer.token) is None
    assert await links.find_visitor(desk.house, "unknown") is None


async def test_no_secret_is_stored(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    async with desk.house.db.read() as db:
        stored = [*(await db.execute(select(link_table))), *(await db.execute(select(visitor_table)))]
    assert customer.secret not in str(stored)
    assert customer.token not in str(stored)


async def test_guest_comes_to_the_session_and_nowhere_else(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session, "Gerd")
    view = await cases.read_case(desk.house, guest, customer.case)
    assert view.session is not None
    assert view.session.id == customer.session
    await sessions.admit(desk.house, guest, customer.session)
    with pytest.raises(Forbidden):
        await links.make_case_link(desk.house, guest, customer.case)
    with pytest.raises(Forbidden):
        await links.invite_guest(desk.house, guest, customer.session, "More")


async def test_revoking_a_link_revokes_those_made_from_it(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    ann = await desk.agent("ann")
    shown = await links.make_case_link(desk.house, customer.principal, customer.case)
    _, token = await links.exchange_link(desk.house, Anonymous(), shown.link.partition("#")[2])
    phone = await desk.visitor(token or "")
    third = await links.make_case_link(desk.house, phone, customer.case)
    view = await desk.connects(phone, customer.session)
    resent = await links.make_case_link(desk.house, ann, customer.case)
    await links.revoke_link(desk.house, ann, customer.principal.links[0].link_id)
    assert view.connection not in desk.worker.connections
    for made in (shown, third):
        with pytest.raises(BadLink):
            await links.exchange_link(desk.house, Anonymous(), made.link.partition("#")[2])
    await links.exchange_link(desk.house, Anonymous(), resent.link.partition("#")[2])
    kept = (await links.list_case_links(desk.house, ann, customer.case)).links
    assert [(one.id, one.revoked_at is None, one.used_at is None) for one in kept] == [
        (customer.principal.links[0].link_id, False, False),
        (shown.id, False, False),
        (third.id, False, True),
        (resent.id, True, False),
    ]
    assert [one.made_by for one in kept] == ["Carla", "Carla", "Carla", "ann"]
    with pytest.raises(Forbidden):
        await links.list_case_links(desk.house, customer.principal, customer.case)
