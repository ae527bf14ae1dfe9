"""When to ask a sender for a key frame."""

REPEAT_S = 0.4
SOON = 3
"""Requests that go unanswered so soon after each other; then one a second, for a sender that cannot or will not."""
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
        self._unanswered = 0

    def need(self) -> None:
        """Ask soon and repeat until a key frame is in."""
        self._needed = True
        self._unanswered = 0

    def wish(self) -> None:
        """Ask, merged to one a second."""
        self._wished = True

    def arrived(self, now: float) -> None:
        """A key frame is in."""
        self.arrived_at = now
        self._needed = self._wished = False
        self._unanswered = 0

    @property
    def is_open(self) -> bool:
        """True while `due` may become true."""
        return self._needed or self._wished

    def due(self, now: float) -> bool:
        """True when a request must be sent now; the caller sends it."""
        if self._wished and now - self.arrived_at >= MERGE_S:
            self._needed, self._wished = True, False
        pause_s = REPEAT_S if self._unanswered < SOON else MERGE_S
        if not self._needed or now - self._asked_at < pause_s or now - self.arrived_at < DEAF_S:
            return False
        self._asked_at = now
        self._unanswered += 1
        return True
