"""What one person sends, by mistake or on purpose, harms nobody else's recording."""

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path

import av
import pytest

from server.media.recorder.frames import UNITS_LIMIT, H264Frames
from server.media.recorder.h264 import avcc
from server.media.recorder.index import read_index
from server.media.recorder.track import Track
from server.media.recorder.writer import Sink, Writer
from server.media.tap import Source
from tests.media.record_packets import H264, OPUS, VP8, Bench, Sent, Stream, sound, video

SPS = bytes.fromhex("6742c01fda0505e4")  # Baseline, 320 x 176.


def fragments(unit: bytes, size: int = 1100) -> Iterable[bytes]:
    """The unit as FU-A payloads (RFC 6184, section 5.8)."""
    body = unit[1:]
    for at in range(0, len(body), size):
        edges = (0x80 if at == 0 else 0) | (0x40 if at + size >= len(body) else 0)
        yield bytes([unit[0] & 0xE0 | 28, edges | unit[0] & 0x1F]) + body[at : at + size]


def test_parameter_sets_that_are_too_long_are_a_bad_frame() -> None:
    with pytest.raises(ValueError, match="too long"):
        avcc(SPS, [bytes([0x68]) + bytes(70_000)])
    frames = H264Frames()
    for payload in [SPS, *fragments(bytes([0x68]) + bytes(70_000))]:
        assert frames.feed(payload, False) is None
    with pytest.raises(ValueError, match="too long"):
        frames.feed(b"\x65" + bytes(50), True)


def test_a_frame_has_a_limited_number_of_units() -> None:
    frames = H264Frames()
    frames.feed(SPS, False)
    with pytest.raises(ValueError, match="too many"):
        frames.feed(b"\x18" + b"\x00\x01\x65" * (UNITS_LIMIT + 1), False)


@pytest.mark.parametrize("step", ["tick", "end"])
async def test_a_track_that_fails_ends_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A bug in one track, met by the timer or by the stop: the other people's tracks and the index go on to their end."""
    sane = getattr(Track, step)

    def fail(track: Track, *arguments: object) -> None:
        if track.participant == "eve":
            raise RuntimeError("a bug")
        sane(track, *arguments)

    monkeypatch.setattr(Track, step, fail)
    bench = Bench(tmp_path, ["ann", "eve"])
    await bench.recorder.start()
    await bench.feed(
        Stream("ann", Source.MICROPHONE, OPUS, sound(2)), Stream("eve", Source.CAMERA, VP8, video("VP8", 2))
    )
    await asyncio.sleep(0.7)
    later = Stream("ann", Source.MICROPHONE, OPUS, (late(packet, 2.0) for packet in sound(2)), start=2.0)
    await bench.feed(later)
    await bench.recorder.stop()
    index = read_index(bench.directory)
    assert index.stopped == "stopped"
    assert [line["source"] for line in index.lines if line.get("reason") == "fault"] == ["camera"]
    [voice] = [track for track in index.tracks if track.participant == "ann"]
    assert sum(1 for _ in packets_of(bench.directory / voice.file)) == 200


def late(packet: Sent, seconds: float) -> Sent:
    """The same packet, so much later in its stream of sound."""
    return Sent(
        packet.t,
        packet.seq + round(seconds * 50),
        (packet.rtp_time + round(seconds * 48_000)) % 2**32,
        packet.marker,
        packet.payload,
        packet.is_key,
    )


def packets_of(path: Path) -> Iterable[int]:
    """The sizes of a file's packets."""
    with av.open(str(path)) as container:
        yield from [packet.size for packet in container.demux() if packet.size]


async def test_one_persons_many_files_leave_room_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eve's camera changes its size and codec until her limit; Ann, who switches hers on afterwards, is recorded all the same."""
    monkeypatch.setattr("server.media.recorder.recorder.FILE_LIMIT", 3)
    bench = Bench(tmp_path, ["ann", "eve"])
    await bench.recorder.start()
    for number in range(6):
        name, codec = ("VP8", VP8) if number % 2 else ("H264", H264)
        await bench.feed(Stream("eve", Source.CAMERA, codec, video(name, 1, seed=number), start=float(number)))
        bench.recorder.left("eve")
    await bench.feed(Stream("ann", Source.CAMERA, VP8, video("VP8", 2), start=6.0))
    await bench.feed(Stream("eve", Source.MICROPHONE, OPUS, sound(1), start=6.0))
    await bench.recorder.stop()
    index = read_index(bench.directory)
    assert [(track.participant, track.source) for track in index.tracks[3:]] == [
        ("ann", "camera"),
        ("eve", "microphone"),
    ]
    assert len({track.file for track in index.tracks}) == 5
    reasons = [line.get("reason") for line in index.lines if line["kind"] == "gap"]
    assert reasons.count("too_many_files") == 1, "the index says it, once"


async def test_withdrawal_reaches_what_waits_for_earlier_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk hangs. Eve changes her codec, leaves, comes back, withdraws: when the disk goes on, it gets nothing of hers from any file."""
    disk = threading.Event()
    handle = Writer._handle

    def slow(writer: Writer, sink: Sink, data: bytes | None) -> None:
        disk.wait(10)
        handle(writer, sink, data)

    monkeypatch.setattr(Writer, "_handle", slow)
    bench = Bench(tmp_path, ["ann", "eve"])
    await bench.recorder.start()
    for number, (name, codec) in enumerate((("VP8", VP8), ("H264", H264))):
        await bench.feed(Stream("eve", Source.CAMERA, codec, video(name, 1, seed=number), start=float(number)))
    bench.recorder.left("eve")
    await bench.feed(Stream("eve", Source.MICROPHONE, OPUS, sound(2), start=2.0))
    await bench.feed(Stream("ann", Source.MICROPHONE, OPUS, sound(2), start=2.0))
    bench.recorder.agree(["ann"])
    disk.set()
    await bench.recorder.stop()
    assert {track.participant for track in read_index(bench.directory).tracks} == {"ann", "eve"}
    assert [path.name for path in bench.directory.glob("*.mkv")] == ["t004-microphone.mkv"], "Ann's, and nothing else"
