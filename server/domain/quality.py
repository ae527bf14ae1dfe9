"""How good a line is, and how good a call was: from what worker and pages saw. Rules only."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from statistics import median

from server.domain.words import Grade, LineState, Trouble

ENOUGH_S = 15.0
"""A call that was seen for less has no grade."""
FAIR_SHARE, FAIR_BAD_SHARE = 0.10, 0.03
POOR_SHARE, POOR_BAD_SHARE = 0.50, 0.15


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of one person's line in some seconds. Shares are 0..1; None: that was not seen.

    `frozen`: the share of time in which a picture stood still; `made_up`: of the sound, what the browser had to invent. `height` is of the largest
    picture that reached them.
    """

    seconds: float
    loss_up: float | None = None
    loss_down: float | None = None
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    up_kbps: float | None = None
    down_kbps: float | None = None
    frozen: float | None = None
    made_up: float | None = None
    fps: float | None = None
    height: int | None = None
    lowered: bool = False
    twice: bool = False

    def over(self, other: "Look | None") -> "Look":
        """This one, with what only `other` saw."""
        if other is None:
            return self
        seen = {one.name: getattr(other, one.name) for one in fields(self) if getattr(self, one.name) is None}
        return replace(self, **seen, lowered=self.lowered or other.lowered, twice=self.twice or other.twice)


_LIMITS: tuple[tuple[Trouble, Callable[[Look], float | None], float, float], ...] = (
    (Trouble.NARROW, lambda look: float(look.lowered), 0.5, 2.0),
    (Trouble.LOSS_DOWN, lambda look: look.loss_down, 0.03, 0.10),
    (Trouble.LOSS_UP, lambda look: look.loss_up, 0.03, 0.10),
    (Trouble.SOUND, lambda look: look.made_up, 0.05, 0.20),
    (Trouble.FREEZES, lambda look: look.frozen, 0.05, 0.20),
    (Trouble.DELAY, lambda look: look.rtt_ms, 350.0, 900.0),
)
"""Above the first number a line is weak, above the second bad. What explains the others stands first."""


def judge(look: Look) -> tuple[LineState, Trouble]:
    """How good the line is, and what is wrong with it: the worst of all."""
    worst, trouble = 0, Trouble.NONE
    for name, read, weak, bad in _LIMITS:
        value = read(look)
        level = 0 if value is None else (value > weak) + (value > bad)
        if level > worst:
            worst, trouble = level, name
    return (LineState.GOOD, LineState.WEAK, LineState.BAD)[worst], trouble


@dataclass(frozen=True, slots=True)
class Spread:
    """The usual value, and the worst one."""

    median: float
    worst: float


@dataclass(frozen=True, slots=True)
class Graded:
    """How good a call was for one person, with what stood in the way most of the time, and the numbers. None: never seen."""

    grade: Grade
    trouble: Trouble
    seconds: float
    loss_up: Spread | None
    loss_down: Spread | None
    rtt_ms: Spread | None
    frozen: Spread | None
    height: Spread | None


def grade(views: Sequence[Sequence[Look]]) -> Graded | None:
    """Of all looks at one person's line, those of each observer in order; None when there are too few to say anything.

    Good: hardly ever weak. Poor: weak half of the time, or bad for more than a seventh of it. The observer who saw more counts: a page knows of
    frozen pictures what no server sees.
    """
    seconds = max((_seconds(view) for view in views), default=0.0)
    if seconds < ENOUGH_S:
        return None
    troubles: Counter[Trouble] = Counter()
    shares = [_shares(view, troubles) for view in views if view]
    found = _grade_of(max(weak for weak, _ in shares), max(bad for _, bad in shares))
    looks = [look for view in views for look in view]
    return Graded(
        found,
        Trouble.NONE if found is Grade.GOOD else troubles.most_common(1)[0][0],
        seconds,
        loss_up=_spread([look.loss_up for look in looks]),
        loss_down=_spread([look.loss_down for look in looks]),
        rtt_ms=_spread([look.rtt_ms for look in looks]),
        frozen=_spread([look.frozen for look in looks]),
        height=_spread([look.height or None for look in looks], worst=min),
    )


def _seconds(view: Sequence[Look]) -> float:
    return sum(look.seconds for look in view)


def _shares(view: Sequence[Look], troubles: Counter[Trouble]) -> tuple[float, float]:
    """For which shares of the time the line was weak or worse, and bad; what was wrong is counted in `troubles`, twice where it was bad."""
    weak_s = bad_s = 0.0
    for look in view:
        state, trouble = judge(look)
        if state is not LineState.GOOD:
            is_bad = state is LineState.BAD
            weak_s += look.seconds
            bad_s += look.seconds * is_bad
            troubles[trouble] += round(look.seconds * 10) * (1 + is_bad)
    return weak_s / _seconds(view), bad_s / _seconds(view)


def _grade_of(weak: float, bad: float) -> Grade:
    if weak > POOR_SHARE or bad > POOR_BAD_SHARE:
        return Grade.POOR
    return Grade.FAIR if weak > FAIR_SHARE or bad > FAIR_BAD_SHARE else Grade.GOOD


def _spread(values: Sequence[float | None], worst: Callable[[list[float]], float] = max) -> Spread | None:
    known = [value for value in values if value is not None]
    return Spread(round(median(known), 4), round(worst(known), 4)) if known else None


def worst_of(all_grades: Sequence[Graded]) -> Graded | None:
    """The one that makes the call what it was."""
    order = (Grade.GOOD, Grade.FAIR, Grade.POOR)
    return max(all_grades, key=lambda one: order.index(one.grade), default=None)


class Calm:
    """The state as it is shown: another one only after it was seen twice in a row."""

    def __init__(self) -> None:
        self.shown = (LineState.GOOD, Trouble.NONE)
        self._news = self.shown

    def see(self, state: LineState, trouble: Trouble) -> tuple[LineState, Trouble]:
        """What to show after this look."""
        if (state is LineState.GOOD) is (self._news[0] is LineState.GOOD):
            self.shown = (state, trouble)
        self._news = (state, trouble)
        return self.shown
