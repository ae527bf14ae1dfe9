"""What a line does to packets. Pure: no clock, no socket; the same seed gives the same fate to the same packets."""

import random
from dataclasses import dataclass

REORDERED_S = (0.010, 0.040)
"""How much later than its time a packet comes that others overtake."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One direction of a line. `burst` makes the same mean `loss` come in runs of so many packets (two states, as Gilbert and Elliott have it).

    `jitter_ms` is added or taken away at most. `rate_bps` counts whole IP packets; what would wait longer than `queue_ms` is dropped. `mtu` drops
    what is larger, without a word. `is_out` lets nothing through, `udp=False` no UDP.
    """

    loss: float = 0.0
    burst: tuple[int, int] | None = None
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    rate_bps: int = 0
    queue_ms: float = 300.0
    mtu: int = 0
    is_out: bool = False
    udp: bool = True


@dataclass(slots=True)
class Counts:
    """What became of the packets; `lost` are those of `loss`, `overflown` those of the queue, `refused` those of outage, size and protocol."""

    taken: int = 0
    lost: int = 0
    overflown: int = 0
    refused: int = 0
    duplicated: int = 0
    reordered: int = 0
    udp_bytes_max: int = 0


class Direction:
    """Decides for each packet of one direction when its copies leave."""

    def __init__(self, condition: Condition, seed: int) -> None:
        self.counts = Counts()
        self.queue_s = 0.0
        self._rng = random.Random(seed)
        self._free_at = self._last_at = float("-inf")
        self._burst_left = 0
        self.change(condition)

    def change(self, condition: Condition) -> None:
        """From the next packet on."""
        self.condition = condition
        self._burst_left = 0
        burst = condition.burst
        mean = (burst[0] + burst[1]) / 2 if burst else 0.0
        self._enter = condition.loss / ((1 - condition.loss) * mean) if burst and condition.loss < 1 else 0.0

    def take(self, packet: bytes, now: float) -> list[float]:
        """When `packet`, a whole IP packet, leaves: nothing when it is lost, two times when it is doubled."""
        counts = self.counts
        counts.taken += 1
        if self._is_refused(packet):
            counts.refused += 1
            return []
        if self._is_lost():
            counts.lost += 1
            return []
        sent_at = self._through_queue(len(packet), now)
        if sent_at is None:
            counts.overflown += 1
            return []
        leaves = self._delayed(sent_at)
        if self._happens(self.condition.duplicate):
            counts.duplicated += 1
            return [leaves, leaves]
        return [leaves]

    def _is_refused(self, packet: bytes) -> bool:
        condition, protocol = self.condition, _protocol(packet)
        if protocol == _UDP:
            self.counts.udp_bytes_max = max(self.counts.udp_bytes_max, len(packet))
        too_large = 0 < condition.mtu < len(packet)
        return condition.is_out or too_large or (protocol == _UDP and not condition.udp)

    def _is_lost(self) -> bool:
        burst = self.condition.burst
        if burst is None:
            return self._happens(self.condition.loss)
        if not self._burst_left and self._happens(self._enter):
            self._burst_left = self._rng.randint(*burst)
        if self._burst_left:
            self._burst_left -= 1
            return True
        return False

    def _through_queue(self, size: int, now: float) -> float | None:
        rate = self.condition.rate_bps
        if not rate:
            self.queue_s = 0.0
            return now
        free_at = max(now, self._free_at)
        if free_at - now > self.condition.queue_ms / 1000:
            return None
        self._free_at = free_at + size * 8 / rate
        self.queue_s = self._free_at - now
        return self._free_at

    def _delayed(self, sent_at: float) -> float:
        condition = self.condition
        wait_ms = condition.delay_ms
        if condition.jitter_ms:
            wait_ms += self._rng.uniform(-condition.jitter_ms, condition.jitter_ms)
        leaves = sent_at + max(0.0, wait_ms) / 1000
        if self._happens(condition.reorder):
            self.counts.reordered += 1
            return leaves + self._rng.uniform(*REORDERED_S)
        self._last_at = max(leaves, self._last_at)  # Jitter alone overtakes nobody.
        return self._last_at

    def _happens(self, share: float) -> bool:
        return share > 0 and self._rng.random() < share


_UDP = 17


def _protocol(packet: bytes) -> int:
    if len(packet) < 20:
        return -1
    return packet[9] if packet[0] >> 4 == 4 else packet[6]
