"""Is a receiver's line bad? From the loss in its receiver reports."""

BAD_SHARE = 0.03
GOOD_SHARE = 0.01
GOOD_FOR_S = 10.0


class LossWatch:
    """Bad after two reports in a row above 3 %, good again after ten seconds below 1 %."""

    def __init__(self) -> None:
        self.is_bad = False
        self._above = 0
        self._above_good_at = 0.0

    def note(self, share: float, now: float) -> bool:
        """A report says that `share` (0..1) of the packets were lost; True when `is_bad` has changed."""
        self._above = self._above + 1 if share > BAD_SHARE else 0
        if share > GOOD_SHARE:
            self._above_good_at = now
        before = self.is_bad
        if self._above >= 2:
            self.is_bad = True
        elif now - self._above_good_at > GOOD_FOR_S:
            self.is_bad = False
        return self.is_bad is not before
