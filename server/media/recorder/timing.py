"""When a sample was taken, in one clock for all tracks of a recording.

A sender's codec clock runs up to 100 millionths fast or slow (60 ms in ten minutes), so its timestamps alone drift away from the other track. Each
packet also says where its timestamp stands in our clock: by the sender reports (`capture`) or, until there are any, by its arrival. `TrackClock`
follows that slowly, so that sound stays continuous, and jumps only behind a pause or when it is far off.
"""

WINDOW_S = 5.0  # The least delayed packet of the last 5 to 10 s is the truth about arrival.
SLEW = 0.01  # 1 %: ten milliseconds a second, a hundred times the worst clock, and not to be heard.
JUMP_S = 0.25
PAUSE_S = 1.0
RESTART_S = 5.0
FAR_S = 5.0  # No sample is so long on its way: a capture time further from the arrival is a mistake, or made up.


class _Least:
    """The smallest value of the last one to two windows."""

    def __init__(self) -> None:
        self._until = 0.0
        self._older = self._newer = float("inf")

    def add(self, value: float, now: float) -> float:
        if now >= self._until:
            self._older, self._newer = (self._newer if now < self._until + WINDOW_S else float("inf")), float("inf")
            self._until = now + WINDOW_S
        self._newer = min(self._newer, value)
        return min(self._older, self._newer)


class TrackClock:
    """Maps the timestamps of one stream to seconds of the loop's clock. `rate` is in ticks a second."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last_rtp: int | None = None
        self._ticks = 0
        self._offset_s: float | None = None
        self._last_arrival = 0.0
        self._by_arrival = _Least()
        self.has_capture = False

    def is_restart(self, rtp_time: int, arrival: float) -> bool:
        """Whether this timestamp cannot belong to the same stream: it moved otherwise than time did."""
        if self._last_rtp is None:
            return False
        moved_s = _signed(rtp_time - self._last_rtp) / self._rate
        return abs(moved_s - (arrival - self._last_arrival)) > RESTART_S

    def ticks(self, rtp_time: int, arrival: float, capture: float | None) -> int:
        """The unwrapped timestamp. Learns from the packet; to be called once for each, in order of arrival or of sending.

        A capture time that cannot be true is not looked at.
        """
        if self._last_rtp is None:
            self._ticks = rtp_time
        else:
            self._ticks += _signed(rtp_time - self._last_rtp)
        self._last_rtp = rtp_time
        self._last_arrival = max(arrival, self._last_arrival)
        if capture is not None and abs(capture - arrival) > FAR_S:
            capture = None
        self.has_capture = capture is not None
        self._arrival_offset_s = self._by_arrival.add(arrival - self._ticks / self._rate, arrival)
        self._capture_offset_s = None if capture is None else capture - self._ticks / self._rate
        return self._ticks

    def seconds(self, ticks: int, by_capture: bool, elapsed_s: float) -> float:
        """When the sample was taken, never far behind the newest packet's arrival.

        `elapsed_s` is the time since the call before, which limits how far the clock may be turned.
        """
        wanted_s = self._arrival_offset_s
        if by_capture and self._capture_offset_s is not None:
            wanted_s = self._capture_offset_s
        error_s = 0.0 if self._offset_s is None else wanted_s - self._offset_s
        if self._offset_s is None or elapsed_s > PAUSE_S or abs(error_s) > JUMP_S:
            self._offset_s = wanted_s
        else:
            step_s = SLEW * max(elapsed_s, 0.0)
            self._offset_s += min(max(error_s, -step_s), step_s)
        return min(ticks / self._rate + self._offset_s, self._last_arrival + FAR_S)


def _signed(difference: int) -> int:
    """The shorter way round a 32-bit circle."""
    return (difference + 2**31) % 2**32 - 2**31
