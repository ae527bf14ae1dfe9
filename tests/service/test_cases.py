"""Opening, taking, releasing, closing."""

import asyncio
import dataclasses
from typing import Any

import pytest

from server.domain.principal import Anonymous
from server.domain.words import CaseState, EntryKind, Language, Outcome, SessionState
from server.errors import AlreadyTaken, BadField, CaseClosed, Conflict, Forbidden, NotFound, NotSignedIn
from server.service import cases, links, queue
from server.service.cases import OpenCase
from tests.desk import Desk, client_id


async def test_opened_case_waits_with_a_link_and_a_first_line(desk: Desk) -> None:
    customer = await desk.customer_opens_case("Carla", email="Carla@Example.org", phone="+49 30 123")
    view = await cases.read_case(desk.house, customer.principal, customer.case)
    assert view.state is CaseState.WAITING
    assert view.queue is not None
    assert (view.queue.place, view.queue.ahead, view.queue.wait_min_s) == (1, 0, None)
    assert view.topic.name == "Strom"
    assert view.session is not None
    assert view.session.state is SessionState.WAITING
    assert (view.email, view.phone, view.seq, view.taken_by) == (None, None, None, None)
    for_agent = await cases.read_case(desk.house, await desk.agent("ann"), customer.case, Language.EN)
    assert (for_agent.email, for_agent.phone, for_agent.topic.name) == (
        "carla@example.org",
        "+49 30 123",
        "Electricity",
    )
    assert await desk.kinds(customer.case) == [EntryKind.OPENED]


async def test_sending_the_form_twice_opens_one_case(desk: Desk) -> None:
    key = client_id()
    wishes = [desk.customer_opens_case(client_id=key) for _ in range(4)]
    opened = await asyncio.gather(*wishes)
    assert len({one.case for one in opened}) == 1
    assert len({one.secret for one in opened}) == 4
    assert await desk.kinds(opened[0].case) == [EntryKind.OPENED]
    assert len(desk.heard.of("entry")) == 1


def wish_of(key: str, **more: Any) -> OpenCase:
    return dataclasses.replace(OpenCase("strom", "Kein Strom", "Carla", Language.DE, key), **more)


async def test_key_of_a_case_opens_it_to_nobody_else(desk: Desk) -> None:
    key = client_id()
    customer = await desk.customer_opens_case(client_id=key)
    again, _ = await cases.open_case(desk.house, customer.principal, wish_of(key))
    assert again.case == customer.case
    stranger = await desk.customer_opens_case("Stranger")
    other, _ = await cases.open_case(desk.house, stranger.principal, wish_of(key))
    assert other.case != customer.case
    desk.clock.move(minutes=3)
    with pytest.raises(Conflict):
        await cases.open_case(desk.house, Anonymous(), wish_of(key))
    again, _ = await cases.open_case(desk.house, await desk.visitor(customer.token), wish_of(key))
    assert again.case == customer.case


async def test_same_key_with_other_words_is_another_case(desk: Desk) -> None:
    key = client_id()
    customer = await desk.customer_opens_case(client_id=key)
    for more in ({"summary": "Zähler brennt"}, {"name": "Bert"}, {"topic": "wasser"}, {"email": "b@example.org"}):
        for principal in (customer.principal, Anonymous()):
            try:
                other, _ = await cases.open_case(desk.house, principal, wish_of(key, **more))
            except BadField:
                assert "topic" in more
                continue
            assert other.case != customer.case


async def test_revoked_customer_gets_no_new_link_by_the_old_key(desk: Desk) -> None:
    key = client_id()
    customer = await desk.customer_opens_case(client_id=key)
    await links.revoke_link(desk.house, await desk.agent("ann"), customer.principal.links[0].link_id)
    for principal in (await desk.visitor(customer.token), Anonymous()):
        with pytest.raises(Conflict):
            await cases.open_case(desk.house, principal, wish_of(key))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topic", "nonsense"),
        ("summary", "  "),
        ("summary", "x" * 501),
        ("name", "\u202e\u0007"),
        ("email", "not an address"),
        ("phone", "call me"),
        ("client_id", "short"),
    ],
)
async def test_wrong_field_is_named(small_desk: Desk, field: str, value: str) -> None:
    wish = OpenCase("strom", "Kein Strom", "Carla", Language.DE, client_id())
    with pytest.raises(BadField) as failure:
        await cases.open_case(small_desk.house, Anonymous(), dataclasses.replace(wish, **{field: value}))
    assert failure.value.facts["field"] == field


