"""How busy this process is."""

import time
from collections import deque

WINDOW_S = 5.0


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
        """Busy share of one core over the last seconds, 0..1."""
        began, busy = self._samples[0]
        elapsed = time.monotonic() - began
        return round(min(1.0, (time.process_time() - busy) / elapsed), 3) if elapsed > 0 else 0.0

    def uptime_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    @staticmethod
    def cpu_s() -> float:
        """Processor time since the start, in seconds."""
        return time.process_time()


class Lateness:
    """How late the event loop was at most in the last 200 rounds (five seconds and more): what a packet has to wait."""

    def __init__(self) -> None:
        self._late_s: deque[float] = deque(maxlen=200)

    def note(self, late_s: float) -> None:
        """A timer rang `late_s` after its time."""
        self._late_s.append(late_s)

    def most_s(self) -> float:
        """The longest delay, in seconds."""
        return round(max(self._late_s, default=0.0), 4)
