"""What a receiver reports about one incoming stream (RFC 3550, section 6.4.1 and appendix A)."""

from server.media.rtp.rtcp import ReportBlock
from server.media.rtp.sequence import signed_32


class Reception:
    """Counts of one stream since its first packet."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._first = -1
        self._highest = -1
        self.packets = 0
        self.octets = 0
        self._expected_before = 0
        self._received_before = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._last_rtp_time = 0
        self._last_sr = 0
        self._last_sr_at = 0.0

    def arrived(self, seq: int, rtp_time: int, size: int, now: float) -> None:
        """One packet, retransmissions left out; `seq` is unwrapped."""
        self.packets += 1
        self.octets += size
        if self._first < 0:
            self._first = self._highest = seq
        self._highest = max(self._highest, seq)
        if rtp_time != self._last_rtp_time:
            self._note_jitter(rtp_time, now)

    def _note_jitter(self, rtp_time: int, now: float) -> None:
        if self._transit is not None:
            ticks = signed_32(rtp_time - self._last_rtp_time)
            change = abs((now - self._transit) * self._clock_rate - ticks)
            self._jitter += (min(change, 10.0 * self._clock_rate) - self._jitter) / 16
        self._transit = now
        self._last_rtp_time = rtp_time

    def sender_report(self, ntp: int, now: float) -> None:
        """Remembers the sender's last report, from which it computes the round trip."""
        self._last_sr = ntp >> 16 & 0xFFFFFFFF
        self._last_sr_at = now

    @property
    def expected(self) -> int:
        """How many packets there were until now, by their numbers."""
        return self._highest - self._first + 1 if self._first >= 0 else 0

    @property
    def jitter_s(self) -> float:
        """The present jitter, smoothed."""
        return self._jitter / self._clock_rate

    def block(self, ssrc: int, now: float) -> ReportBlock | None:
        """The report block for the time since the last one; None before the first packet."""
        if self._first < 0:
            return None
        expected = self.expected
        expected_now = expected - self._expected_before
        lost_now = expected_now - (self.packets - self._received_before)
        self._expected_before, self._received_before = expected, self.packets
        share = max(0, lost_now) / expected_now if expected_now > 0 else 0.0
        delay = int((now - self._last_sr_at) * 65536) if self._last_sr else 0
        return ReportBlock(ssrc, share, expected - self.packets, self._highest, int(self._jitter), self._last_sr, delay)
