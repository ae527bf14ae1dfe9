"""How much of a line retransmissions may take."""

SHARE, SHARE_TWICE = 0.2, 0.7
"""Of what a slot sends. A line that is too narrow loses more than a fifth, and repeats would only fill it further. One that loses whatever we send
(`Line.own_loss`) is no fuller for them: 30 % of that need 0.43 when each goes once."""
A_SECOND = 5.0
"""Also without new packets: the last ones before a pause must come, too."""
AT_ONCE = 100.0


class ResendBudget:
    """Counts in packets. What a receiver asks for beyond it is not sent: it asks again, or for a key frame."""

    def __init__(self) -> None:
        self._left = AT_ONCE
        self._sent = 0
        self._at = 0.0

    def take(self, sent: int, now: float, share: float) -> bool:
        """True when one more may be repeated at `now` (seconds), the slot having sent `sent` packets so far; `share` of them may."""
        earned = share * max(0, sent - self._sent) + A_SECOND * (now - self._at)
        self._left = min(AT_ONCE, self._left + earned)
        self._sent, self._at = sent, now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
