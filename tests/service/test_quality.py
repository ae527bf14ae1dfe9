"""What was seen of people's lines during a call, and what the case says of it afterwards."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from server.domain.quality import Look
from server.domain.words import ConnectionId, EntryKind, Grade, LineState, Outcome, Trouble, Visibility
from server.media.protocol import LineView
from server.service import sessions, timeline
from server.service.lines import keep_looks
from server.service.media_views import PersonLine
from server.service.views import ConnectionView, Entry
from server.store import looks
from server.store.tables import line_look
from tests.desk import Customer, Desk
from tests.worker_double import until

GOOD = {"up_loss": 0.0, "down_loss": 0.0, "rtt_ms": 40.0}
LOSSY = {"up_loss": 0.0, "down_loss": 0.2, "rtt_ms": 90.0}


class Call:
    """A running call whose lines are looked at every five seconds."""

    def __init__(self, desk: Desk, customer: Customer, people: dict[str, ConnectionView]) -> None:
        self.desk, self.customer, self.people = desk, customer, people
        self._at = datetime.now(UTC)

    async def look(self, times: int = 1, **seen: dict[str, float]) -> None:
        """The worker says so often what it saw, by name."""
        for _ in range(times):
            self._at += timedelta(seconds=5)
            lines = [dataclasses.asdict(self.line(name, **one)) for name, one in seen.items()]
            told = len(self.desk.heard.of("lines")) + 1
            await self.desk.worker.say(
                "lines", session=self.customer.session, at=self._at.timestamp(), seconds=5.0, lines=lines
            )
            await self._until_told(told)

    async def _until_told(self, times: int) -> None:
        await until(lambda: len(self.desk.heard.of("lines")) == times)

    def line(self, name: str, **seen: Any) -> LineView:
        one = self.people[name]
        none = {"up_loss": None, "down_loss": None, "up_jitter_ms": 5.0, "down_jitter_ms": 7.0, "rtt_ms": None}
        return LineView(str(one.participant), one.connection, 500_000, 900_000, **{**none, "height": 360, **seen})

    def told(self) -> dict[ConnectionId, PersonLine]:
        found: dict[ConnectionId, PersonLine] = self.desk.heard.of("lines")[-1][1]
        return found

    async def quality(self) -> list[Entry]:
        return [one for one in await self.desk.entries(self.customer.case) if one.kind is EntryKind.QUALITY]


async def call(desk: Desk) -> Call:
    customer = await desk.customer_opens_case()
    await desk.agent_takes(customer, "ann")
    mine = await desk.connects(customer.principal, customer.session)
    hers = await desk.connects(await desk.agent("ann"), customer.session)
    return Call(desk, customer, {"customer": mine, "ann": hers})


async def test_weak_line_is_told_after_two_looks_with_its_reason(small_desk: Desk) -> None:
    here = await call(small_desk)
    mine = here.people["customer"].connection
    await here.look(1, customer=LOSSY | {"twice": True}, ann=GOOD)
    assert here.told()[mine].state is LineState.GOOD
    await here.look(1, customer=LOSSY | {"twice": True}, ann=GOOD)
    line = here.told()[mine]
    assert (line.state, line.trouble, line.twice) == (LineState.BAD, Trouble.LOSS_DOWN, True)
    assert (line.loss_down, line.jitter_ms, line.down_kbps) == (0.2, 7.0, 900)
    assert here.told()[here.people["ann"].connection].state is LineState.GOOD


async def test_what_only_the_page_sees_counts(small_desk: Desk) -> None:
    here = await call(small_desk)
    mine, lines = here.people["customer"].connection, small_desk.house.lines
    await here.look(1, customer=GOOD)
    now = small_desk.house.now()
    assert lines.see_page(mine, Look(10.0, frozen=0.3, fps=12, height=180), now)
    assert not lines.see_page(mine, Look(10.0, frozen=0.9), now)  # Too soon.
    assert not lines.see_page(ConnectionId("nobody's"), Look(10.0, frozen=0.9), now)
    await here.look(2, customer=GOOD)
    line = here.told()[mine]
    assert (line.trouble, line.frozen, line.height) == (Trouble.FREEZES, 0.3, 180)
    small_desk.clock.move(seconds=30)
    await here.look(2, customer=GOOD)
    assert here.told()[mine].state is LineState.GOOD  # The page has said nothing for a while.


async def test_poor_call_is_in_the_case_with_numbers_for_agents_and_a_sentence_for_the_customer(desk: Desk) -> None:
    here = await call(desk)
    await here.look(6, customer=LOSSY, ann=GOOD)
    await desk.ends(here.customer, Outcome.SOLVED)
    for_agents, for_all = await here.quality()
    assert (for_agents.visibility, for_all.visibility) == (Visibility.AGENTS, Visibility.EVERYONE)
    assert (for_agents.data["grade"], for_agents.data["trouble"]) == (Grade.POOR, Trouble.LOSS_DOWN)
    people = for_agents.data["people"]
    assert isinstance(people, list)
    carla = next(one for one in people if one["name"] == "Carla")
    assert (carla["kind"], carla["grade"], carla["seconds"]) == ("customer", "poor", 30)
    assert (carla["loss_down_median"], carla["loss_down_worst"], carla["rtt_ms_worst"]) == (0.2, 0.2, 90.0)
    assert next(one for one in people if one["name"] == "ann")["grade"] == "good"
    assert for_all.data == {"grade": "poor"}
    read = await timeline.read_timeline(desk.house, here.customer.principal, here.customer.case)
    assert [one.data for one in read.entries if one.kind is EntryKind.QUALITY] == [{"grade": "poor"}]


async def test_customer_reads_nothing_of_a_good_call_or_of_others_lines(desk: Desk) -> None:
    here = await call(desk)
    await here.look(6, customer=GOOD, ann=LOSSY)
    await desk.ends(here.customer, Outcome.SOLVED)
    (entry,) = await here.quality()
    assert (entry.visibility, entry.data["grade"]) == (Visibility.AGENTS, "poor")


async def test_short_call_says_nothing(small_desk: Desk) -> None:
    here = await call(small_desk)
    await here.look(2, customer=LOSSY, ann=LOSSY)
    await small_desk.ends(here.customer, Outcome.SOLVED)
    assert await here.quality() == []


async def test_reconnected_person_is_one_and_what_was_seen_before_counts(desk: Desk) -> None:
    """A page that was killed, another web process that heard the same, and looks that were written already."""
    here = await call(desk)
    await here.look(3, customer=LOSSY, ann=GOOD)
    twice_heard = desk.house.lines.take()
    for _ in range(2):
        async with desk.house.db.write() as db:
            await looks.add_looks(db, twice_heard)
    await desk.worker.lose(here.people["customer"].connection)
    here.people["customer"] = await desk.connects(here.customer.principal, here.customer.session)
    await here.look(3, customer=LOSSY, ann=GOOD)
    await desk.ends(here.customer, Outcome.FOLLOW_UP)
    people = (await here.quality())[0].data["people"]
    assert isinstance(people, list)
    assert sorted((one["name"], one["seconds"], one["grade"]) for one in people) == [
        ("Carla", 30, "poor"),
        ("ann", 30, "good"),
    ]


async def test_nothing_is_kept_of_an_ended_session(desk: Desk) -> None:
    here = await call(desk)
    await here.look(4, customer=GOOD, ann=GOOD)
    await keep_looks(desk.house)
    await sessions.end_session(desk.house, await desk.agent("ann"), here.customer.session, Outcome.SOLVED)
    await here.look(2, customer=GOOD, ann=GOOD)  # Said before the worker heard of the end.
    await keep_looks(desk.house)
    async with desk.house.db.read() as db:
        assert (await db.execute(select(func.count()).select_from(line_look))).scalar_one() == 0
