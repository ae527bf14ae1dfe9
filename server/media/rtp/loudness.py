"""How loud one microphone is, from what its packets say of themselves (RFC 6464)."""

QUIET = 0.0
RISE, FALL = 1 / 8, 1 / 16
"""Of the way for each packet of 20 ms: a voice is there after a tenth of a second, a click of one packet is not, and syllables run together."""
OLD_S = 0.5
"""Who is silent may send a packet each 0.4 s only (DTX), or none."""


class Loudness:
    """`is_told`: the sender says how loud it is; not every machine does. Counted in dB above -127 dBov: a quiet room is below 67, speech above 77."""

    def __init__(self) -> None:
        self.is_told = False
        self._value = self._least = QUIET
        self._at = float("-inf")

    def note(self, level: int, now: float) -> None:
        """The sender's measure of one packet: 0 as loud as can be, 127 silence."""
        if now - self._at > OLD_S:
            self._value = self._least = QUIET
        step = 127 - level - self._value
        self._value += step * (RISE if step > 0 else FALL)
        self._least = min(self._least, self._value)
        self._at = now
        self.is_told = True

    def at(self, now: float) -> float | None:
        """How loud it is now; None when it never said."""
        if not self.is_told:
            return None
        return self._value if now - self._at <= OLD_S else QUIET

    def take_least(self, now: float) -> float:
        """How loud it was in the quietest moment since this was asked last: the pauses of a voice are shorter than the time between two questions."""
        least, self._least = self._least, self._value
        return least if now - self._at <= OLD_S else QUIET
