"""A place in the queue, and how long it takes. Pure rules; times in seconds, UNIX or any one clock."""

from collections.abc import Sequence
from dataclasses import dataclass

RECENT_TAKES = 10
RECENT_S = 2 * 3600.0
TAKES_NEEDED = 3
STEP_S = 60


@dataclass(frozen=True, slots=True)
class Range:
    """A waiting time between two round values, in seconds."""

    min_s: int
    max_s: int


def waiting_range(ahead: int, takes: Sequence[float], agents_here: int, now: float) -> Range | None:
    """How long somebody with `ahead` people before them will wait; None when nobody can honestly say.

    `takes` are the moments at which cases were taken lately, in any order. The pace is the mean pause between the last ten
    of the last two hours, counted up to now, so that it slows down while nothing happens. Fewer than three, or no agent: None.
    """
    recent = sorted(moment for moment in takes if 0 <= now - moment <= RECENT_S)[-RECENT_TAKES:]
    if agents_here < 1 or len(recent) < TAKES_NEEDED:
        return None
    pause_s = (now - recent[0]) / len(recent)
    expected_s = pause_s * (ahead + 1)
    low = int(expected_s / 2 // STEP_S) * STEP_S
    high = (int(expected_s * 1.5 // STEP_S) + 1) * STEP_S
    return Range(low, high)
