"""How far the programme stays behind the stage: as much as the latest frames need, and no more.

The stream's times are those of the capture, so a change of the delay changes no time in it: viewers only get the next part a little later or sooner.
"""

LEAST_S, MOST_S = 0.15, 0.5
FIRST_S = 0.2
SPARE_S = 0.03
FADE = 0.01
"""Seconds a second: after a bad moment it takes half a minute to be as near as before."""


class Delay:
    """Told by all threads when frames are ready; a lost update costs one frame."""

    def __init__(self) -> None:
        self._needed_s, self._at = FIRST_S, 0.0

    def note(self, late_s: float, now: float) -> None:
        """A frame was ready to be shown or heard so long after its capture."""
        if late_s + SPARE_S > self.at(now):
            self._needed_s, self._at = min(late_s + SPARE_S, MOST_S), now

    def at(self, now: float) -> float:
        """Seconds between capture and programme."""
        return max(LEAST_S, self._needed_s - FADE * max(0.0, now - self._at)) if self._at else FIRST_S
