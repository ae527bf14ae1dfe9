"""A stream goes on through new sizes, pauses and lost writers, and its dates stay right."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.broadcast.hls import index
from server.broadcast.hls.playlist import live_playlist, recording_playlist
from server.broadcast.hls.samples import TICKS, Picture
from server.broadcast.hls.stream import Stream
from server.broadcast.hls.tape import UNFINISHED, UNSURE, HasEnded
from server.broadcast.hls.timing import Timing
from tests.broadcast.hls.material import STARTED_AT, Show, broadcast, packager, pictures
from tests.broadcast.hls.rules import parse, violations

PART_S = Timing().part / TICKS


def read(directory: Path) -> Stream:
    """The stream as another process finds it."""
    stream = Stream()
    for entry in index.read_entries(directory / index.NAME)[0]:
        stream.apply(entry)
    return stream


def dates(stream: Stream) -> list[float]:
    return [one.at.timestamp() for one in parse(live_playlist(stream)).segments if one.at]


def test_new_size_is_a_discontinuity_with_its_own_set_up(tmp_path: Path) -> None:
    stream = broadcast(tmp_path, Show(4), Show(2, (320, 180), at_s=4), Show(2, at_s=6)).tape.stream
    assert [(run.width, run.height) for run in stream.runs] == [(160, 90), (320, 180), (160, 90)]
    assert [one.is_discontinuity for one in stream.segments] == [False, False, True, True]
    assert violations(live_playlist(stream)) == violations(recording_playlist(stream)) == []


def test_next_publisher_with_the_same_set_up_needs_none(tmp_path: Path) -> None:
    stream = broadcast(tmp_path, Show(4), Show(2, at_s=4)).tape.stream
    assert len(stream.runs) == 1
    assert not any(one.is_discontinuity or one.is_gap for one in stream.segments)


def test_pause_is_a_gap_that_viewers_see_grow(tmp_path: Path) -> None:
    """While nothing comes the clock alone adds to it; a key frame ends it, and nothing else; dates go on."""
    writer = broadcast(tmp_path, Show(4), ends=False)
    stream = writer.tape.stream
    seen = []
    for tenth in range(40, 100):
        writer.tick(tenth * TICKS // 10)
        seen.append(stream.end / TICKS)
        assert violations(live_playlist(stream)) == []
    assert seen[0] == pytest.approx(2 + 7 * PART_S), "sound and picture of the last part may still come"
    assert seen[-1] == pytest.approx(9.3, abs=0.5)
    assert writer.needs_key
    for picture in pictures(2)[1:]:
        writer.write(Picture(picture.time + 10 * TICKS, picture.data))
    assert writer.needs_key, "without a key frame nobody could see it"
    for sample in Show(4, at_s=13.1).samples():
        writer.write(sample)
    writer.finish()
    assert len(stream.runs) == 1
    assert violations(live_playlist(stream)) == []
    gaps = [one for one in stream.segments if one.is_gap]
    assert sum(one.duration for one in gaps) == round(9.1 * TICKS)
    assert all(one.duration <= 4 * TICKS for one in gaps)
    after = stream.segments[stream.segments.index(gaps[-1]) + 1]
    assert after.time == round(13.1 * TICKS)
    assert dates(stream)[after.number] == pytest.approx(STARTED_AT + 13.1, abs=0.001)


def test_lost_writer_costs_a_gap_and_a_discontinuity(tmp_path: Path) -> None:
    """The next one goes on at the time that it is: one part of the old segment stays, 3.7 s are missing."""
    broadcast(tmp_path, Show(4.5), ends=False).tape.close()
    before = read(tmp_path)
    assert before.end == 4 * TICKS + Timing().part
    writer = packager(tmp_path, wall_at=STARTED_AT + 8)
    for sample in Show(4).samples():
        writer.write(sample)
    writer.finish()
    stream = read(tmp_path)
    assert violations(live_playlist(stream)) == []
    assert [(one.duration / TICKS, one.is_gap, one.is_discontinuity) for one in stream.segments] == [
        (2, False, False),
        (2, False, False),
        (pytest.approx(PART_S), False, False),
        (pytest.approx(4 - PART_S), True, False),
        (2, False, True),
        (2, False, False),
    ]
    assert dates(stream)[4] == pytest.approx(STARTED_AT + 8, abs=0.001)


def test_writer_that_is_lost_before_its_first_part_leaves_no_trace(tmp_path: Path) -> None:
    """It had begun a run: the gap behind it still belongs to the one before, and nothing names a file that is not there."""
    broadcast(tmp_path, Show(4.5), ends=False).tape.close()
    short = packager(tmp_path, wall_at=STARTED_AT + 8)
    short.write(pictures(1, (320, 180))[0])
    short.tape.close()
    writer = packager(tmp_path, wall_at=STARTED_AT + 12)
    for sample in Show(4).samples():
        writer.write(sample)
    writer.finish()
    stream = read(tmp_path)
    text = live_playlist(stream)
    assert violations(text) == violations(recording_playlist(stream)) == []
    assert [one.is_discontinuity for one in stream.segments if not one.is_gap] == [False, False, False, True, False]
    assert all((tmp_path / one.map).exists() for one in parse(text).segments if one.map)
    assert dates(stream)[-2] == pytest.approx(STARTED_AT + 12, abs=0.001)


def test_names_are_never_used_twice(tmp_path: Path) -> None:
    """Not even those of lines that a power failure took away."""
    broadcast(tmp_path, Show(4.5), ends=False).tape.close()
    names = {path.name for path in tmp_path.iterdir()}
    lines = (tmp_path / index.NAME).read_bytes().splitlines(keepends=True)
    (tmp_path / index.NAME).write_bytes(b"".join(lines[:-5]))
    writer = broadcast(tmp_path, Show(4))
    stream = writer.tape.stream
    fresh = {one.name for one in [*stream.segments[2:], *stream.runs[1:]]}
    fresh |= {part.name for one in stream.segments[2:] for part in one.parts if part.number > UNSURE}
    assert not fresh & (names - {path.name for path in tmp_path.iterdir()})
    assert violations(live_playlist(stream)) == []


def test_clock_that_was_set_back_gives_no_date_twice(tmp_path: Path) -> None:
    broadcast(tmp_path, Show(6), ends=False).tape.close()
    writer = packager(tmp_path, wall_at=STARTED_AT - 3600)
    for sample in Show(4).samples():
        writer.write(sample)
    writer.finish()
    stream = read(tmp_path)
    assert violations(live_playlist(stream)) == []
    assert dates(stream) == sorted(dates(stream))


def test_hours_of_absence_are_not_listed(tmp_path: Path) -> None:
    broadcast(tmp_path, Show(4), ends=False).tape.close()
    writer = packager(tmp_path, wall_at=STARTED_AT + 7 * 3600)
    for sample in Show(4).samples():
        writer.write(sample)
    writer.finish()
    stream = read(tmp_path)
    assert not any(one.is_gap for one in stream.segments)
    assert violations(live_playlist(stream)) == []
    assert dates(stream)[-1] == pytest.approx(STARTED_AT + 7 * 3600 + 2, abs=0.001)


def test_half_a_line_and_half_a_file_are_cleared_away(tmp_path: Path) -> None:
    broadcast(tmp_path, Show(3), ends=False).tape.close()
    with (tmp_path / index.NAME).open("ab") as file:
        file.write(b'{"kind":"part","part":11,"ti')
    (tmp_path / f"p11.m4s{UNFINISHED}").write_bytes(b"half")
    (tmp_path / "p11.m4s").write_bytes(b"whole, but no line says so")
    assert not read(tmp_path).has_ended
    stream = broadcast(tmp_path, Show(3)).tape.stream
    assert violations(live_playlist(read(tmp_path))) == []
    assert read(tmp_path).segments == stream.segments
    assert not (tmp_path / "p11.m4s").exists()
    assert not list(tmp_path.glob(f"*{UNFINISHED}"))


@pytest.mark.parametrize("kind", ["segment", "part"])
def test_broken_files_become_gaps(tmp_path: Path, kind: str) -> None:
    """After a power failure a file may be shorter than its line says: better nothing than something that cannot be decoded."""
    broadcast(tmp_path, Show(5), ends=False).tape.close()
    before = read(tmp_path)
    name = before.segments[1].name if kind == "segment" else before.parts[0].name
    os.truncate(tmp_path / name, 100)
    stream = broadcast(tmp_path, Show(2)).tape.stream
    broken = 1 if kind == "segment" else 2
    assert [one.is_gap for one in stream.segments[:3]] == [number == broken for number in range(3)]
    assert read(tmp_path).segments == stream.segments


def test_ended_stream_takes_nothing_more(tmp_path: Path) -> None:
    broadcast(tmp_path, Show(2))
    with pytest.raises(HasEnded):
        packager(tmp_path)


def test_stream_without_pictures_just_ends(tmp_path: Path) -> None:
    packager(tmp_path).finish()
    assert read(tmp_path).has_ended


def test_old_parts_leave_the_disk_and_segments_stay(tmp_path: Path) -> None:
    stream = broadcast(tmp_path, *(Show(10, at_s=10 * turn) for turn in range(7))).tape.stream
    parts = sorted(int(path.stem[1:]) for path in tmp_path.glob("p*.m4s"))
    kept_s = 70 - parts[0] * 0.25
    assert kept_s >= 6 * 4, "parts are there for three target durations after they left the playlist"
    assert kept_s <= 8 * 4 + 4
    assert parts[-1] == stream.last_part
    assert all((tmp_path / one.name).stat().st_size == one.size_bytes for one in stream.segments)
    assert all(not one.parts for one in stream.segments if one.time < stream.end - 30 * TICKS)


def test_dates_are_the_wall_clock_s(tmp_path: Path) -> None:
    """Whatever the feeder's clock begins with."""
    writer = packager(tmp_path, wall_at=STARTED_AT - 5000)
    for sample in Show(4, at_s=5000).samples():
        writer.write(sample)
    writer.finish()
    assert dates(writer.tape.stream) == pytest.approx([STARTED_AT, STARTED_AT + 2], abs=0.001)
    assert parse(live_playlist(writer.tape.stream)).segments[0].at == datetime.fromtimestamp(STARTED_AT, UTC)
