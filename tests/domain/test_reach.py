"""How many watch at the same time on average, against the limit of the law: as the definition says, and never too few."""

import random
from datetime import UTC, date, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.reach import (
    LIMIT,
    STEP,
    STEP_S,
    Reach,
    Span,
    Standing,
    Step,
    by_days,
    by_weeks,
    months_before,
    of_broadcasts,
    of_processes,
    reach_of,
    step_of,
    steps_between,
)

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  Hypothesis adds the zone.

STEPS = st.builds(
    lambda number, air_s, full, peak: Step(NOW - STEP * number, air_s * full, air_s, peak),
    st.integers(0, 50_000),
    st.floats(1, STEP_S),
    st.floats(0, 50_000),
    st.integers(0, 60_000),
)


def watched(viewers: float, days: int, hours: float = 24.0, until: datetime = NOW) -> Reach:
    """The reach of a channel that was on air on each of the last days, with as many viewers all along."""
    first = until - timedelta(days=days)
    spans = [
        Span((first + timedelta(days=n)).date(), viewers * hours * 3600, hours * 3600, round(viewers))
        for n in range(days)
    ]
    return reach_of(spans, first, until)


@given(MOMENTS)
def test_step_begins_at_a_fifth_minute_and_holds_its_moment(at: datetime) -> None:
    step = step_of(at)
    assert step <= at < step + STEP
    assert step.timestamp() % STEP_S == 0


@given(MOMENTS, st.floats(0, 5000))
def test_time_is_cut_into_steps_without_loss(since: datetime, seconds: float) -> None:
    until = since + timedelta(seconds=seconds)
    parts = steps_between(since, until)
    assert sum(part for _, part in parts) == pytest.approx((until - since).total_seconds(), abs=1e-3)
    assert all(0 <= part <= STEP_S and step == step_of(step) for step, part in parts)


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=6), st.floats(1, STEP_S))
def test_viewers_spread_over_processes_are_counted_once(viewers: list[float], air_s: float) -> None:
    """However a crowd is spread over web processes, and whichever of them writes first, the average is the crowd's."""
    rows = [Step(NOW, count * air_s, air_s, round(sum(viewers))) for count in viewers]
    random.Random(len(rows)).shuffle(rows)
    whole = reduce(of_processes, rows)
    assert whole.average == pytest.approx(sum(viewers))
    assert whole.peak == round(sum(viewers))


@given(st.lists(STEPS, min_size=2, max_size=5))
def test_broadcasts_at_the_same_time_are_added_up(steps: list[Step]) -> None:
    same = [Step(NOW, one.watch_s, STEP_S, one.peak) for one in steps]
    whole = reduce(of_broadcasts, same)
    assert whole.average == pytest.approx(sum(one.average for one in same))
    assert whole.peak == sum(one.peak for one in same)


@given(st.lists(STEPS, min_size=1, max_size=5))
def test_broadcasts_in_one_step_are_never_fewer_than_one_of_them(steps: list[Step]) -> None:
    whole = reduce(of_broadcasts, steps)
    assert whole.peak >= max(one.peak for one in steps)
    assert whole.average * max(one.air_s for one in steps) == pytest.approx(sum(one.watch_s for one in steps))


@given(st.lists(STEPS, max_size=40))
def test_days_keep_what_steps_had(steps: list[Step]) -> None:
    days = by_days(steps)
    assert [day.since for day in days] == sorted({step.at.date() for step in steps})
    assert sum(day.watch_s for day in days) == pytest.approx(sum(step.watch_s for step in steps))
    assert max((day.peak for day in days), default=0) == max((step.peak for step in steps), default=0)
    weeks = by_weeks(days, date(2020, 1, 1), NOW.date())
    assert sum(week.watch_s for week in weeks) == pytest.approx(sum(step.watch_s for step in steps))