async def test_second_agent_gets_already_taken_with_the_name(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    view = await desk.agent_takes(customer, "ann")
    assert (view.state, view.agent.name if view.agent else None) == (CaseState.TAKEN, "ann")
    with pytest.raises(AlreadyTaken) as failure:
        await desk.agent_takes(customer, "bob")
    assert failure.value.facts == {"agent": "ann"}
    again = await desk.agent_takes(customer, "ann")
    assert again.state is CaseState.TAKEN
    assert await desk.kinds(customer.case) == [EntryKind.OPENED, EntryKind.WAITED, EntryKind.TAKEN]


async def test_of_two_agents_at_once_one_wins_a_hundred_times(desk: Desk) -> None:
    ann, bob = await desk.agent("ann"), await desk.agent("bob")
    for _ in range(100):
        customer = await desk.customer_opens_case()
        takes = [cases.take_case(desk.house, agent, customer.case) for agent in (ann, bob)]
        results = await asyncio.gather(*takes, return_exceptions=True)
        lost = [one for one in results if isinstance(one, AlreadyTaken)]
        won = [one for one in results if isinstance(one, cases.CaseView)]
        assert (len(won), len(lost)) == (1, 1), results
        assert won[0].agent is not None
        assert lost[0].facts == {"agent": won[0].agent.name}


async def test_released_case_keeps_its_place(desk: Desk) -> None:
    first = await desk.customer_opens_case("First")
    second = await desk.customer_opens_case("Second")
    await desk.agent_takes(first, "ann")
    assert [one.case for one in await queue.list_places(desk.house)] == [second.case]
    view = await cases.release_case(desk.house, await desk.agent("ann"), first.case)
    assert view.state is CaseState.WAITING
    assert [one.case for one in await queue.list_places(desk.house)] == [first.case, second.case]
    with pytest.raises(Conflict):
        await cases.release_case(desk.house, await desk.agent("ann"), first.case)


async def test_taking_says_how_long_it_took_and_moves_the_queue(desk: Desk) -> None:
    first = await desk.customer_opens_case("First")
    second = await desk.customer_opens_case("Second")
    desk.clock.move(seconds=90)
    await desk.agent_takes(first, "ann")
    waited = next(one for one in await desk.entries(first.case) if one.kind is EntryKind.WAITED)
    assert 90 <= int(waited.data["seconds"] or 0) <= 95
    places = desk.heard.of("queue_changed")[-1][0]
    assert [(one.case, one.queue.place) for one in places] == [(second.case, 1)]


async def test_closed_case_can_be_reopened_and_not_closed_twice(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    view = await cases.close_case(desk.house, ann, customer.case, Outcome.FOLLOW_UP)
    assert (view.state, view.outcome, view.session) == (CaseState.CLOSED, Outcome.FOLLOW_UP, None)
    with pytest.raises(CaseClosed):
        await cases.close_case(desk.house, ann, customer.case, Outcome.SOLVED)
    assert (await cases.reopen_case(desk.house, ann, customer.case)).state is CaseState.OPEN
    closed = await cases.close_case(desk.house, ann, customer.case, Outcome.SOLVED)
    assert closed.state is CaseState.CLOSED


async def test_customer_comes_back_in_a_new_session(desk: Desk) -> None:
    customer = await desk.call()
    await desk.ends(customer, Outcome.FOLLOW_UP)
    view = await queue.queue_case(desk.house, customer.principal, customer.case)
    assert view.state is CaseState.WAITING
    assert view.session is not None
    assert view.session.id != customer.session
    again = await queue.queue_case(desk.house, customer.principal, customer.case)
    assert again.session is not None
    assert again.session.id == view.session.id
    sessions = (await cases.read_case(desk.house, await desk.agent("ann"), customer.case)).sessions
    assert [one.state for one in sessions] == [SessionState.WAITING, SessionState.ENDED]


async def test_customer_comes_back_to_a_closed_case_by_the_same_link(desk: Desk) -> None:
    customer = await desk.call()
    await desk.ends(customer, Outcome.SOLVED)
    tries = [queue.queue_case(desk.house, customer.principal, customer.case) for _ in range(3)]
    views = await asyncio.gather(*tries)
    assert {(one.state, one.outcome) for one in views} == {(CaseState.WAITING, None)}
    kinds = await desk.kinds(customer.case)
    assert kinds[-3:] == [EntryKind.CLOSED, EntryKind.REOPENED, EntryKind.OPENED]
    view = await desk.agent_takes(customer, "bob")
    assert view.state is CaseState.TAKEN
    desk.clock.move(days=31)
    with pytest.raises(NotFound):
        await queue.queue_case(desk.house, Anonymous(), customer.case)


async def test_customer_leaves_the_queue(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    view = await queue.withdraw_case(desk.house, customer.principal, customer.case)
    assert (view.state, view.session) == (CaseState.CLOSED, None)
    assert await queue.list_places(desk.house) == []
    with pytest.raises(Conflict):
        await queue.withdraw_case(desk.house, customer.principal, customer.case)


async def test_only_agents_do_what_agents_do(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    for principal, refused in ((customer.principal, Forbidden), (Anonymous(), NotSignedIn)):
        with pytest.raises(refused):
            await cases.take_case(desk.house, principal, customer.case)
        with pytest.raises(refused):
            await cases.close_case(desk.house, principal, customer.case, Outcome.SOLVED)
    with pytest.raises(NotFound):
        await cases.read_case(desk.house, Anonymous(), customer.case)
