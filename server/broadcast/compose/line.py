"""One source of one person: its packets become frames in order, each with the time of its capture. On the event loop."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from server.media.recorder.frames import assembler
from server.media.recorder.matroska import TrackFormat
from server.media.recorder.reorder import Hole, Packet, Reorder
from server.media.recorder.timing import TrackClock

WAIT_S = 0.25
"""For a missing packet. Repaired frames come later than others, and the programme's delay grows until they are in time (`delay.py`)."""
ASK_AGAIN_S = 0.4
ALIVE_S = 1.5
CODECS = {"video/vp8": "VP8", "video/h264": "H264", "audio/opus": "opus"}
LARGEST_PIXELS = 4096 * 2304
"""A larger picture takes more memory to decode than anybody's camera is worth."""


class Frame(NamedTuple):
    """`time` is when it was captured, in seconds of this machine's monotonic clock. `format` stands on key frames."""

    time: float
    data: bytes
    is_key: bool
    format: TrackFormat | None


class Reports:
    """Whether all sources of one person know their capture times by sender reports: only then do all of them use those."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def add(self, line: "Line") -> None:
        self._lines.append(line)

    def are_there(self, now: float) -> bool:
        """For all that still send."""
        return all(line.has_capture for line in self._lines if now - line.last_arrival < ALIVE_S)


class Line:
    """Hands frames to `take`. For pictures `ask_key` is called while a key frame is missing and as often as `repeat_keys` says."""

    def __init__(
        self, codec: str, clock_rate: int, reports: Reports, take: Callable[[Frame], None], ask_key: Callable[[], None]
    ) -> None:
        """Raises ValueError for a codec that nobody can decode."""
        self._codec = CODECS.get(codec.lower(), codec)
        self._rate, self._reports, self._take, self._ask_key = clock_rate, reports, take, ask_key
        self._assembler = assembler(self._codec)
        self.is_sound = self._codec == "opus"
        self._key_interval_s = math.inf
        self.last_arrival = self._asked_at = self._key_at = -math.inf
        self._needs_key = not self.is_sound
        self._begin()
        reports.add(self)

    @property
    def codec(self) -> str:
        """`VP8`, `H264` or `opus`."""
        return self._codec

    @property
    def has_capture(self) -> bool:
        return self._clock.has_capture

    def _begin(self) -> None:
        self._clock, self._reorder = TrackClock(self._rate), Reorder(WAIT_S)
        self._by_capture, self._frame_arrival = False, -math.inf

    def packet(self, packet: Packet) -> None:
        """One packet as it arrived; its times are of this machine's clock."""
        if self._clock.is_restart(packet.rtp_time, packet.arrival):
            self._begin()  # A new connection of the same person: unrelated numbers.
            self._lost()
        self.last_arrival = packet.arrival
        self._feed(self._reorder.put(packet))
        self._ask_when_due(packet.arrival)

    def tick(self, now: float) -> None:
        """Gives up packets that never came; several times a second."""
        self._feed(self._reorder.expire(now))
        if now - self.last_arrival < ALIVE_S:
            self._ask_when_due(now)

    def want_key(self) -> None:
        """Asks for a key frame with the next packet, and again until one comes. Frames go on meanwhile."""
        self._key_at = self._asked_at = -math.inf

    def repeat_keys(self, interval_s: float) -> None:
        """A key frame so often from now on; infinite: only when one is missing."""
        self._key_interval_s = interval_s

    def _feed(self, items: Iterable[Packet | Hole]) -> None:
        for item in items:
            if isinstance(item, Hole):
                self._lost()
            else:
                self._assemble(item)

    def _assemble(self, packet: Packet) -> None:
        ticks = self._clock.ticks(packet.rtp_time, packet.arrival, packet.capture)
        try:
            frame = self._assembler.feed(packet.payload, packet.marker)
        except ValueError:  # Bad bytes from the network are normal.
            return self._lost()
        if frame is None or (self._needs_key and not frame.is_key):
            return None
        if frame.is_key and not self.is_sound:
            if frame.format is None or frame.format.width * frame.format.height > LARGEST_PIXELS:
                return self._lost()
            self._needs_key, self._key_at = False, packet.arrival
        return self._take(Frame(self._time(ticks, packet.arrival), frame.data, frame.is_key, frame.format))

    def _time(self, ticks: int, arrival: float) -> float:
        by_capture = self._reports.are_there(arrival)
        elapsed_s = arrival - self._frame_arrival if by_capture is self._by_capture else math.inf
        self._by_capture, self._frame_arrival = by_capture, arrival
        return self._clock.seconds(ticks, by_capture, elapsed_s)

    def _lost(self) -> None:
        self._assembler.lost()
        if not self.is_sound and not self._needs_key:
            self._needs_key, self._asked_at = True, -math.inf

    def _ask_when_due(self, now: float) -> None:
        is_due = self._needs_key or now - self._key_at >= self._key_interval_s
        if not self.is_sound and is_due and now - self._asked_at >= ASK_AGAIN_S:
            self._asked_at = now
            self._ask_key()
