"""What the services of the reach answer: channels, viewers in numbers, and the six months of § 54 MStV. Times are UTC; `_s` are seconds."""

from dataclasses import dataclass
from datetime import date, datetime

from server.domain.reach import Span, Standing, Step
from server.domain.words import ChannelId, SessionId


@dataclass(frozen=True, slots=True)
class ChannelView:
    """Under whose name broadcasts stand. `complete`: it names a person responsible and an Impressum, so that something may go public."""

    id: ChannelId
    slug: str
    name: str
    responsible_name: str
    responsible_address: str
    imprint_url: str
    warn_share: float
    complete: bool


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """A channel and where it stands against the limit."""

    channel: ChannelView
    standing: Standing
    share: float


@dataclass(frozen=True, slots=True)
class ChannelsView:
    """All channels."""

    channels: list[ChannelStanding]


@dataclass(frozen=True, slots=True)
class ForecastView:
    """What comes if it goes on as in the last `weeks`: the average in six months, and the day on which the limit is reached."""

    average: float
    reaches_on: date | None
    weeks: int


@dataclass(frozen=True, slots=True)
class StepView:
    """The five minutes or the week from `at`: viewers on average over the time on air, most at once, seconds watched and on air."""

    at: datetime | date
    average: float
    peak: int
    watch_s: float
    air_s: float


@dataclass(frozen=True, slots=True)
class ReachView:
    """Simultaneous viewers of a channel in the last six months. `air_average` is over the time on air, `all_average` over all the time;
    `share` is the first one's of the limit."""

    channel: ChannelView
    since: datetime
    until: datetime
    limit: int
    air_average: float
    all_average: float
    peak: int
    watch_s: float
    air_s: float
    share: float
    standing: Standing
    forecast: ForecastView | None
    weeks: list[StepView]


@dataclass(frozen=True, slots=True)
class NumbersView:
    """How a broadcast goes. `pages` watch on our pages, `players` elsewhere; both are `now`. `lines_a_minute` is of the last five minutes."""

    session: SessionId
    now: int
    pages: int
    players: int
    peak: int
    average: float
    watch_s: float
    air_s: float
    members: int
    lines: int
    lines_a_minute: float
    questions: int
    votes: int
    steps: list[StepView]


def step_view(one: Step | Span) -> StepView:
    """A step or a week as it goes over the wire."""
    at = one.at if isinstance(one, Step) else one.since
    return StepView(at, round(one.average, 2), one.peak, round(one.watch_s, 1), round(one.air_s, 1))
