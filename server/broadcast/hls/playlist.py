"""The media playlist of a stream (RFC 8216bis, section 4.4). Pure.

While it lives and for good at the same address it is an EVENT: everything from the beginning on, so viewers wind back to it, and nothing that was
said is ever taken back but parts (6.2.1). The recording is the same list as VOD, under a name of its own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.stream import Part, Run, Segment, Stream, part_name

VERSION, VERSION_WITH_SKIP = (
    6,
    9,
)  # EXT-X-MAP needs 6, EXT-X-SKIP 9 (section 8); a higher one than needed is not wanted (6.2.1).


def live_playlist(stream: Stream, skips: bool = False) -> str:
    """All of it; or with `skips` the update for a viewer who knows the older segments (6.2.5.1). After the end always all, with its end."""
    skipped = skipped_segments(stream) if skips and not stream.has_ended else 0
    return _text([*_head(stream, skipped), *_body(stream, skipped), *_tail(stream)])


def live_playlist_behind(stream: Stream, count: int, older: str) -> str:
    """All of it, where `older` is already the text of the first `count` segments: hours of them need not be written again for each part."""
    return _text([*_head(stream, 0)]) + older + _text([*_body(stream, count), *_tail(stream)])


def older_segments(stream: Stream, first: int, end: int) -> str:
    """The text of segments that are further back than any part that is listed."""
    return "".join(_text([*_segment(stream, segment, ())]) for segment in stream.segments[first:end])


def recording_playlist(stream: Stream) -> str:
    """What was broadcast, to be watched from the beginning. Only of a stream that has ended: this never changes."""
    target = f"#EXT-X-TARGETDURATION:{stream.timing.target_duration_s}"
    head = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", target, "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines = [line for segment in stream.segments for line in _segment(stream, segment, parts=())]
    return _text([*head, *lines, "#EXT-X-ENDLIST"])


def skipped_segments(stream: Stream) -> int:
    """How many segments an update leaves out: those that end further from the end of the last whole one than the skip boundary."""
    count, segments = len(stream.segments), stream.segments
    if not count:
        return 0
    limit = segments[-1].time + segments[-1].duration - stream.timing.skip_boundary
    while count and segments[count - 1].time + segments[count - 1].duration >= limit:
        count -= 1
    return count


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _head(stream: Stream, skipped: int) -> Iterator[str]:
    timing = stream.timing
    target_s, part_s = timing.target_duration_s, timing.part_target / TICKS
    control = f"CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={timing.skip_boundary / TICKS:.1f}"
    yield "#EXTM3U"
    yield f"#EXT-X-VERSION:{VERSION_WITH_SKIP if skipped else VERSION}"
    yield f"#EXT-X-TARGETDURATION:{target_s}"
    yield "#EXT-X-PLAYLIST-TYPE:EVENT"
    yield f"#EXT-X-SERVER-CONTROL:{control},HOLD-BACK={3 * target_s:.1f},PART-HOLD-BACK={3 * part_s:.3f}"
    yield f"#EXT-X-PART-INF:PART-TARGET={part_s:.3f}"
    yield "#EXT-X-MEDIA-SEQUENCE:0"
    if skipped:
        yield f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}"


def _body(stream: Stream, skipped: int) -> Iterator[str]:
    oldest = stream.end - stream.timing.parts_listed
    for segment in stream.segments[skipped:]:
        yield from _segment(stream, segment, segment.parts if segment.time >= oldest else ())
    if stream.parts:
        yield from _beginning(stream, len(stream.segments), stream.open_run, stream.open_is_discontinuity)
        yield _date(stream, stream.parts[0].time)
        yield from map(_part, stream.parts)


def _tail(stream: Stream) -> Iterator[str]:
    if stream.has_ended:
        yield "#EXT-X-ENDLIST"
    else:
        yield f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{part_name(stream.last_part + 1)}"'


def _segment(stream: Stream, segment: Segment, parts: tuple[Part, ...]) -> Iterator[str]:
    yield from _beginning(stream, segment.number, segment.run, segment.is_discontinuity)
    yield _date(stream, segment.time)
    yield from map(_part, parts)
    if segment.is_gap:
        yield "#EXT-X-GAP"
    yield f"#EXTINF:{segment.duration / TICKS:.5f},"
    yield segment.name


def _beginning(stream: Stream, number: int, run: Run, is_discontinuity: bool) -> Iterator[str]:
    if is_discontinuity:
        yield "#EXT-X-DISCONTINUITY"
    if number == 0 or stream.segments[number - 1].run != run:
        yield f'#EXT-X-MAP:URI="{run.name}"'


def _date(stream: Stream, time: int) -> str:
    """When the segment's first picture was taken, in UTC and milliseconds."""
    date = datetime.fromtimestamp(round(stream.started_at + time / TICKS, 3), UTC)
    return f"#EXT-X-PROGRAM-DATE-TIME:{date.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"


def _part(part: Part) -> str:
    words = ",INDEPENDENT=YES" if part.is_independent else ",GAP=YES" if part.is_gap else ""
    return f'#EXT-X-PART:DURATION={part.duration / TICKS:.5f},URI="{part.name}"{words}'
