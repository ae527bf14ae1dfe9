"""When to ask a sender for a key frame."""

REPEAT_S = 0.4
DEAF_S = 0.3
"""Chromium drops every request within 0.3 s of its last key frame (measured), so asking earlier only hides the repeat."""
MERGE_S = 1.0


class KeyFrames:
    """Requests for one source. `need` is for a picture that cannot start without; `wish` for everything that can wait a second."""

    def __init__(self) -> None:
        self.arrived_at = float("-inf")
        self._asked_at = float("-inf")
        self._needed = False
        self._wished = False

    def need(self) -> None:
        """Ask soon and repeat until a key frame is in."""
        self._needed = True

    def wish(self) -> None:
        """Ask, merged to one a second."""
        self._wished = True

    def arrived(self, now: float) -> None:
        """A key frame is in."""
        self.arrived_at = now
        self._needed = self._wished = False

    @property
    def is_open(self) -> bool:
        """True while `due` may become true."""
        return self._needed or self._wished

    def due(self, now: float) -> bool:
        """True when a request must be sent now; the caller sends it."""
        if self._wished and now - self.arrived_at >= MERGE_S:
            self._needed, self._wished = True, False
        if not self._needed or now - self._asked_at < REPEAT_S or now - self.arrived_at < DEAF_S:
            return False
        self._asked_at = now
        return True
