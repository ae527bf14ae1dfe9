"""How many people watch a channel at the same time, on average over six months, against the limit of the law. Rules only.

§ 54 (1) MStV needs no licence for programmes that reach fewer than 20,000 simultaneous users on an average of six months, or will by forecast. The
law does not say over which time the average is taken, so there are two of them: over the time in which the channel was on air, and over all time. The
first is never the smaller one; it is the one that we judge by. Moments are UTC, and so are days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import reduce

LIMIT = 20_000
MONTHS = 6
STEP = timedelta(minutes=5)
STEP_S = 300
TREND_WEEKS = 12
"""The forecast goes on as these last weeks went; more would hide a turn, fewer would follow one lucky broadcast."""
TREND_WEEKS_MIN = 4
AHEAD_WEEKS = 26
_WEEK = timedelta(weeks=1)


class Standing(StrEnum):
    """Where a channel stands: below the share at which people want to be warned, above it, or at the limit."""

    BELOW = "below"
    NEAR = "near"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Step:
    """What was counted in the five minutes from `at`: seconds watched by all together, seconds on air, most viewers at once."""

    at: datetime
    watch_s: float
    air_s: float
    peak: int

    @property
    def average(self) -> float:
        """Simultaneous viewers on average over the time on air."""
        return self.watch_s / self.air_s if self.air_s else 0.0


def step_of(at: datetime) -> datetime:
    """The beginning of the step that a moment is in."""
    return at.replace(minute=at.minute - at.minute % 5, second=0, microsecond=0)


def steps_between(since: datetime, until: datetime) -> list[tuple[datetime, float]]:
    """The steps that a time touches, each with how many seconds of it lie there."""
    found, at = [], step_of(since)
    while at < until:
        found.append((at, overlap_s(since, until, at)))
        at += STEP
    return found


def overlap_s(since: datetime, until: datetime, step: datetime) -> float:
    """How many seconds of a time lie in the step."""
    return max(0.0, (min(until, step + STEP) - max(since, step)).total_seconds())


def of_processes(one: Step, other: Step) -> Step:
    """The same broadcast and step as two web processes counted it. Each counts its own, but all know what is on air and how many watch."""
    return Step(one.at, one.watch_s + other.watch_s, max(one.air_s, other.air_s), max(one.peak, other.peak))


def of_broadcasts(one: Step, other: Step) -> Step:
    """Two broadcasts of a channel in the same step. As if they had been on air at the same time, and full at the same moment: never too few."""
    return Step(one.at, one.watch_s + other.watch_s, max(one.air_s, other.air_s), one.peak + other.peak)


@dataclass(frozen=True, slots=True)
class Span:
    """What was counted from a day on: on one day, or in one week that begins there."""

    since: date
    watch_s: float = 0.0
    air_s: float = 0.0
    peak: int = 0

    @property
    def average(self) -> float:
        """Simultaneous viewers on average over the time on air."""
        return self.watch_s / self.air_s if self.air_s else 0.0

    def and_(self, other: "Span | Step") -> "Span":
        """This one, with what was counted at another time."""
        return Span(self.since, self.watch_s + other.watch_s, self.air_s + other.air_s, max(self.peak, other.peak))


def by_days(steps: Iterable[Step]) -> list[Span]:
    """The steps of a channel by day, in order."""
    days: dict[date, Span] = {}
    for step in steps:
        day = step.at.date()
        days[day] = days.get(day, Span(day)).and_(step)
    return [days[day] for day in sorted(days)]


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def by_weeks(days: Sequence[Span], since: date, until: date) -> list[Span]:
    """Every week that touches the time, those without a broadcast too."""
    weeks = {monday: Span(monday) for monday in _mondays(since, until)}
    for day in days:
        monday = monday_of(day.since)
        if monday in weeks:
            weeks[monday] = weeks[monday].and_(day)
    return list(weeks.values())


def _mondays(since: date, until: date) -> list[date]:
    first = monday_of(since)
    return [first + _WEEK * number for number in range((monday_of(until) - first).days // 7 + 1)]


def months_before(day: date, months: int = MONTHS) -> date:
    """The same day so many months earlier, or the last of that month."""
    number = day.year * 12 + day.month - 1 - months
    year, month = divmod(number, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True, slots=True)
class Forecast:
    """What comes if it goes on as in the last weeks: the average in six months, and the day on which it reaches the limit, if it does."""

    average: float
    reaches_on: date | None
    weeks: int


@dataclass(frozen=True, slots=True)
class Reach:
    """The six months up to a moment. `since`: their beginning, or the first broadcast if that was later.

    `air_average`: simultaneous viewers on average over the time on air; `all_average`: over all the time since then.
    """

    since: datetime
    until: datetime
    air_average: float
    all_average: float
    peak: int
    watch_s: float
    air_s: float
    weeks: list[Span]
    forecast: Forecast | None

    @property
    def share(self) -> float:
        """How much of the limit is reached, by the average over the time on air."""
        return self.air_average / LIMIT

    def standing(self, warn_share: float) -> Standing:
        """Where the channel stands now, or in six months if that is worse."""
        coming = self.forecast.average / LIMIT if self.forecast else 0.0
        worst = max(self.share, coming)
        if worst >= 1.0:
            return Standing.OVER
        return Standing.NEAR if worst >= warn_share else Standing.BELOW


def reach_of(days: Sequence[Span], first: datetime | None, now: datetime) -> Reach:
    """The reach at a moment, from the days of (at least) the last six months. `first`: the channel's first step ever."""
    since = datetime.combine(months_before(now.date()), datetime.min.time(), UTC)
    since = min(now, max(since, first or now))
    within = [day for day in days if since.date() <= day.since <= now.date()]
    whole = reduce(Span.and_, within, Span(since.date()))
    all_s = (now - since).total_seconds()
    weeks = by_weeks(within, since.date(), now.date())
    return Reach(
        since=since,
        until=now,
        air_average=whole.average,
        all_average=whole.watch_s / max(all_s, whole.air_s) if whole.air_s else 0.0,
        peak=whole.peak,
        watch_s=whole.watch_s,
        air_s=whole.air_s,
        weeks=weeks,
        forecast=forecast_of(weeks),
    )


def forecast_of(weeks: Sequence[Span]) -> Forecast | None:
    """A straight line through the weekly averages of the last weeks, continued for half a year; None when there are too few to say.

    Future weeks are on air as long as the last ones were. A line that falls ends at zero.
    """
    recent = weeks[-TREND_WEEKS:]
    seen = [(float(number), week.average) for number, week in enumerate(recent) if week.air_s]
    if len(seen) < TREND_WEEKS_MIN:
        return None
    level, slope = _line(seen)
    air_s = sum(week.air_s for week in recent) / len(recent)
    known, reaches_on = list(weeks), None
    for ahead in range(AHEAD_WEEKS):
        expected = max(0.0, level + slope * (len(recent) + ahead))
        known.append(Span(known[-1].since + _WEEK, expected * air_s, air_s))
        if reaches_on is None and _average(known[-AHEAD_WEEKS:]) >= LIMIT:
            reaches_on = known[-1].since
    return Forecast(_average(known[-AHEAD_WEEKS:]), reaches_on, len(seen))


def _average(weeks: Sequence[Span]) -> float:
    return reduce(Span.and_, weeks, Span(weeks[0].since)).average


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Level at zero and slope of the straight line nearest to the points (least squares)."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    return middle_y - slope * middle_x, slope
