"""How long parts and segments are."""

from dataclasses import dataclass

from server.broadcast.hls.samples import TICKS


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one stream; the times are ticks. It never changes while the stream lives (RFC 8216bis, 6.2.1).

    Eight frames of thirty a second; at 60, 50, 25, 24, 20 and 15 a whole number of frames fits as well. Shorter parts cost every viewer more
    requests, longer ones delay: players stay three parts behind. The target leaves room for clocks that tremble: a part may last 85 to 100 % of
    it (4.4.4.9).
    """

    part: int = TICKS * 8 // 30
    part_target: int = TICKS * 28 // 100
    segment_least: int = TICKS * 3 // 2
    """A key frame earlier than this begins no new segment."""
    segment_most: int = TICKS * 44 // 10
    """Without any key frame a segment ends here; rounded it is still the target duration (6.2.1)."""
    target_duration_s: int = 4
    hole: int = TICKS
    """Pictures that stay away longer than this are a gap. Who feeds a stream repeats the last picture before that."""

    @property
    def part_least(self) -> int:
        """85 % of the target, rounded up."""
        return -(-self.part_target * 85 // 100)

    @property
    def parts_listed(self) -> int:
        """Parts older than this, seen from the end, leave the playlist (6.2.2)."""
        return 3 * self.target_duration_s * TICKS

    @property
    def skip_boundary(self) -> int:
        """Segments further than this from the end may be skipped in an update: six target durations at least (4.4.3.8)."""
        return 6 * self.target_duration_s * TICKS
