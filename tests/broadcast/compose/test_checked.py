"""A composed stream to which everything happens: each version of its playlist by two parsers, each of its parts box by box."""

from pathlib import Path

import pytest

from server.broadcast.compose.scene import Card, Scene
from server.broadcast.hls.index import NAME, read_entries
from server.broadcast.hls.initial import PICTURE_TRACK, SOUND_TRACK
from server.broadcast.hls.playlist import live_playlist, recording_playlist
from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.stream import Part, Stream
from tests.broadcast.compose.rig import ComposeRig
from tests.broadcast.hls.reading import Fragment, fragments
from tests.broadcast.hls.rules import changes, violations
from tests.broadcast.hls.test_playlists import assert_second_parser_agrees


@pytest.mark.chaos
async def test_change_of_sender_and_size_pause_and_crash_break_no_rule(tmp_path: Path) -> None:
    both = Scene(layout="grid", agreed=["ann", "bob"])
    async with ComposeRig(tmp_path) as rig:
        await rig.worker.join("ann", codec="H264")
        await rig.worker.join("bob")
        await rig.compose(Scene(agreed=["ann"]))
        await rig.health(lambda health: health.state == "passing")  # Her camera's size.
        await rig.length(2)
        await rig.client.play(Scene(agreed=["bob"]))
        await rig.length(2.5)
        await rig.client.play(Scene(agreed=["bob"], card=Card("pause", "Back soon")))
        await rig.length(2.5)
        await rig.kill()
        await rig.compose(both)
        await rig.length(2.5)
        await rig.end()
    stream = check_versions(rig.directory)
    assert len({(run.width, run.height) for run in stream.runs}) == 2
    assert any(segment.is_gap for segment in stream.segments)
    assert sum(segment.is_discontinuity for segment in stream.segments) >= 3
    check_parts(rig.directory, [part for segment in stream.segments for part in segment.parts])


def check_versions(directory: Path) -> Stream:
    """The playlist after each write to the index, by itself and beside the one before. The last part of a segment comes together with it."""
    stream, before = Stream(), ""
    entries = read_entries(directory / NAME)[0]
    for entry, following in zip(entries, [*entries[1:], {"kind": ""}], strict=True):
        stream.apply(entry)
        if (stream.parts or stream.segments) and following["kind"] != "segment":
            text = live_playlist(stream)
            assert violations(text) == []
            assert not before or changes(before, text) == []
            assert_second_parser_agrees(text)
            before = text
    assert violations(recording_playlist(stream)) == []
    return stream


def check_parts(directory: Path, parts: list[Part]) -> None:
    """Each goes on where the one before ended, in the playlist and in its boxes, and begins with a key picture where that is said."""
    at, last = parts[0].time, dict[int, int]()
    for part in parts:
        assert part.time == at
        at += part.duration
        if part.is_gap:
            last.clear()
            continue
        (one,) = fragments((directory / part.name).read_bytes())
        assert begins_with_key(one) == part.is_independent
        assert SOUND_TRACK in one.tracks
        for number, track in one.tracks.items():
            rate = TICKS if number == PICTURE_TRACK else 48_000
            assert part.time / TICKS - 0.022 <= track.time / rate < at / TICKS
            assert number not in last or abs(track.time - last[number]) <= (number == SOUND_TRACK)
            last[number] = track.end


def begins_with_key(part: Fragment) -> bool:
    """Nothing in it needs what was before (RFC 8216bis, 4.4.4.9). Where pictures are rare, the first one comes after the part's beginning."""
    picture = part.tracks.get(PICTURE_TRACK)
    return picture is not None and picture.begins_with_key
