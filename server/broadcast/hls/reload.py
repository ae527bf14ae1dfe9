"""What a viewer may ask of a playlist: not before this part is in it, and only what is new (RFC 8216bis, 6.2.5). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.stream import Stream

_LONGEST_NUMBER = 12  # Digits; no stream has so many segments.


class BadDirective(ValueError):
    """The query cannot be understood: 400."""


class Verdict(StrEnum):
    """Whether a playlist that holds what was asked for is there."""

    READY = "ready"
    LATER = "later"
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Directives:
    """The three directives of a playlist request."""

    segment: int | None = None
    part: int | None = None
    skips: bool = False


def read_directives(query: Mapping[str, str]) -> Directives:
    """Of a query; other names in it are left alone. Raises BadDirective for numbers that are none, and for a part without its segment."""
    segment, part = _number(query, "_HLS_msn"), _number(query, "_HLS_part")
    if part is not None and segment is None:
        raise BadDirective("_HLS_part without _HLS_msn")
    return Directives(segment, part, query.get("_HLS_skip") in {"YES", "v2"})


def judge(stream: Stream, asked: Directives) -> Verdict:
    """Now, later, or never (6.2.5.2). After the end everything is ready. A part behind the last of its segment means the next one's first."""
    segment, part, last = asked.segment, asked.part, len(stream.segments) - 1
    if segment is None or stream.has_ended:
        return Verdict.READY
    if part is not None and 0 <= segment == last and part >= len(stream.segments[last].parts):
        segment, part = segment + 1, 0
    if segment <= last:
        return Verdict.READY
    if segment > last + 2 or (part or 0) > _furthest_part(stream, segment):
        return Verdict.TOO_FAR
    is_ready = part is not None and segment == last + 1 and part < len(stream.parts)
    return Verdict.READY if is_ready else Verdict.LATER


def _furthest_part(stream: Stream, segment: int) -> float:
    """The last part that there is, and the Advance Part Limit behind it."""
    is_open = segment == len(stream.segments)
    target_s = stream.timing.part_target / TICKS
    return (len(stream.parts) if is_open else 0) - 1 + (3 / target_s if target_s < 1 else 3)


def _number(query: Mapping[str, str], name: str) -> int | None:
    word = query.get(name)
    if word is None:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) <= _LONGEST_NUMBER):
        raise BadDirective(name)
    return int(word)
