"""A line with a narrow place, in simulated time: a queue of limited length, some loss, and a receiver that reports as browsers do."""

import random
from collections.abc import Callable

from server.media.native.forwarder import LinkState
from server.media.rtp.feedback import FeedbackBuilder
from server.media.rtp.history import hear, micros, speaks_of, take_heard, take_number
from server.media.rtp.line import Line
from server.media.rtp.probe import WIRE_OCTETS

STEP_S = 0.005
FRAME_STEPS = 7
"""28 frames a second."""
SOUND_OCTETS = 120
PACKET_OCTETS = 1100


class Bottleneck:
    """`capacity_bps` and `loss` may change at any time. `picture_bps` is asked for each frame; sound goes always.

    `padding_max`: so many bytes can be padded at once, because there is little to pad with.
    """

    def __init__(self, seed: int, capacity_bps: float, picture_bps: Callable[["Bottleneck"], float]) -> None:
        self.capacity_bps, self.loss = capacity_bps, 0.0
        self.queue_max_s, self.delay_s, self.jitter_s = 0.3, 0.04, 0.004
        self.now = 1000.0
        self.line, self.state = Line(), LinkState()
        self.state.transport_seq = seed & 0xFFFF
        self.padding_max = 1_000_000
        self.sent_bits = self.sound_lost = self.sound_sent = self.padded = 0
        self.queues: list[float] = []
        self._picture_bps = picture_bps
        self._rng = random.Random(seed)
        self._free_at = 0.0
        self._arriving: list[tuple[float, int]] = []
        self._reports: list[tuple[float, bytes]] = []
        self._builder = FeedbackBuilder()
        self._owed = 0.0
        self._steps = 0

    @property
    def queue_s(self) -> float:
        return max(0.0, self._free_at - self.now)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self._step()

    def until(self, condition: Callable[[], bool], limit_s: float) -> float:
        """How long it took."""
        began = self.now
        while not condition():
            assert self.now - began < limit_s, f"not within {limit_s} s: {self.budget}"
            self._step()
        return self.now - began

    @property
    def budget(self) -> float | None:
        return self.line.budget_bps(self.now)

    def _step(self) -> None:
        self.now += STEP_S
        self._steps += 1
        if self._steps % FRAME_STEPS == 0:
            self._picture()
        if self._steps % 4 == 0:
            self.sound_sent += 1
            self.sound_lost += not self._send(SOUND_OCTETS)
        if self._steps % 5 == 0:
            self._round()
        self._arrive()
        self.queues.append(self.queue_s)

    def _picture(self) -> None:
        self._owed += self._picture_bps(self) * FRAME_STEPS * STEP_S / 8 * self._rng.uniform(0.7, 1.3)
        while self._owed > 0:
            octets = min(PACKET_OCTETS, max(100, int(self._owed)))
            self._send(octets)
            self._owed -= octets + WIRE_OCTETS

    def _send(self, octets: int) -> bool:
        seq = take_number(self.state, self.state.history, micros(self.now), octets)
        bits = 8 * (octets + WIRE_OCTETS)
        self.sent_bits += bits
        if self.queue_s > self.queue_max_s or self._rng.random() < self.loss:
            return False
        self._free_at = max(self.now, self._free_at) + bits / self.capacity_bps
        self._arriving.append((self._free_at + self.delay_s + self._rng.uniform(0, self.jitter_s), seq))
        return True

    def _round(self) -> None:
        if self._steps % 40 == 0 and (heard := take_heard(self.state)) is not None:
            self.line.note(heard, self.now)
        octets = self.line.due(self.now) if self.line.is_busy else 0
        if octets and self.line.probe is not None:
            before, padded = self.state.transport_seq, 0
            while padded < min(octets, self.padding_max):
                self._send(PACKET_OCTETS)
                padded += PACKET_OCTETS
            self.line.probe.padded(before, self.state.transport_seq, padded)
            self.padded += padded

    def _arrive(self) -> None:
        for at, seq in sorted(entry for entry in self._arriving if entry[0] <= self.now):
            self._builder.add(seq, at - 900)  # The receiver's clock began at another time.
        self._arriving = [entry for entry in self._arriving if entry[0] > self.now]
        if self._steps % 11 == 0 and (report := self._builder.build(1, 2)) is not None:
            self._reports.append((self.now + self.delay_s, report))
        for _, data in [entry for entry in self._reports if entry[0] <= self.now]:
            if self.line.probe is not None:
                for came in speaks_of(self.state, data):
                    self.line.probe.heard(came)
            hear(self.state, data)
        self._reports = [entry for entry in self._reports if entry[0] > self.now]
