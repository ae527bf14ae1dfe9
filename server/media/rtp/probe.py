"""One probe of a receiver's line: for 0.15 s we send more than the picture needs, and look what arrives when."""

from typing import NamedTuple

from server.media.rtp.history import Came
from server.media.rtp.sequence import signed_16, signed_32

LASTS_S = 0.15
ANSWER_S = 1.0
"""How long the last feedback may take."""
PACKETS_MIN = 8
"""Fewer say nothing of a rate."""
WIRE_OCTETS = 44
"""What each packet has beside its history's length: 16 bytes of protection, 28 of UDP and IPv4."""


class Measured(NamedTuple):
    """What arrived, bit/s; how much longer the last packets took than the first; and the share that did not arrive."""

    received_bps: float
    growth_s: float
    lost_share: float


class Probe:
    """Sends `extra_bps` beside what goes out anyway. Packets from the first padding on to the last one count, whatever they are."""

    def __init__(self, extra_bps: float, now: float) -> None:
        self._extra_bps = extra_bps
        self._began = now
        self._padded = 0
        self._first: int | None = None
        self._last = 0
        self._came: dict[int, Came] = {}
        self._is_answered = False

    def due(self, now: float) -> int:
        """Bytes of padding to send now."""
        elapsed_s = min(LASTS_S, now - self._began + LASTS_S / 6)
        return max(0, int(self._extra_bps / 8 * elapsed_s) - self._padded) if self.is_sending(now) else 0

    def is_sending(self, now: float) -> bool:
        """True while more padding may be due."""
        return now - self._began < LASTS_S

    def padded(self, before: int, last: int, octets: int) -> None:
        """`octets` of padding went out; the newest transport-wide number was `before`, and is now `last`."""
        if self._first is None:
            self._first = before + 1 & 0xFFFF
        self._last = last
        self._padded += octets

    def heard(self, came: Came) -> None:
        """Feedback speaks of a packet."""
        if self._first is not None and signed_16(came.seq - self._first) >= 0:
            self._came[came.seq] = came
            self._is_answered = self._is_answered or signed_16(came.seq - self._last) >= 0

    def is_over(self, now: float) -> bool:
        """All is sent, and the receiver has spoken of it or never will."""
        waited_s = now - self._began - LASTS_S
        return waited_s >= 0 and (self._is_answered or self._first is None or waited_s > ANSWER_S)

    def measured(self) -> Measured | None:
        """None when too little arrived to tell."""
        first, last = self._first, self._last
        if first is None:
            return None
        told = [came for seq, came in self._came.items() if signed_16(seq - last) <= 0]
        told.sort(key=lambda came: signed_16(came.seq - first))
        arrived = [(came, came.arrival) for came in told if came.arrival is not None]
        if len(arrived) < PACKETS_MIN:
            return None
        began = arrived[0][1]
        span_s = max(signed_32(at - began) for _, at in arrived) / 1e6
        bits = 8 * sum(came.octets + WIRE_OCTETS for came, _ in arrived[1:])
        delays_s = [signed_32(at - began - came.sent + arrived[0][0].sent) / 1e6 for came, at in arrived]
        quarter = len(delays_s) // 4
        growth_s = min(delays_s[-quarter:]) - min(delays_s[:quarter])
        return Measured(bits / max(span_s, 0.001), growth_s, 1 - len(arrived) / len(told))
