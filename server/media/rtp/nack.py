"""Which packets to ask for again, and when to give up."""

from collections.abc import Iterable
from typing import NamedTuple

RETRY_S = 0.030
"""What a sender needs beside the round trip."""
RTT_FACTOR = 1.1
AGAIN_S = 0.020
"""After so much each request is said once more: it is lost as easily as what it asks for, and to wait a round trip for that makes a picture stand
still. It brings nothing twice, because browsers do not resend within a round trip."""
GIVE_UP_S = 1.0
TRIES_MAX = 10
"""Round trips, not requests."""
GAP_MAX = 250
"""A larger gap is a new beginning, not loss: asking for that much would only add to a jam."""
MISSING_MAX = 500
"""Numbers missing at a time, two such gaps in a row. Each costs memory and a look at every round."""
AT_ONCE_S = 0.005
"""New gaps are asked for at once, but no oftener than this: every look walks over all that is missing."""


class _Missing(NamedTuple):
    """One number: missing `since`, asked for at `asked`, the beginning of try number `tries`, and then `again` or not yet."""

    since: float
    asked: float = -1.0
    tries: int = 0
    again: bool = True


class NackGenerator:
    """Gaps of one stream. All numbers are unwrapped; all times are seconds of one clock."""

    def __init__(self) -> None:
        self._missing: dict[int, _Missing] = {}
        self._newest = -1
        self.given_up = 0
        self._told = 0
        self._looked_at = float("-inf")

    def arrived(self, seq: int, now: float) -> bool:
        """Notes packet `seq`. True when it opened a gap, so that there is something to ask, or to give up, at once."""
        newest = self._newest
        if seq <= newest:
            self._missing.pop(seq, None)
            return False
        self._newest = seq
        if newest < 0 or seq == newest + 1:
            return False
        if seq - newest > GAP_MAX or len(self._missing) + seq - newest > MISSING_MAX:
            self.given_up += len(self._missing) + 1
            self._missing.clear()
            return now - self._looked_at >= AT_ONCE_S
        for lost in range(newest + 1, seq):
            self._missing[lost] = _Missing(now)
        return now - self._looked_at >= AT_ONCE_S

    def due(self, now: float, rtt_s: float) -> list[int]:
        """The numbers to ask for now, oldest first. Ones that are lost for good are counted in `given_up` and forgotten."""
        ask: list[int] = []
        self._looked_at = now
        wait_s = RETRY_S + RTT_FACTOR * rtt_s
        is_worth_it = rtt_s > AGAIN_S
        for seq, one in list(self._missing.items()):
            if one.tries >= TRIES_MAX or now - one.since > GIVE_UP_S:
                del self._missing[seq]
                self.given_up += 1
            elif now - one.asked >= wait_s or not one.tries:
                self._missing[seq] = _Missing(one.since, now, one.tries + 1, again=False)
                ask.append(seq)
            elif is_worth_it and not one.again and now - one.asked >= AGAIN_S:
                self._missing[seq] = one._replace(again=True)
                ask.append(seq)
        return ask

    def has_given_up(self) -> bool:
        """True when packets were given up since the last call: only a key frame mends that."""
        before, self._told = self._told, self.given_up
        return self.given_up > before

    def forget(self, seqs: Iterable[int]) -> None:
        """These are not worth asking for any more."""
        for seq in seqs:
            self._missing.pop(seq, None)

    @property
    def is_open(self) -> bool:
        """True while there is something to ask for, or a loss that nobody was told of."""
        return bool(self._missing) or self.given_up > self._told

    def __len__(self) -> int:
        return len(self._missing)
