"""How busy this process is."""

import time
from collections import deque

WINDOW_S = 5.0
LATENESS_ROUNDS = 200
FULL_SHARE = 0.8
"""Of a core. Newcomers are refused above it: the rest is for those who are here, who speak up, share a screen, or lose packets."""
FULL_LATE_S = 0.1
"""On a machine that does other things too, the core is not ours alone. One round in ten as late as this is more than jitter buffers hide."""


def is_full(share: float, late_s: float) -> bool:
    """Whether a worker takes nobody new; `late_s` as `Lateness.usual_s` says it."""
    return share >= FULL_SHARE or late_s >= FULL_LATE_S


class Load:
    """Processor time of the process over the last seconds. `sample` is to be called about once a second."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._samples: deque[tuple[float, float]] = deque([(self._began, time.process_time())])

    def sample(self) -> None:
        """Notes where the clocks stand."""
        now = time.monotonic()
        self._samples.append((now, time.process_time()))
        while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()

    def share(self) -> float:
        """Busy share of one core over the last seconds, 0..1. Before there were so many, the start alone is not taken for a load."""
        began, busy = self._samples[0]
        elapsed = max(time.monotonic() - began, WINDOW_S)
        return round(min(1.0, (time.process_time() - busy) / elapsed), 3)

    def uptime_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    @staticmethod
    def cpu_s() -> float:
        """Processor time since the start, in seconds."""
        return time.process_time()


class Lateness:
    """How late the event loop was in the last 200 rounds (five seconds and more): what a packet has to wait."""

    def __init__(self) -> None:
        self._late_s: deque[float] = deque(maxlen=LATENESS_ROUNDS)

    def note(self, late_s: float) -> None:
        """A timer rang `late_s` after its time."""
        self._late_s.append(late_s)

    def most_s(self) -> float:
        """The longest delay, in seconds."""
        return round(max(self._late_s, default=0.0), 4)

    def usual_s(self) -> float:
        """One round in ten was as late as this, in seconds. Rounds that have not been yet count as punctual."""
        late = sorted(self._late_s, reverse=True)
        place = LATENESS_ROUNDS // 10
        return round(late[place], 4) if len(late) > place else 0.0
