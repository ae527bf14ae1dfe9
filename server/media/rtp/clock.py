"""The sender's clock, translated to ours by its sender reports, so that picture and sound of one person stay together."""

from server.media.rtp.sequence import signed_32

NTP_FROM_UNIX_S = 2_208_988_800
DRIFT = 1e-4
"""How fast the least delay may grow: clocks drift by up to 100 ppm, and the smallest delay ever seen must not rule for ever."""


def ntp_from_unix(unix_s: float) -> int:
    """The 64-bit NTP time of a UNIX time in seconds."""
    return int((unix_s + NTP_FROM_UNIX_S) * (1 << 32))


class PublisherClock:
    """One offset for all streams of one publisher: our time minus its time, network delay included, least delay wins.

    `epoch` counts how often the sender's clock was set anew: what an older report of another stream says is worth nothing then.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self._offset: float | None = None
        self._noted_at = 0.0

    def note(self, ntp: int, now: float) -> None:
        """A sender report with the NTP time `ntp` arrived at `now`."""
        offset = now - ntp / (1 << 32)
        if self._offset is not None:
            grown = self._offset + (now - self._noted_at) * DRIFT
            if abs(offset - grown) > 10.0:  # The sender's clock was set anew.
                self.epoch += 1
            else:
                offset = min(offset, grown)
        self._offset = offset
        self._noted_at = now

    def ours(self, ntp: int) -> float | None:
        """The sender's NTP time as seconds of our clock; None before the first report."""
        return None if self._offset is None else ntp / (1 << 32) + self._offset


class StreamClock:
    """RTP timestamps of one stream as seconds of our clock."""

    def __init__(self, clock_rate: int, publisher: PublisherClock) -> None:
        self._clock_rate = clock_rate
        self._publisher = publisher
        self._ntp: int | None = None
        self._epoch = 0
        self._rtp_time = 0

    def note(self, ntp: int, rtp_time: int, now: float) -> None:
        """A sender report of this stream arrived at `now`."""
        self._publisher.note(ntp, now)
        self._ntp, self._rtp_time, self._epoch = ntp, rtp_time, self._publisher.epoch

    def capture(self, rtp_time: int) -> float | None:
        """When the sample with `rtp_time` was taken, in our seconds; None before the first sender report of this epoch."""
        base = self._base()
        return None if base is None else base + signed_32(rtp_time - self._rtp_time) / self._clock_rate

    def rtp_time_at(self, now: float) -> int | None:
        """The timestamp (32 bit) a sample taken `now` would have; None before the first sender report of this epoch."""
        base = self._base()
        return None if base is None else self._rtp_time + int((now - base) * self._clock_rate) & 0xFFFFFFFF

    def _base(self) -> float | None:
        """When the sample of the last sender report was taken, in our seconds."""
        if self._ntp is None or self._epoch != self._publisher.epoch:
            return None
        return self._publisher.ours(self._ntp)
