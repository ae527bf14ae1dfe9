"""What was sent to one receiver, and what its transport-wide feedback says of it. Compiled code does the same (server/media/native/forward.c)."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from server.media.rtp.feedback import read_arrivals
from server.media.rtp.packet import Buffer
from server.media.rtp.sequence import signed_32

HISTORY = 2048
"""Packets of one receiver that are remembered: two seconds of eight pictures and their sound."""
TICK_US = 250
_LOST = 1 << 63


class Numbers(Protocol):
    """A list of numbers of fixed length."""

    def __getitem__(self, place: int) -> int:
        """One of them."""

    def __setitem__(self, place: int, value: int) -> None:
        """Another one in its place."""


class Sent(Protocol):
    """`LinkState`. An entry of `history`: when it was sent (us) and its length, 0 once it arrived. All times are modulo 2^32 us."""

    transport_seq: int
    reports: int
    received: int
    lost: int
    octets: int
    arrival: int
    delay: int
    history: Numbers


class Heard(NamedTuple):
    """What arrived and what did not since the last look; `arrival` of the latest packet, and the shortest `delay` to there (us, two clocks)."""

    received: int
    lost: int
    octets: int
    arrival: int
    delay: int


class Came(NamedTuple):
    """One packet that the receiver speaks of. `arrival` is None when it did not come."""

    seq: int
    octets: int
    sent: int
    arrival: int | None


def micros(now: float) -> int:
    """A time in seconds as the history keeps it."""
    return int(now * 1_000_000) & 0xFFFFFFFF


def take_number(sent: Sent, history: Numbers, at: int, octets: int) -> int:
    """The next transport-wide number, for a packet of `octets` bytes that leaves `at` (us). `history` is that of `sent`, found once."""
    number = sent.transport_seq + 1 & 0xFFFF
    sent.transport_seq = number
    history[number % HISTORY] = octets << 32 | at
    return number


def hear(sent: Sent, data: Buffer) -> None:
    """Reads one whole packet of feedback into the sums of `sent`. Raises ValueError when it cannot be read; then nothing is noted."""
    for came in speaks_of(sent, data):
        entry = sent.history[came.seq % HISTORY]
        if came.arrival is None:
            sent.lost += not entry & _LOST
            sent.history[came.seq % HISTORY] = entry | _LOST
            continue
        delay = came.arrival - came.sent & 0xFFFFFFFF
        sent.lost -= bool(entry & _LOST)
        sent.octets += came.octets
        if not sent.received or signed_32(came.arrival - sent.arrival) > 0:
            sent.arrival = came.arrival
        if not sent.received or signed_32(delay - sent.delay) < 0:
            sent.delay = delay
        sent.received += 1
        sent.history[came.seq % HISTORY] = 0
    sent.reports += 1


def speaks_of(sent: Sent, data: Buffer) -> Iterator[Came]:
    """What one packet of feedback says that is news. Raises ValueError, before the first, when it cannot be read."""
    base, arrivals = read_arrivals(data)
    newest = sent.transport_seq
    for place, ticks in enumerate(arrivals):
        seq = base + place & 0xFFFF
        entry = sent.history[seq % HISTORY]
        if entry and newest - seq & 0xFFFF < HISTORY:
            arrival = None if ticks is None else ticks * TICK_US & 0xFFFFFFFF
            yield Came(seq, entry >> 32 & 0xFFFF, entry & 0xFFFFFFFF, arrival)


def take_heard(sent: Sent) -> Heard | None:
    """The sums, which begin anew; None while nothing arrived."""
    if sent.received < 1:
        return None
    heard = Heard(sent.received, sent.lost, sent.octets, sent.arrival, sent.delay)
    sent.reports = sent.received = sent.lost = sent.octets = 0
    return heard
