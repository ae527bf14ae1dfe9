"""The multivariant playlist: one rendition or two, picture and sound together in each (RFC 8216bis, 4.4.6). Pure."""

from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.stream import Run, Segment, Stream

LIVE, RECORDING = "stream.m3u8", "recording.m3u8"
"""The names of the media playlists beside it."""
SMALLER = "small"
"""The folder of the second rendition, below the first one's."""
HEADROOM = 1.2  # What is still to come may be larger than what was; players read this playlist once.


def multivariant_playlist(stream: Stream, expected_bps: int, smaller: Stream | None = None) -> str:
    """Leads to the live playlist, after the end to the recording's. `expected_bps` is the rate that the encoders are set to.

    `smaller` is the second rendition; it lies in a folder of its own below, and is encoded at about a third of the rate.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", *_variant(stream, expected_bps, "")]
    if smaller is not None and smaller.runs:
        lines += _variant(smaller, expected_bps // 3, f"{SMALLER}/")
    return "\n".join(lines) + "\n"


def _variant(stream: Stream, expected_bps: int, folder: str) -> list[str]:
    peak_bps, average_bps = _rates(stream, expected_bps)
    run = max(stream.runs, key=lambda run: (run.width * run.height, _level(run)))
    codecs = max(stream.runs, key=_level).codecs
    facts = (
        f'BANDWIDTH={peak_bps},AVERAGE-BANDWIDTH={average_bps},CODECS="{codecs}",RESOLUTION={run.width}x{run.height}'
    )
    return [f"#EXT-X-STREAM-INF:{facts}", folder + (RECORDING if stream.has_ended else LIVE)]


def _level(run: Run) -> str:
    """Profile and level of H.264: a decoder that can show the highest can show all."""
    video = run.codecs.partition(",")[0]
    return video[-6:-4] + video[-2:]


def _rates(stream: Stream, expected_bps: int) -> tuple[int, int]:
    """The largest segment's rate, over segments of at least half the target duration (4.4.6.2), and the mean."""
    whole = [segment for segment in stream.segments if not segment.is_gap]
    long = [segment for segment in whole if segment.duration * 2 >= stream.timing.target_duration_s * TICKS]
    peak_bps = max(map(_bps, long), default=expected_bps)
    duration = sum(segment.duration for segment in whole)
    mean_bps = sum(segment.size_bytes for segment in whole) * 8 * TICKS // duration if duration else expected_bps
    if not stream.has_ended:
        peak_bps = round(max(peak_bps, expected_bps) * HEADROOM)
    return max(peak_bps, mean_bps), mean_bps


def _bps(segment: Segment) -> int:
    return segment.size_bytes * 8 * TICKS // segment.duration
