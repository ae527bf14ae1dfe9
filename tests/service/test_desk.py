"""The agents' lists, the queue as people see it, and the topics."""

import pytest

from server.domain.principal import Anonymous
from server.domain.words import CaseState, Language, Outcome
from server.errors import BadField, Forbidden
from server.service import queue, topics
from server.service.desk import DeskFilter, read_desk
from tests.desk import Desk


async def test_waiting_list_is_first_come_first_with_waiting_times(desk: Desk) -> None:
    first = await desk.customer_opens_case("First")
    desk.clock.move(minutes=2)
    second = await desk.customer_opens_case("Second")
    await desk.connects(second.principal, second.session)
    view = await read_desk(desk.house, await desk.agent("ann"), language=Language.EN)
    assert [row.id for row in view.cases] == [first.case, second.case]
    assert [row.here for row in view.cases] == [False, True]
    assert view.cases[0].topic.name == "Electricity"
    assert 120 <= (view.longest_wait_s or 0) <= 125
    assert (view.counts.waiting, view.counts.mine, view.counts.open) == (2, 0, 0)


async def test_lists_by_state(desk: Desk) -> None:
    mine, theirs, later, done, waits = [await desk.customer_opens_case(f"C{n}") for n in range(5)]
    for customer, agent in ((mine, "ann"), (theirs, "bob"), (later, "ann"), (done, "ann")):
        await desk.agent_takes(customer, agent)
    await desk.ends(later, Outcome.FOLLOW_UP)
    await desk.ends(done, Outcome.SOLVED)
    ann = await desk.agent("ann")

    async def listed(state: DeskFilter) -> list[str]:
        return [row.id for row in (await read_desk(desk.house, ann, state)).cases]

    assert await listed(DeskFilter.MINE) == [mine.case]
    assert await listed(DeskFilter.OPEN) == [later.case]
    assert await listed(DeskFilter.CLOSED) == [done.case]
    assert await listed(DeskFilter.WAITING) == [waits.case]
    assert len(await listed(DeskFilter.ALL)) == 5


@pytest.mark.parametrize("q", ["müller", "MÜLLER", "ZÄHLER müller", "carla@example.org", "0171 55"])
async def test_search_finds_by_every_word_in_any_case(desk: Desk, q: str) -> None:
    wanted = await desk.customer_opens_case(
        "Carla Müller", summary="Der Zähler 100%_steht", email="carla@example.org", phone="0171 5555"
    )
    await desk.customer_opens_case("Somebody Else")
    ann = await desk.agent("ann")
    assert [row.id for row in (await read_desk(desk.house, ann, q=q)).cases] == [wanted.case]


async def test_search_by_number_and_by_signs_that_sql_knows(desk: Desk) -> None:
    wanted = await desk.customer_opens_case(summary="100% rabatt_code")
    await desk.customer_opens_case(summary="100 rabatt code")
    ann = await desk.agent("ann")
    for q in ("100%", "rabatt_code", wanted.opened.number.lower(), wanted.opened.number.replace("-", "")):
        assert [row.id for row in (await read_desk(desk.house, ann, q=q)).cases] == [wanted.case], q
    assert (await read_desk(desk.house, ann, q="'; DROP TABLE cases --")).cases == []


@pytest.mark.parametrize("state", [DeskFilter.WAITING, DeskFilter.ALL])
async def test_pages_join_without_a_gap(desk: Desk, state: DeskFilter) -> None:
    for number in range(7):
        await desk.customer_opens_case(f"C{number}")
    ann = await desk.agent("ann")
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await read_desk(desk.house, ann, state, after=after, limit=3)
        seen += [row.name for row in page.cases]
        after = page.next
        if after is None:
            break
    expected = [f"C{number}" for number in range(7)]
    assert seen == (expected if state is DeskFilter.WAITING else expected[::-1])
    with pytest.raises(BadField):
        await read_desk(desk.house, ann, state, after="nonsense")


async def test_customers_have_no_desk(small_desk: Desk) -> None:
    customer = await small_desk.customer_opens_case()
    with pytest.raises(Forbidden):
        await read_desk(small_desk.house, customer.principal)


async def test_range_comes_with_experience(desk: Desk) -> None:
    early = [await desk.customer_opens_case(f"C{number}") for number in range(4)]
    for customer in early:
        desk.clock.move(minutes=5)
        await desk.agent_takes(customer, "ann")
    await desk.customer_opens_case("Next")
    place = (await queue.list_places(desk.house))[0].queue
    assert place.wait_min_s is None  # The agent was not seen for five minutes by this clock.
    bob = await desk.agent("bob")
    assert bob.name == "bob"
    place = (await queue.list_places(desk.house))[0].queue
    assert (place.agents_here, place.place) == (1, 1)
    assert (place.wait_min_s or 0) < 240 < (place.wait_max_s or 0)
    view = await topics.list_topics(desk.house, Anonymous(), Language.DE)
    assert (view.agents_here, view.waiting) == (1, 1)
    assert [one.slug for one in view.topics] == ["strom", "internet", "umzug"]
    assert await topics.seed_topics(desk.house) == 0


async def test_case_that_waits_is_never_in_two_lists(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    view = await desk.agent_takes(customer, "ann")
    assert view.state is CaseState.TAKEN
    desk_view = await read_desk(desk.house, await desk.agent("ann"))
    assert (desk_view.cases, desk_view.counts.waiting, desk_view.counts.mine) == ([], 0, 1)
