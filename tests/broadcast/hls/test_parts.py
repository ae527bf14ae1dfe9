"""Each part box by box, and all of them as FFmpeg plays them."""

import io
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from server.broadcast.hls.initial import PICTURE_TRACK, SOUND_TRACK, initial_section
from server.broadcast.hls.packets import PictureReader
from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.stream import Stream
from tests.broadcast.hls.material import AUDIO, Show, broadcast, pictures, sounds
from tests.broadcast.hls.reading import Fragment, boxes, child, fragments, units

PARAMETERS = {7, 8}


def parts_of(directory: Path, stream: Stream) -> list[tuple[bytes, float, bool]]:
    """Bytes, declared duration in seconds, declared independence."""
    everything = [part for segment in stream.segments for part in segment.parts if not part.is_gap]
    return [((directory / one.name).read_bytes(), one.duration / TICKS, one.is_independent) for one in everything]


def test_each_part_is_what_the_playlist_says(tmp_path: Path) -> None:
    """Length, independence, order and addresses of every part of a broadcast with a new size and a pause; nothing lost, nothing twice."""
    shows = [Show(5), Show(3, (320, 180), at_s=5), Show(4, at_s=11)]
    stream = broadcast(tmp_path, *shows).tape.stream
    before: Fragment | None = None
    seen = {PICTURE_TRACK: 0, SOUND_TRACK: 0}
    for data, duration_s, is_independent in parts_of(tmp_path, stream):
        (one,) = fragments(data)
        picture, sound = one.tracks[PICTURE_TRACK], one.tracks[SOUND_TRACK]
        assert (picture.end - picture.time) / TICKS == pytest.approx(duration_s, abs=1e-5)
        assert (sound.end - sound.time) / 48_000 == pytest.approx(duration_s, abs=0.022)
        assert sound.time / 48_000 == pytest.approx(picture.time / TICKS, abs=0.022)
        kinds = [units(payload) for payload in picture.payloads]
        assert picture.begins_with_key == is_independent == (5 in kinds[0])
        assert not any(PARAMETERS & set(kind) for kind in kinds), "parameter sets stand in the initialization section"
        if before is not None:
            assert one.number > before.number
            assert picture.time >= before.tracks[PICTURE_TRACK].end
            assert sound.time >= before.tracks[SOUND_TRACK].end
        for number, track in one.tracks.items():
            seen[number] += len(track.samples)
        before = one
    assert seen[PICTURE_TRACK] == 30 * 12
    assert seen[SOUND_TRACK] == pytest.approx(12 * 48_000 / 1024, abs=3)


def test_segments_are_their_parts(tmp_path: Path) -> None:
    stream = broadcast(tmp_path, Show(5)).tape.stream
    for segment in stream.segments:
        joined = b"".join((tmp_path / part.name).read_bytes() for part in segment.parts)
        assert (tmp_path / segment.name).read_bytes() == joined
        assert segment.size_bytes == len(joined)


def test_payloads_are_what_came_in(tmp_path: Path) -> None:
    stream = broadcast(tmp_path, Show(3)).tape.stream
    read = [one for data, _, _ in parts_of(tmp_path, stream) for one in fragments(data)]
    assert [payload for one in read for payload in one.tracks[PICTURE_TRACK].payloads] == [x.data for x in pictures(3)]
    heard = [payload for one in read for payload in one.tracks[SOUND_TRACK].payloads]
    assert heard == [one.data for one in sounds(3)[0] if one.time >= 0][: len(heard)]


def test_initial_section_says_size_and_codecs() -> None:
    first = pictures(1, (320, 180))[0]
    assert first.format is not None
    data = initial_section(first.format, AUDIO)
    assert [kind for kind, _ in boxes(data)] == ["ftyp", "moov"]
    tracks = [content for kind, content in boxes(child(data, "moov")) if kind == "trak"]
    assert [child(track, "mdia", "hdlr")[8:12] for track in tracks] == [b"vide", b"soun"]
    with av.open(io.BytesIO(data)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.codec_context.extradata) == (320, 180, first.format.avcc)
        assert (audio.rate, audio.channels, audio.codec_context.extradata) == (48_000, 2, AUDIO.config)
        assert (video.codec.name, audio.codec.name) == ("h264", "aac")
        assert (video.time_base.denominator, audio.time_base.denominator) == (TICKS, 48_000)


def test_picture_and_sound_keep_together(tmp_path: Path) -> None:
    """White frames and beeps at full seconds, decoded from the files, over a new size and a pause: less than 30 ms apart."""
    stream = broadcast(tmp_path, Show(5), Show(3, (320, 180), at_s=5), Show(4, at_s=11)).tape.stream
    for run in stream.runs:
        data = (tmp_path / run.name).read_bytes()
        data += b"".join(
            (tmp_path / one.name).read_bytes() for one in stream.segments if one.run == run and not one.is_gap
        )
        white, beeps = events(data)
        assert len(white) >= 3
        assert all(min(abs(w - b) for b in beeps) < 0.03 for w in white)
        assert all(abs(w - round(w)) < 1e-3 for w in white), "the stream's clock is the wall's"


def events(data: bytes) -> tuple[list[float], list[float]]:
    """When it is white, and when sound begins, in seconds."""
    white, loud = [], []
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            if isinstance(frame, av.VideoFrame):
                if frame.to_ndarray(format="gray").mean() > 200:
                    white.append(float(frame.time))
            else:
                above = np.nonzero(np.abs(frame.to_ndarray()[0]) > 0.1)[0]
                if len(above):
                    loud.append(float(frame.time) + above[0] / frame.sample_rate)
    return white, [at for before, at in pairwise([-1.0, *loud]) if at - before > 0.5]


@pytest.mark.parametrize("damage", ["length-prefixed", "empty", "no sets"])
def test_other_forms_of_h264_are_refused(damage: str) -> None:
    key = pictures(1)[0].data
    forms = {"length-prefixed": key, "empty": b"", "no sets": b"\0\0\0\1\x65\x88"}
    packet = av.Packet(forms[damage])
    packet.pts = packet.dts = 0
    with pytest.raises(ValueError):  # noqa: PT011  The sentence is for people.
        PictureReader().read(packet)
