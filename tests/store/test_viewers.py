"""Viewers in steps: the database says the same as the rules, on both engines."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path

from server.domain.reach import STEP, Span, Step, by_days, of_broadcasts, of_processes
from server.domain.words import ChannelId, SessionId
from server.store import viewers as store
from server.store.broadcast_rows import ViewerStepRow
from tests.broadcasts import first_channel
from tests.desk import open_desk

START = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
SEED = 20


def drawn(draw: random.Random, channel: ChannelId) -> list[ViewerStepRow]:
    """Two processes, three broadcasts, one of them private, over midnight, with holes."""
    return [
        ViewerStepRow(
            SessionId(session),
            START + STEP * number,
            process,
            channel,
            session != "private",
            draw.uniform(0, 90_000),
            draw.choice([30.0, 300.0]),
            draw.randint(0, 400),
        )
        for number in range(50)
        for session in ("one", "two", "private")
        for process in ("a", "b")
        if draw.random() < 0.7
    ]


def together(rows: list[ViewerStepRow], session: str | None = None) -> list[Step]:
    """What the rules make of the rows: of one broadcast, or of all that count."""
    of_one: dict[tuple[str, datetime], list[Step]] = defaultdict(list)
    for row in rows:
        if row.session_id == session or (session is None and row.counts):
            of_one[row.session_id, row.at].append(Step(row.at, row.watch_s, row.air_s, row.peak))
    of_all: dict[datetime, list[Step]] = defaultdict(list)
    for (_, at), steps in of_one.items():
        of_all[at].append(reduce(of_processes, steps))
    return [reduce(of_broadcasts, of_all[at]) for at in sorted(of_all)]


def rounded(steps: list[Step] | list[Span]) -> list[tuple[object, float, float, int]]:
    return [
        (one.at if isinstance(one, Step) else one.since, round(one.watch_s, 3), round(one.air_s, 3), one.peak)
        for one in steps
    ]


async def test_steps_and_days_are_what_the_rules_say(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        channel = (await first_channel(desk.house)).id
        rows = drawn(random.Random(SEED), channel)
        async with desk.house.db.write() as db:
            await store.keep_steps(db, rows)
        async with desk.house.db.read() as db:
            assert rounded(await store.list_steps(db, SessionId("one"))) == rounded(together(rows, "one"))
            assert rounded(await store.list_steps(db, SessionId("private"))) == rounded(together(rows, "private"))
            assert rounded(await store.list_channel_steps(db, channel, START)) == rounded(together(rows))
            days = await store.list_channel_days(db, channel, START)
            assert rounded(days) == rounded(by_days(together(rows)))
            late = START + STEP * 25
            assert rounded(await store.list_channel_steps(db, channel, late)) == rounded(
                [step for step in together(rows) if step.at >= late]
            )
            assert await store.first_step(db, channel) == min(row.at for row in rows if row.counts)
            assert await store.first_step(db, ChannelId("none")) is None


async def test_row_written_again_replaces_itself(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        channel = (await first_channel(desk.house)).id
        for watch_s, peak in ((100.0, 3), (250.0, 4), (250.0, 4)):
            row = ViewerStepRow(SessionId("one"), START, "a", channel, True, watch_s, 60.0, peak)
            async with desk.house.db.write() as db:
                await store.keep_steps(db, [row])
        async with desk.house.db.read() as db:
            assert await store.list_steps(db, SessionId("one")) == [Step(START, 250.0, 60.0, 4)]


async def test_of_old_broadcasts_a_sum_stays(database_url: str, tmp_path: Path) -> None:
    """Once, and not of what was on air later than that: then all of its steps are still needed."""
    async with open_desk(database_url, tmp_path) as desk:
        channel = (await first_channel(desk.house)).id
        rows = drawn(random.Random(SEED), channel)
        later = replace(rows[0], session_id=SessionId("later"), at=START + STEP * 60)
        of_later = [later, replace(later, at=START)]
        async with desk.house.db.write() as db:
            await store.keep_steps(db, [*rows, *of_later])
            assert await store.sum_up_steps(db, START + STEP * 50) == 3
            assert await store.sum_up_steps(db, START + STEP * 50) == 0
        async with desk.house.db.read() as db:
            for session in ("one", "private"):
                steps = together(rows, session)
                (kept,) = await store.list_steps(db, SessionId(session))
                assert kept.at == steps[0].at
                assert kept.peak == max(one.peak for one in steps)
                assert round(kept.watch_s, 3) == round(sum(one.watch_s for one in steps), 3)
                assert kept.air_s == sum(one.air_s for one in steps)
            assert len(await store.list_steps(db, SessionId("later"))) == 2
            assert await store.first_step(db, channel) == min(row.at for row in [*rows, *of_later] if row.counts)
