"""Counted viewers in the database, a broadcast's numbers, and a channel's six months."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from server.domain.principal import Anonymous
from server.domain.reach import Standing
from server.domain.words import (
    BroadcastState,
    ChatLineState,
    LineId,
    MemberId,
    MemberRole,
    Openness,
    QuestionId,
    QuestionState,
    Role,
    SessionId,
)
from server.errors import BadField, Forbidden, ImprintNeeded, NotFound, NotSignedIn
from server.service import reach, viewing
from server.service.reach_views import ReachView
from server.service.viewers import OnAir
from server.store.broadcast_rows import LineRow, MemberRow, QuestionRow
from server.store.broadcast_tables import line, member, question
from tests.broadcasts import first_channel, made_broadcast, set_broadcast, watched
from tests.desk import Desk

NAMED = {"responsible_name": "Erika Muster", "responsible_address": "Weg 1\n12345 Ort", "imprint_url": "https://x.de/i"}


async def look(desk: Desk, minutes: float, known: list[OnAir] | None = None) -> None:
    """Looks every five seconds for so long."""
    for _ in range(round(minutes * 12)):
        desk.clock.move(seconds=5)
        await viewing.look_at_viewers(desk.house, known or ())


def come(desk: Desk, session: SessionId, count: int) -> None:
    for number in range(count):
        desk.house.viewers.connected(session, desk.house.viewers.watcher(f"192.0.2.{number}", "Firefox"))


async def test_viewers_of_a_broadcast_are_counted_and_kept(desk: Desk) -> None:
    row = await made_broadcast(desk.house)
    ann = await desk.agent("ann")
    come(desk, row.session_id, 12)
    await look(desk, 6)
    await viewing.keep_viewers(desk.house)
    numbers = await viewing.read_numbers(desk.house, ann, row.session_id)
    assert (numbers.now, numbers.pages, numbers.players, numbers.peak) == (12, 12, 0, 12)
    assert numbers.average == pytest.approx(12, rel=0.05)
    assert numbers.watch_s == pytest.approx(12 * 360, rel=0.05)
    assert 1 <= len(numbers.steps) <= 3
    told = desk.heard.of("viewers")
    assert len(told) == 72
    assert told[-1][1][row.session_id].all == 12


async def test_what_ended_is_no_longer_counted(desk: Desk) -> None:
    row = await made_broadcast(desk.house)
    come(desk, row.session_id, 3)
    await look(desk, 1)
    await set_broadcast(desk.house, row.session_id, state=BroadcastState.ENDED)
    await look(desk, 5)
    await viewing.keep_viewers(desk.house)
    numbers = await viewing.read_numbers(desk.house, await desk.agent("ann"), row.session_id)
    assert numbers.watch_s <= 3 * 66


async def test_private_broadcast_has_numbers_but_no_reach(desk: Desk) -> None:
    row = await made_broadcast(desk.house, visibility=Openness.PRIVATE)
    ann = await desk.agent("ann")
    come(desk, row.session_id, 3)
    await look(desk, 2)
    await viewing.keep_viewers(desk.house)
    assert (await viewing.read_numbers(desk.house, ann, row.session_id)).watch_s > 0
    assert (await reach.read_reach(desk.house, ann, "main")).air_s == 0


async def test_numbers_say_who_took_part(desk: Desk) -> None:
    row = await made_broadcast(desk.house)
    now, session = desk.house.now(), row.session_id
    who = MemberRow(MemberId("m"), session, None, "Mo", MemberRole.VIEWER, now)
    asked = QuestionRow(QuestionId("q"), session, 1, who.id, "Mo", "How?", QuestionState.ASKED, now, "c" * 16, votes=7)
    lines = [
        LineRow(LineId(f"l{n}"), session, n, who.id, None, "Mo", "Hi", state, at, f"{n}" * 16)
        for n, state, at in (
            (2, ChatLineState.SHOWN, now),
            (3, ChatLineState.REMOVED, now),
            (4, ChatLineState.SHOWN, now - timedelta(hours=1)),
        )
    ]
    async with desk.house.db.write() as db:
        await db.execute(insert(member).values(**dataclasses.asdict(who)))
        await db.execute(insert(question).values(**dataclasses.asdict(asked)))
        for one in lines:
            await db.execute(insert(line).values(**dataclasses.asdict(one)))
    numbers = await viewing.read_numbers(desk.house, await desk.agent("ann"), session)
    assert (numbers.members, numbers.questions, numbers.votes, numbers.lines) == (1, 1, 7, 2)
    assert numbers.lines_a_minute == 0.2
    with pytest.raises(NotFound):
        await viewing.read_numbers(desk.house, await desk.agent("ann"), SessionId("none"))
    with pytest.raises(NotSignedIn):
        await viewing.read_numbers(desk.house, Anonymous(), session)


async def six_months(desk: Desk, average: float, days: int = 120) -> ReachView:
    now = desk.house.now().astimezone(UTC)
    start = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=days)
    channel = (await first_channel(desk.house)).id
    await watched(desk.house, channel, start, now - timedelta(days=1), average)
    return await reach.read_reach(desk.house, await desk.agent("ann"), "main")


async def test_reach_of_six_months(desk: Desk) -> None:
    found = await six_months(desk, 1200)
    assert (found.air_average, found.peak, found.standing) == (1200, 1560, Standing.BELOW)
    assert found.all_average == pytest.approx(100, rel=0.02)
    assert found.share == 0.06
    assert found.forecast is not None
    assert found.forecast.average == pytest.approx(1200)
    assert sum(week.watch_s for week in found.weeks) == pytest.approx(found.watch_s)
    listed = await reach.list_channels(desk.house, await desk.agent("ann"))
    assert [(one.standing, one.share) for one in listed.channels] == [(Standing.BELOW, 0.06)]


async def test_warning_follows_the_share_that_admins_set(desk: Desk) -> None:
    assert (await six_months(desk, 12_000, days=20)).standing is Standing.BELOW
    admin = await desk.agent("bob", Role.ADMIN)
    await reach.change_channel(desk.house, admin, "main", {"warn_share": 0.6})
    assert (await reach.read_reach(desk.house, admin, "main")).standing is Standing.NEAR


async def test_export_holds_every_step_of_the_period(small_desk: Desk) -> None:
    await six_months(small_desk, 50, days=250)
    export = await reach.read_export(small_desk.house, await small_desk.agent("ann"), "main")
    assert export.steps[0].at >= export.reach.since
    assert sum(step.watch_s for step in export.steps) == pytest.approx(export.reach.watch_s)
    assert len(export.steps) == export.reach.air_s / 300


async def test_channel_is_changed_by_admins_and_cleaned(small_desk: Desk) -> None:
    admin, ann = await small_desk.agent("bob", Role.ADMIN), await small_desk.agent("ann")
    changed = await reach.change_channel(small_desk.house, admin, "main", NAMED | {"name": " Stadt\u202ewerke "})
    assert (changed.name, changed.complete, changed.responsible_address) == ("Stadtwerke", True, "Weg 1\n12345 Ort")
    emptied = await reach.change_channel(small_desk.house, admin, "main", {"responsible_name": " "})
    assert (emptied.responsible_name, emptied.complete) == ("", False)
    with pytest.raises(Forbidden):
        await reach.change_channel(small_desk.house, ann, "main", NAMED)
    with pytest.raises(BadField):
        await reach.change_channel(small_desk.house, admin, "main", {"imprint_url": "javascript:alert(1)"})
    with pytest.raises(NotFound):
        await reach.change_channel(small_desk.house, admin, "none", {})


async def test_channel_with_something_public_keeps_its_names(small_desk: Desk) -> None:
    admin = await small_desk.agent("bob", Role.ADMIN)
    await reach.change_channel(small_desk.house, admin, "main", NAMED)
    row = await made_broadcast(small_desk.house, state=BroadcastState.ENDED)
    with pytest.raises(ImprintNeeded):
        await reach.change_channel(small_desk.house, admin, "main", {"imprint_url": ""})
    await reach.change_channel(small_desk.house, admin, "main", {"responsible_name": "Max Muster"})
    await set_broadcast(small_desk.house, row.session_id, removed_at=small_desk.house.now())
    await reach.change_channel(small_desk.house, admin, "main", {"imprint_url": ""})
