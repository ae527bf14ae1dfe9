"""Playlists by the rules, at every moment of a stream, as three readers understand them."""

from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import m3u8
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.broadcast.hls import index
from server.broadcast.hls.multivariant import multivariant_playlist
from server.broadcast.hls.playlist import live_playlist, recording_playlist, skipped_segments
from server.broadcast.hls.renders import Renders
from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.stream import Stream
from tests.broadcast.hls.material import Show, broadcast
from tests.broadcast.hls.rules import changes, merged, parse, violations

START: dict[str, Any] = {"kind": "start", "at": 1_800_000_000.5, "timing": {}}
RUN: dict[str, Any] = {"kind": "run", "codecs": "avc1.42c01f,mp4a.40.2", "width": 640, "height": 360}


@st.composite
def histories(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """An index, write by write: segments of 1 to 6 parts, gaps, new runs behind them or not, numbers left out at new runs, an end or none."""
    entries, number, time = [[START]], 0, 0
    for turn in range(draw(st.integers(1, 16))):
        is_gap = turn > 0 and draw(st.integers(0, 5)) == 0
        if turn == 0 or draw(st.integers(0, 4)) == 0:
            number += draw(st.sampled_from([0, 100]))
            entries.append([{**RUN, "part": number}])
        count = draw(st.integers(1, 6))
        for place in range(count):
            length = 24_000 if place < count - 1 else draw(st.integers(1, 25_200))
            facts = {"gap": True, "bytes": 0} if is_gap else {"bytes": 5000, "key": place == 0}
            entries.append([{"kind": "part", "part": number, "time": time, "duration": length, **facts}])
            number, time = number + 1, time + length
        entries[-1].append({"kind": "segment", "bytes": 0 if is_gap else 5000, "gap": is_gap})
    return entries + ([[{"kind": "stop"}]] if draw(st.booleans()) else [])


@settings(max_examples=60, deadline=None)
@given(histories())
def test_no_moment_of_any_stream_breaks_a_rule(writes: list[list[dict[str, Any]]]) -> None:
    """Each version by itself, each against the one before, and each update with what a viewer knew up to half the skip boundary before (6.3.7)."""
    stream, renders, known = Stream(), None, deque[tuple[int, str]]()
    for entries in writes:
        for entry in entries:
            stream.apply(entry)
        renders = renders or Renders(stream, 1_000_000)
        renders.forget()
        if not stream.segments and not stream.parts:
            continue
        text = live_playlist(stream)
        assert violations(text) == []
        assert renders.live(skips=False).decode() == text
        update = live_playlist(stream, skips=True)
        assert violations(update) == []
        assert not known or changes(known[-1][1], text) == []
        while known and stream.end - known[0][0] > stream.timing.skip_boundary // 2:
            known.popleft()
        for _, older in list(known)[::7]:
            assert merged(older, update) == text
        known.append((stream.end, text))
    if stream.has_ended:
        assert violations(recording_playlist(stream)) == []


def grown(directory: Path) -> list[str]:
    """All versions of the live playlist of a stream with a new size and a pause."""
    stream, texts = Stream(), []
    written = broadcast(directory, Show(8), Show(5, (320, 180), at_s=8), Show(22, at_s=17)).tape
    for entry in index.read_entries(written.directory / index.NAME)[0]:
        stream.apply(entry)
        if stream.parts or stream.segments:
            texts.append(live_playlist(stream))
    return texts


def test_a_second_parser_reads_the_same(tmp_path: Path) -> None:
    """The library m3u8, which we did not write, finds the same segments, parts, hints and control in every version."""
    for text in grown(tmp_path):
        assert_second_parser_agrees(text)
        assert m3u8.loads(text).part_inf.part_target == 0.28


def assert_second_parser_agrees(text: str) -> None:
    ours, theirs = parse(text), m3u8.loads(text)
    whole = [one for one in theirs.segments if one.uri]
    assert [one.uri for one in whole] == [one.uri for one in ours.segments]
    assert [one.duration for one in whole] == [one.duration_s for one in ours.segments]
    assert [one.discontinuity for one in whole] == [one.is_discontinuity for one in ours.segments]
    assert [one.init_section.uri for one in whole] == [one.map for one in ours.segments]
    assert [one.program_date_time for one in whole] == [one.at for one in ours.segments]
    assert [bool(one.gap_tag) for one in whole] == [one.is_gap for one in ours.segments]
    parts = [part for one in theirs.segments for part in one.parts]
    ours_parts = [part for one in [*ours.segments, *([ours.growing] if ours.growing else [])] for part in one.parts]
    assert [(one.uri, one.duration, one.independent == "YES", one.gap == "YES") for one in parts] == [
        (one.uri, one.duration_s, one.is_independent, one.is_gap) for one in ours_parts
    ]
    assert theirs.is_endlist == ("ENDLIST" in ours.tags)
    assert theirs.is_endlist or theirs.preload_hint.uri == ours.hints[0]["URI"]
    assert theirs.server_control.can_skip_until == 24
    assert theirs.version == 6


def test_a_third_reader_plays_it_to_the_end(tmp_path: Path) -> None:
    """FFmpeg's HLS demuxer, from the multivariant playlist on: every picture and sound, at the times that the dates say.

    It does not decode: FFmpeg 8 keeps the first initialization section for all ("Found duplicated MOOV Atom"), so that pictures of another size are
    read rightly and decoded wrongly. Browsers take each one.
    """
    stream = broadcast(tmp_path, Show(8), Show(5, (320, 180), at_s=8), Show(8, at_s=17)).tape.stream
    (tmp_path / "recording.m3u8").write_text(recording_playlist(stream))
    (tmp_path / "index.m3u8").write_text(multivariant_playlist(stream, 1_000_000))
    times: dict[str, list[float]] = {"video": [], "audio": []}
    with av.open(str(tmp_path / "index.m3u8")) as container:
        assert container.duration == pytest.approx(25e6, abs=1e5)
        for packet in container.demux():
            if packet.pts is not None:
                times[packet.stream.type].append(float(packet.pts * packet.time_base))
    pictures, sounds = times["video"], times["audio"]
    assert (len(pictures), len(sounds)) == (30 * 21, pytest.approx(21 * 48_000 / 1024, abs=4))
    assert all(one == sorted(one) for one in times.values())
    assert (pictures[0], pictures[-1]) == (0, pytest.approx(25 - 1 / 30, abs=1e-3))
    assert max(after - before for before, after in pairwise(pictures)) == pytest.approx(4 + 1 / 30, abs=1e-3)


def test_update_is_small_however_long_the_stream_is() -> None:
    stream = Stream()
    for entry in [START, {**RUN, "part": 0}]:
        stream.apply(entry)
    for turn in range(4 * 3600 // 2):
        for part in range(5):
            number = turn * 5 + part
            facts = {"part": number, "time": number * 24_000, "duration": 24_000, "bytes": 9, "key": part == 0}
            stream.apply({"kind": "part", **facts})
        stream.apply({"kind": "segment", "bytes": 45})
    renders = Renders(stream, 1_000_000)
    assert len(renders.live(skips=True)) < 5_000
    assert len(renders.live(skips=False)) > 500_000
    assert renders.live(skips=True) is renders.live(skips=True)
    assert skipped_segments(stream) == 7200 - 19
    assert merged(renders.live(skips=False).decode(), renders.live(skips=True).decode()) == live_playlist(stream)


def test_multivariant_covers_everything_that_was_sent(tmp_path: Path) -> None:
    stream = broadcast(tmp_path, Show(6), Show(6, (320, 180), at_s=6), ends=False).tape.stream
    text = multivariant_playlist(stream, 300_000)
    (one,) = m3u8.loads(text).playlists
    peak_bps = max(part.size_bytes * 8 * TICKS / part.duration for part in stream.segments)
    assert one.stream_info.bandwidth >= max(peak_bps, 300_000)
    assert one.stream_info.average_bandwidth <= one.stream_info.bandwidth
    assert one.stream_info.resolution == (320, 180)
    assert one.stream_info.codecs == stream.runs[1].codecs
    assert one.uri == "stream.m3u8"
    stream.apply({"kind": "stop"})
    assert m3u8.loads(multivariant_playlist(stream, 300_000)).playlists[0].uri == "recording.m3u8"
