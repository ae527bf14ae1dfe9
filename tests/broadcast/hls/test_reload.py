"""What viewers may ask, by RFC 8216bis, 6.2.5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.broadcast.hls.reload import BadDirective, Directives, Verdict, judge, read_directives
from server.broadcast.hls.stream import Stream


def stream(segments: int, parts: int, ended: bool = False) -> Stream:
    """Whole segments of five parts, and the first parts of the next."""
    made, number = Stream(), 0
    made.apply({"kind": "start", "at": 0, "timing": {}})
    made.apply({"kind": "run", "part": 0, "codecs": "avc1.42c01f,mp4a.40.2", "width": 16, "height": 16})
    for segment in range(segments + 1):
        for _ in range(5 if segment < segments else parts):
            made.apply({"kind": "part", "part": number, "time": number * 36_000, "duration": 36_000, "bytes": 1})
            number += 1
        if segment < segments:
            made.apply({"kind": "segment", "bytes": 5})
    if ended:
        made.apply({"kind": "stop"})
    return made


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        (Directives(), "ready"),
        (Directives(0), "ready"),
        (Directives(9), "ready"),
        (Directives(9, 4), "ready"),
        (Directives(9, 5), "ready"),  # Its last part is 4: the first of the next one, and that is there.
        (Directives(10, 1), "ready"),
        (Directives(10), "later"),  # The whole segment.
        (Directives(10, 2), "later"),
        (Directives(10, 11), "later"),
        (Directives(10, 12), "too_far"),  # More than 3 / 0.28 parts behind the last.
        (Directives(11, 0), "later"),
        (Directives(11), "later"),
        (Directives(11, 10), "too_far"),
        (Directives(12), "too_far"),
        (Directives(12, 0), "too_far"),
        (Directives(10**9), "too_far"),
    ],
)
def test_verdicts(asked: Directives, verdict: str) -> None:
    """Ten whole segments, 0 to 9, and two parts of the next one, and 12 is more than two behind the last whole one."""
    assert judge(stream(10, 2), asked) == verdict


def test_part_behind_the_last_waits_for_the_next_segment() -> None:
    assert judge(stream(10, 0), Directives(9, 5)) is Verdict.LATER
    assert judge(stream(10, 1), Directives(9, 5)) is Verdict.READY


def test_after_the_end_directives_mean_nothing() -> None:
    assert judge(stream(10, 0, ended=True), Directives(99, 99)) is Verdict.READY


@given(st.integers(1, 5), st.integers(0, 4), st.integers(0, 8), st.integers(0, 12) | st.none())
def test_whoever_waits_is_served_in_time_or_refused(segments: int, parts: int, segment: int, part: int | None) -> None:
    """Nobody waits for something that three more segments do not bring."""
    verdict = judge(stream(segments, parts), Directives(segment, part))
    if verdict is Verdict.LATER:
        assert judge(stream(segments + 3, 0), Directives(segment, part)) is Verdict.READY


def test_queries_are_read() -> None:
    assert read_directives({}) == Directives()
    assert read_directives({"_HLS_msn": "7", "other": "x"}) == Directives(7)
    assert read_directives({"_HLS_msn": "7", "_HLS_part": "0", "_HLS_skip": "YES"}) == Directives(7, 0, True)
    assert read_directives({"_HLS_skip": "v2"}).skips
    assert not read_directives({"_HLS_skip": "no"}).skips


@pytest.mark.parametrize(
    "query",
    [
        {"_HLS_part": "1"},
        {"_HLS_msn": "x"},
        {"_HLS_msn": ""},
        {"_HLS_msn": "-1"},
        {"_HLS_msn": "1.5"},
        {"_HLS_msn": "٣"},
        {"_HLS_msn": "1" * 5000},
        {"_HLS_msn": "1", "_HLS_part": "y"},
    ],
)
def test_queries_that_cannot_be_understood(query: dict[str, str]) -> None:
    with pytest.raises(BadDirective):
        read_directives(query)