@given(st.lists(STEPS, min_size=1, max_size=40))
def test_average_over_air_time_is_the_stricter_one(steps: list[Step]) -> None:
    days = by_days({step.at: step for step in steps}.values())
    reach = reach_of(days, min(step.at for step in steps), NOW)
    assert reach.air_average >= reach.all_average >= 0
    within = [step for step in steps if step.at.date() >= reach.since.date()]
    assert reach.air_average <= max((step.average for step in within), default=0.0) * (1 + 1e-9)
    assert reach.since >= NOW - timedelta(days=185)


def test_steady_crowd_is_its_own_average() -> None:
    around_the_clock = watched(1000, 150)
    assert around_the_clock.air_average == around_the_clock.all_average == 1000
    two_hours_a_day = watched(1000, 150, hours=2)
    assert two_hours_a_day.air_average == 1000
    assert two_hours_a_day.all_average == pytest.approx(1000 / 12)


def test_new_channel_is_not_thinned_out_by_the_time_before_it() -> None:
    reach = watched(15_000, 10)
    assert reach.all_average == 15_000
    assert (reach.until - reach.since).days == 10


def test_what_is_older_than_six_months_no_longer_counts() -> None:
    old = Span(date(2026, 5, 29), 90_000 * 3600.0, 3600.0, 90_000)
    edge = Span(date(2026, 5, 30), 100 * 3600.0, 3600.0, 100)
    reach = reach_of([old, edge], datetime(2025, 1, 1, tzinfo=UTC), NOW)
    assert (reach.since, reach.peak, reach.air_average) == (datetime(2026, 5, 30, tzinfo=UTC), 100, 100)


def test_channel_without_a_broadcast_reaches_nobody() -> None:
    reach = reach_of([], None, NOW)
    assert (reach.air_average, reach.all_average, reach.peak, reach.forecast) == (0, 0, 0, None)
    assert reach.standing(0.8) is Standing.BELOW


@pytest.mark.parametrize(
    ("viewers", "standing"),
    [(15_999, Standing.BELOW), (16_000, Standing.NEAR), (19_999, Standing.NEAR), (LIMIT, Standing.OVER)],
)
def test_warning_comes_at_the_share_and_again_at_the_limit(viewers: float, standing: Standing) -> None:
    assert watched(viewers, 100, hours=1).standing(0.8) is standing


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2026, 11, 30), date(2026, 5, 30)),
        (date(2026, 8, 31), date(2026, 2, 28)),
        (date(2024, 8, 30), date(2024, 2, 29)),
        (date(2026, 3, 15), date(2025, 9, 15)),
        (date(2026, 6, 30), date(2025, 12, 30)),
    ],
)
def test_six_months_are_counted_by_the_calendar(day: date, before: date) -> None:
    assert months_before(day) == before


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_six_months_are_half_a_year(day: date) -> None:
    assert 181 <= (day - months_before(day)).days <= 184


@given(st.floats(0, 100_000), st.integers(35, 150))
def test_steady_crowd_is_forecast_to_stay(viewers: float, days: int) -> None:
    forecast = watched(viewers, days, hours=3).forecast
    assert forecast is not None
    assert forecast.average == pytest.approx(viewers, rel=1e-6, abs=1e-6)


def growing(by_a_week: float, start: float = 1000.0) -> Reach:
    first = NOW - timedelta(weeks=16)
    spans = [
        Span((first + timedelta(weeks=n)).date(), max(0.0, start + by_a_week * n) * 7200, 7200, 1) for n in range(16)
    ]
    return reach_of(spans, first, NOW)


def test_growing_crowd_is_warned_of_before_it_is_there() -> None:
    reach = growing(1200)
    assert reach.air_average < 0.8 * LIMIT
    assert reach.forecast is not None
    assert reach.forecast.reaches_on is not None
    assert NOW.date() < reach.forecast.reaches_on < NOW.date() + timedelta(weeks=27)
    assert reach.standing(0.8) is Standing.OVER


def test_shrinking_crowd_ends_at_nobody() -> None:
    forecast = growing(-900, 14_000).forecast
    assert forecast is not None
    assert forecast.average >= 0
    assert forecast.reaches_on is None


def test_too_few_weeks_tell_nothing_of_the_future() -> None:
    assert watched(1000, 15).forecast is None
