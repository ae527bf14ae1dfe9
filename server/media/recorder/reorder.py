"""Packets of one stream in the order they were sent."""

from dataclasses import dataclass
from typing import NamedTuple

LIMIT_PACKETS = 2048  # About seven seconds of 720p: far more than the waiting time lets gather.


class Packet(NamedTuple):
    """One packet of the tap. `arrival` and `capture` are seconds of the loop's clock; `capture` is None without a sender report."""

    seq: int
    rtp_time: int
    marker: bool
    payload: bytes
    arrival: float
    capture: float | None


@dataclass(frozen=True, slots=True)
class Hole:
    """Here `count` packets never came."""

    count: int


class Reorder:
    """Waits `wait_s` for a missing packet (a retransmission takes a round trip or two), then goes on behind the hole."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._next: int | None = None
        self._waiting: dict[int, Packet] = {}
        self._since = 0.0

    def put(self, packet: Packet) -> list[Packet | Hole]:
        """What can go on now, in order. Packets older than what already went on, and duplicates, are dropped."""
        if self._next is None:
            self._next = packet.seq
        if packet.seq == self._next and not self._waiting:
            self._next += 1
            return [packet]
        if packet.seq < self._next:
            return []
        if not self._waiting:
            self._since = packet.arrival
        self._waiting[packet.seq] = packet
        ready = self._ready(packet.arrival)
        if len(self._waiting) > LIMIT_PACKETS:
            ready += self._skip(packet.arrival)
        return ready + self.expire(packet.arrival)

    def expire(self, now: float) -> list[Packet | Hole]:
        """What can go on because the packet before it is given up. Called with each packet and from a timer."""
        ready: list[Packet | Hole] = []
        while self._waiting and now - self._since >= self._wait_s:
            ready += self._skip(now)
        return ready

    def is_late(self, seq: int) -> bool:
        """Whether the place of this packet has gone by."""
        return self._next is not None and seq < self._next

    def _ready(self, now: float) -> list[Packet | Hole]:
        ready: list[Packet | Hole] = []
        while self._next is not None and self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        if ready and self._waiting:
            self._since = min(packet.arrival for packet in self._waiting.values())
        return ready

    def _skip(self, now: float) -> list[Packet | Hole]:
        first = min(self._waiting)
        hole = Hole(first - (self._next or 0))
        self._next = first
        return [hole, *self._ready(now)]
