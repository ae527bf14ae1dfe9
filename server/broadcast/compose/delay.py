"""How far the programme stays behind the stage: as much as the latest frames need, and no more.

The stream's times are those of the capture, so a change of the delay changes no time in it: viewers only get the next part a little later or sooner.
"""

LEAST_S, MOST_S = 0.15, 0.5
NEAR_S = 0.1
"""The least while somebody watches who is to have it sooner than by LL-HLS: there a moment more is nothing, and spares late sounds."""
FIRST_S = 0.2
SPARE_S = 0.03
FADE, NEAR_FADE = 0.01, 0.05
"""Seconds a second: after a bad moment it takes half a minute to be as near as before, and a few seconds for who is to have it sooner."""


class Delay:
    """Told by all threads when frames are ready; a lost update costs one frame. `is_near`: the programme is to be as near as it can."""

    def __init__(self) -> None:
        self._needed_s, self._at = FIRST_S, 0.0
        self.is_near = False

    def note(self, late_s: float, now: float) -> None:
        """A frame was ready to be shown or heard so long after its capture."""
        if not self._at or late_s + SPARE_S > self.at(now):
            self._needed_s, self._at = min(max(late_s + SPARE_S, self.at(now)), MOST_S), now

    def at(self, now: float) -> float:
        """Seconds between capture and programme."""
        least_s, fade = (NEAR_S, NEAR_FADE) if self.is_near else (LEAST_S, FADE)
        return max(least_s, self._needed_s - fade * max(0.0, now - self._at)) if self._at else FIRST_S
