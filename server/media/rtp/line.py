"""What one receiver's line carries, from its transport-wide feedback. Pure: whoever calls tells the time.

Down: when the shortest delay of half a second is 150 ms above the shortest of the last minute (a queue stands somewhere), or when a tenth of it was
lost. Then the line carries what arrived in that time, and we count on 85 % of it. Loss that stays when we have sent less is the line's own (a weak
radio, not a full queue): it then counts no more, or 15 % loss would take us to nothing. So with delay that neither grows nor drains: it is the way's.

Up: what arrives without a queue the line carries. To learn of more than we send, a probe (`probe.py`): for 0.15 s one and a half times what is
wished, padded with duplicates. It is passed when four fifths of that arrive and no queue grows; what a failed one measured is what the line carries.
"""

from collections import deque
from typing import NamedTuple

from server.media.rtp.history import Heard
from server.media.rtp.probe import WIRE_OCTETS, Measured, Probe
from server.media.rtp.sequence import signed_32

WINDOW_S = 0.5
SPAN_MIN_S = 0.25
QUEUE_S = 0.150
CLEAR_S = 0.030
LOSS_SHARE = 0.10
LOSS_PACKETS = 20
"""Fewer in half a second say nothing of a share."""
BACK_OFF = 0.85
MEASURED = 0.9
"""Of what a probe that filled the line measured, which it does to one per cent."""
BASE_S = 30.0
FLOOR_BPS = 40_000.0
"""Sound goes whatever we believe of the line."""
PROBE_OVER = 1.5
PROBE_NEEDS = 1.2
FIRST_STEP, NEXT_STEP = 1.5, 3.0
"""A line that has just proved narrow is probed with so many times what it carries, first and after a success: 0.15 s of a wide picture would
fill it for a second."""
CAREFUL_S = 30.0
PROBE_PAUSE_S = 5.0
NEXT_STEP_S = 1.0
FRUITLESS_PAUSE_MAX_S = 60.0
"""A probe that taught nothing (the padding was too small, or nobody spoke of it) waits twice as long as the one before it, and at most so long."""
GROWTH = 1.02
OWN_LOSS_MAX = 0.3
TRIAL_BEGINS_S, TRIAL_S = 0.7, 2.2
STEADY_TIMES, STEADY_LOSS = 4, 0.02
FORGOTTEN_S = 60.0
LEAP_S = 30.0


class _Look(NamedTuple):
    """One look at the feedback. `arrival_us` modulo 2^32; `delay_s` since the line's first packet."""

    at: float
    received: int
    lost: int
    bits: int
    arrival_us: int
    delay_s: float


class _Trial:
    """Does less loss follow when less is sent? `share` was lost before; what is told in the time after counts."""

    def __init__(self, share: float, now: float) -> None:
        self._share, self._began = share, now
        self._received = self._lost = 0

    def note(self, heard: Heard, now: float) -> None:
        if now - self._began > TRIAL_BEGINS_S:
            self._received += heard.received
            self._lost += heard.lost

    def is_over(self, now: float) -> bool:
        return now - self._began > TRIAL_S

    def own_loss(self) -> float:
        """The line's own loss: what is lost still, when that is not much less; 0 when it is."""
        told = self._received + self._lost
        share = self._lost / told if told > 0 else 0.0
        return min(share, OWN_LOSS_MAX) if share > 0.6 * self._share else 0.0


