"""Half an hour with everything that happens to a broadcast, as fast as the disk takes it: parts are looked at when they come, playlists too."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import m3u8
import pytest

from server.broadcast.hls.initial import PICTURE_TRACK, SOUND_TRACK
from server.broadcast.hls.packager import Packager
from server.broadcast.hls.playlist import live_playlist, recording_playlist
from server.broadcast.hls.samples import TICKS, Sample
from server.broadcast.hls.stream import Part
from tests.broadcast.hls.material import STARTED_AT, Show, packager
from tests.broadcast.hls.reading import fragments
from tests.broadcast.hls.rules import changes, violations

NEAR_S = 0.03
TURN_S = 20
EVERY = 25  # Versions of the playlist between two that are read: reading all of them takes a minute.


class Watch:
    """Looks at each part as soon as it is there, and at every 25th version of the playlist, beside the one before."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._next, self._last = directory, 0, ""
        self.versions = 0

    def look(self, writer: Packager) -> None:
        stream = writer.tape.stream
        newest = [*(stream.segments[-1].parts if stream.segments else ()), *stream.parts]
        for part in newest:
            if part.number >= self._next and not part.is_gap:
                self._part(part)
                self._next = part.number + 1
        self.versions += 1
        if self.versions % EVERY == 0:
            text = live_playlist(stream)
            assert violations(text) == []
            assert not self._last or changes(self._last, text) == []
            assert len(m3u8.loads(text).segments) >= len(stream.segments)
            self._last = text

    def _part(self, part: Part) -> None:
        (one,) = fragments((self._directory / part.name).read_bytes())
        picture, sound = one.tracks[PICTURE_TRACK], one.tracks[SOUND_TRACK]
        assert (picture.time, picture.end) == (part.time, part.time + part.duration)
        assert picture.begins_with_key == part.is_independent
        assert sound.time / 48_000 == pytest.approx(picture.time / TICKS, abs=NEAR_S)
        assert sound.end / 48_000 == pytest.approx(picture.end / TICKS, abs=NEAR_S)


def test_half_an_hour_with_everything_that_happens(tmp_path: Path) -> None:
    """A pause of 4.7 s after ten minutes, another size for some, a lost writer, another publisher with other settings: no rule is broken."""
    first, larger, other = [
        list(show.samples()) for show in (Show(TURN_S), Show(TURN_S, (320, 180)), Show(TURN_S, fps=25, gop=75))
    ]
    writer, watch = packager(tmp_path), Watch(tmp_path)
    for turn in range(90):
        pause_s = 0.0 if turn < 30 else 4.7
        if turn == 60:
            writer.tape.close()
            writer = packager(tmp_path, STARTED_AT + 2.3)
        samples = larger if 40 <= turn < 50 else first if turn < 75 else other
        send(writer, samples, turn * TURN_S + pause_s, watch)
    writer.finish()
    watch.look(writer)
    stream = writer.tape.stream
    assert watch.versions > 4400
    assert [one.time / TICKS for one in stream.segments if one.is_discontinuity] == [804.7, 1004.7, 1207.0, 1507.0]
    assert sum(one.duration for one in stream.segments if one.is_gap) / TICKS == pytest.approx(7.0, abs=0.7)
    assert violations(live_playlist(stream)) == violations(recording_playlist(stream)) == []
    (tmp_path / "recording.m3u8").write_text(recording_playlist(stream))
    with av.open(str(tmp_path / "recording.m3u8")) as container:
        times = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.pts is not None]
    assert len(times) == pytest.approx(75 * TURN_S * 30 + 15 * TURN_S * 25, abs=15)
    assert times == sorted(times)
    assert times[-1] == pytest.approx(1807, abs=0.05)


def send(writer: Packager, samples: Sequence[Sample], at_s: float, watch: Watch) -> None:
    for sample in samples:
        before = writer.tape.stream.last_part
        writer.write(replace(sample, time=sample.time + round(at_s * TICKS)))
        if writer.tape.stream.last_part != before:
            watch.look(writer)
