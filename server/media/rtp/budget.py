"""How much of a line retransmissions may take."""

SHARE = 0.5
"""Of what a slot sends. 30 % of loss needs 0.43; a line that is too narrow loses more than that, and repeats would only fill it further."""
A_SECOND = 20.0
"""Also without new packets: the last ones before a pause must come, too."""
AT_ONCE = 100.0


class ResendBudget:
    """Counts in packets. What a receiver asks for beyond it is not sent: it asks again, or for a key frame."""

    def __init__(self) -> None:
        self._left = AT_ONCE
        self._sent = 0
        self._at = 0.0

    def take(self, sent: int, now: float) -> bool:
        """True when one more may be repeated at `now` (seconds), the slot having sent `sent` packets so far."""
        earned = SHARE * max(0, sent - self._sent) + A_SECOND * (now - self._at)
        self._left = min(AT_ONCE, self._left + earned)
        self._sent, self._at = sent, now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