class Line:
    """`probe` is the one under way. All rates are bits on the wire, IP and UDP headers with them (`WIRE_OCTETS` beside the RTP packet)."""

    def __init__(self) -> None:
        self.probe: Probe | None = None
        self.own_loss = 0.0
        self._budget_bps: float | None = None
        self._wish_bps = 0.0
        self._looks: deque[_Look] = deque()
        self._heard_at = self._backed_off_at = self._rested_at = float("-inf")
        self._first_delay_us: int | None = None
        self._bases = (float("inf"), float("inf"))
        self._base_since = 0.0
        self._stood_s, self._steady = 0.0, 0
        self._step = FIRST_STEP
        self._fruitless = 0
        self._trial: _Trial | None = None
        self._slow_loss = 0.0

    def budget_bps(self, now: float) -> float | None:
        """What everything together may take. At least this much arrived well; None when nothing is known, or nothing was heard for a minute."""
        return self._budget_bps if now - self._heard_at < FORGOTTEN_S else None

    def wish(self, bps: float) -> None:
        """What we would send, all in all, if the line carried it; a probe will tell. Stays until the next wish; 0 when there is nothing to send."""
        if bps > GROWTH * self._wish_bps:
            self._fruitless = 0
        self._wish_bps = bps

    def moved(self) -> None:
        """Another path, with a delay of its own."""
        self._fruitless = 0
        self._forget_delays()

    def is_narrow(self, now: float) -> bool:
        """True while it has proved to carry less than is wished."""
        return self.has_backed_off and self._wish_bps > (self.budget_bps(now) or float("inf"))

    @property
    def has_backed_off(self) -> bool:
        """True once it has proved to carry less than was sent."""
        return self._backed_off_at > float("-inf")

    @property
    def is_busy(self) -> bool:
        """True while `due` may want something."""
        return self.probe is not None or self._wish_bps > (self._budget_bps or 0.0)

    def note(self, heard: Heard, now: float) -> None:
        """A look at the feedback, about five a second."""
        delay_s = self._delay_s(heard.delay, now)
        bits = 8 * (heard.octets + WIRE_OCTETS * heard.received)
        self._looks.append(_Look(now, heard.received, heard.lost, bits, heard.arrival, delay_s))
        while now - self._looks[0].at > WINDOW_S:
            self._looks.popleft()
        self._heard_at = now
        self._slow_loss += (self._loss()[0] - self._slow_loss) / 10
        if self._slow_loss < 0.6 * self.own_loss:
            self.own_loss = self._slow_loss
        if self._trial is not None:
            self._try(self._trial, heard, now)
        self._judge(now)

    def _delay_s(self, delay_us: int, now: float) -> float:
        if self._first_delay_us is not None and abs(signed_32(delay_us - self._first_delay_us)) > LEAP_S * 1e6:
            self._first_delay_us = None  # Another clock.
        if self._first_delay_us is None:
            self._first_delay_us = delay_us
            self._bases = (float("inf"), float("inf"))
            self._looks.clear()
        delay_s = signed_32(delay_us - self._first_delay_us) / 1e6
        if now - self._base_since > BASE_S:
            self._bases, self._base_since = (self._bases[1], float("inf")), now
        self._bases = (self._bases[0], min(self._bases[1], delay_s))
        return delay_s

    def _queue_s(self) -> float:
        return min(look.delay_s for look in self._looks) - min(self._bases)

    def _loss(self) -> tuple[float, int]:
        """The share lost in the window, and of how many."""
        lost = told = 0
        for look in self._looks:
            lost += look.lost
            told += look.lost + look.received
        return (max(0.0, lost / told) if told > 0 else 0.0), told

    def _rate_bps(self) -> float | None:
        looks = self._looks
        span_s = signed_32(looks[-1].arrival_us - looks[0].arrival_us) / 1e6
        return (sum(look.bits for look in looks) - looks[0].bits) / span_s if span_s >= SPAN_MIN_S else None

    @property
    def _is_losing(self) -> bool:
        share, told = self._loss()
        return told >= LOSS_PACKETS and share > self._loss_limit

    @property
    def _loss_limit(self) -> float:
        """Half as much again as the line's own: in forty packets, chance makes that of it now and then."""
        return LOSS_SHARE + 1.5 * self.own_loss

    def _judge(self, now: float) -> None:
        rate_bps = self._rate_bps()
        if rate_bps is None or self.probe is not None:
            return  # A probe may fill a queue or lose something; it has its own judge.
        queue_s = self._queue_s()
        if queue_s > QUEUE_S:
            is_draining = self._looks[-1].delay_s < self._looks[0].delay_s - CLEAR_S
            if self._is_the_way_s(queue_s):
                self._forget_delays()
            elif not is_draining:
                self._back_off(rate_bps, now)
        elif self._is_losing:
            if self._trial is None:
                self._trial = _Trial(self._loss()[0], now)
                self._back_off(rate_bps, now)
        elif queue_s < CLEAR_S:
            self._budget_bps = max(self._budget_bps or 0.0, rate_bps)

    def _is_the_way_s(self, queue_s: float) -> bool:
        """Delay that stays as it is for two seconds, whatever we send, while nothing is lost: no queue does that."""
        is_steady = abs(queue_s - self._stood_s) < CLEAR_S and self._loss()[0] < STEADY_LOSS
        self._stood_s, self._steady = queue_s, self._steady + 1 if is_steady else 0
        return self._steady >= STEADY_TIMES

    def _forget_delays(self) -> None:
        self._first_delay_us = None
        self._steady = 0

    def _try(self, trial: _Trial, heard: Heard, now: float) -> None:
        trial.note(heard, now)
        if trial.is_over(now):
            self._trial = None
            if loss := trial.own_loss():
                self.own_loss = self._slow_loss = loss

    def _back_off(self, rate_bps: float, now: float) -> None:
        self._budget_bps = max(FLOOR_BPS, BACK_OFF * rate_bps)
        self._backed_off_at, self._step = now, FIRST_STEP
        self._rested_at = max(self._rested_at, now + PROBE_PAUSE_S / 2)
        self._looks.clear()

    def due(self, now: float) -> int:
        """Bytes of padding to send now; begins and ends probes. To be called every 25 ms while the line `is_busy` and padding can be sent."""
        if self.probe is None and self._may_probe(now):
            self.probe = Probe(self._probe_bps(now) - (self._rate_bps() or 0.0), now)
        if self.probe is None:
            return 0
        if self.probe.is_over(now):
            self._learn(self.probe.measured(), now)
            return 0
        return self.probe.due(now)

    def _may_probe(self, now: float) -> bool:
        if self._wish_bps <= (self._budget_bps or 0.0) or now < self._rested_at or now - self._heard_at > 2 * WINDOW_S:
            return False
        return bool(self._looks) and self._queue_s() < CLEAR_S and not self._is_losing

    def _probe_bps(self, now: float) -> float:
        over_bps = PROBE_OVER * self._wish_bps
        if self._budget_bps is None or now - self._backed_off_at > CAREFUL_S:
            return over_bps
        return min(over_bps, self._step * self._budget_bps)

    def _learn(self, measured: Measured | None, now: float) -> None:
        self.probe = None
        self._looks.clear()
        self._rested_at = now + PROBE_PAUSE_S
        if measured is None:
            self._rest(now)
            return
        # What is lost on its way whatever we send would not have queued either.
        received_bps = measured.received_bps / (1 - self.own_loss)
        if measured.growth_s > CLEAR_S or measured.lost_share > self._loss_limit:
            self._budget_bps = max(FLOOR_BPS, MEASURED * received_bps)
            self._backed_off_at, self._step, self._fruitless = now, FIRST_STEP, 0
            return
        before_bps, reached_bps = self._budget_bps or 0.0, received_bps / PROBE_NEEDS
        self._budget_bps, self._step = max(before_bps, reached_bps), NEXT_STEP
        if reached_bps > GROWTH * before_bps:
            self._rested_at, self._fruitless = now + NEXT_STEP_S, 0
        else:
            self._rest(now)

    def _rest(self, now: float) -> None:
        """After a probe that taught nothing: the next one would teach no more soon."""
        self._rested_at = now + min(FRUITLESS_PAUSE_MAX_S, PROBE_PAUSE_S * 2**self._fruitless)
        self._fruitless = min(self._fruitless + 1, 4)
