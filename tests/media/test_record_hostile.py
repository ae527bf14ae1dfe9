"""What one person sends, by mistake or on purpose, harms nobody else's recording."""

import asyncio
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import av
import pytest
import structlog.testing

from server.media.recorder import finish as finish_module
from server.media.recorder.finish import finish
from server.media.recorder.frames import UNITS_LIMIT, H264Frames, Vp8Frames
from server.media.recorder.h264 import avcc
from server.media.recorder.index import read_index
from server.media.recorder.matroska import Blocks, TrackFormat, head
from server.media.recorder.timing import TrackClock
from server.media.recorder.track import Track
from server.media.recorder.writer import Sink, Writer
from server.media.tap import Source
from tests.media.record_packets import H264, OPUS, VP8, Bench, Sent, Stream, flashes, in_order, sound, video

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


async def test_a_picture_that_changes_its_size_every_second_makes_few_files(tmp_path: Path) -> None:
    """Twenty at once; afterwards one a minute, with the size that the picture has then. Its sound goes on."""
    bench = Bench(tmp_path, ["eve"])
    await bench.recorder.start()
    sizes = [(320, 180), (160, 90)]
    with structlog.testing.capture_logs() as logs:
        for number in range(30):
            packets = video("H264", 1, size=sizes[number % 2], seed=number)
            await bench.feed(Stream("eve", Source.CAMERA, H264, packets, start=float(number)))
        later = video("H264", 40, size=(640, 360), seed=99)
        await bench.feed(
            Stream("eve", Source.CAMERA, H264, later, start=30.0),
            Stream("eve", Source.MICROPHONE, OPUS, sound(1), start=30.0),
        )
        await bench.recorder.stop()
    index = read_index(bench.directory)
    files = [track for track in index.tracks if track.source == "camera"]
    assert len(files) == 21
    with av.open(str(bench.directory / files[-1].file)) as container:
        assert container.streams.video[0].width == 640
    assert [one.source for one in index.tracks].count("microphone") == 1
    assert [line["reason"] for line in index.lines if line["kind"] == "gap"].count("changes_too_often") == 1
    assert [(one["event"], one["reason"]) for one in logs] == [("recording_file_refused", "changes_too_often")]


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


@pytest.mark.parametrize("lie_s", [44_749.0, -1e6])
async def test_a_clock_that_lies_makes_no_track_longer(tmp_path: Path, lie_s: float) -> None:
    """Eve's sender reports say from the second second on that her pictures are taken hours away. They stay where they arrived."""
    bench = Bench(tmp_path, ["ann", "eve"])
    await bench.recorder.start()
    honest = Stream("ann", Source.MICROPHONE, OPUS, sound(4))
    eve = Stream("eve", Source.CAMERA, VP8, video("VP8", 4))
    for arrival, stream, packet in in_order([honest, eve], bench.began):
        capture = bench.began + packet.t + (lie_s if stream is eve and packet.t >= 1 else 0.0)
        bench.newest = arrival
        words = (packet.seq, packet.rtp_time, packet.marker, packet.payload, arrival, capture)
        bench.recorder.packet(stream.participant, stream.source, stream.codec, *words)
    await bench.recorder.stop()
    facts = await asyncio.to_thread(finish, bench.directory, lambda share: None)
    assert facts.duration_s == pytest.approx(4, abs=0.2)
    [picture] = [track for track in facts.tracks if track.participant == "eve"]
    assert flashes(bench.directory / picture.name, picture.start_s) == pytest.approx([0, 1, 2, 3], abs=0.1)


def test_timestamps_that_run_away_and_back_stay_near_their_arrival() -> None:
    clock = TrackClock(90_000)
    far = [clock.ticks(number * 400_000, 10 + number / 1000, None) for number in range(100)]
    for number in range(99, -1, -1):
        clock.ticks(number * 400_000, 10.2 - number / 1000, 10.0)
    assert clock.seconds(far[-1], True, 0.0) <= 10.2 + 5


async def test_a_track_is_cut_where_the_recording_ended(tmp_path: Path) -> None:
    """A raw file whose time stamps run ahead of our own clock, as one written before they were checked."""
    bench = Bench(tmp_path, ["ann"])
    await bench.record(Stream("ann", Source.MICROPHONE, OPUS, sound(2)))
    raw = head(TrackFormat("opus"), 0.0)
    blocks = Blocks(True)
    [path] = bench.directory.glob("*.mkv")
    path.write_bytes(
        raw + b"".join(blocks.block(b"\xfc\xff\xfe", time_ms, True) for time_ms in range(0, 90_000_000, 30_000))
    )
    facts = await asyncio.to_thread(finish, bench.directory, lambda share: None)
    assert facts.duration_s <= 2 + 5.5
    assert facts.tracks[0].duration_s == facts.duration_s


def test_a_vp8_picture_without_a_size_is_a_bad_frame() -> None:
    with pytest.raises(ValueError, match="size"):
        Vp8Frames().feed(b"\x10\x00\x00\x00\x9d\x01\x2a" + bytes(40), True)


def broken_raw(path: Path, kind: str) -> None:
    """Makes one raw file what the finisher cannot read, or cannot write again."""
    data = path.read_bytes()
    if kind == "no size":
        blocks = Blocks(False)
        frames = [blocks.block(bytes(500), number * 33, True) for number in range(30)]
        path.write_bytes(head(TrackFormat("VP8", 0, 0), 0.0) + b"".join(frames))
    else:
        path.write_bytes(bytes(100) + data[100:])


@pytest.mark.parametrize("kind", ["no size", "no head"])
async def test_a_track_that_cannot_be_finished_fails_alone(tmp_path: Path, kind: str) -> None:
    bench = Bench(tmp_path, ["ann", "eve"])
    await bench.record(
        Stream("eve", Source.CAMERA, VP8, video("VP8", 2)),
        Stream("ann", Source.MICROPHONE, OPUS, sound(2)),
    )
    [raw] = bench.directory.glob("*camera.mkv")
    broken_raw(raw, kind)
    facts = await asyncio.to_thread(finish, bench.directory, lambda share: None)
    assert [track.participant for track in facts.tracks] == ["ann"]
    left = sorted(path.name for path in bench.directory.iterdir())
    assert left == ["facts.json", "index.jsonl", "t001-camera.mkv.bad", facts.tracks[0].name]
    assert await asyncio.to_thread(finish, bench.directory, lambda share: None) == facts


async def test_a_raw_file_stays_until_its_finished_one_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that keeps only a part of what it was given: nothing is removed."""
    bench = Bench(tmp_path, ["ann"])
    await bench.record(Stream("ann", Source.MICROPHONE, OPUS, sound(2)))
    [raw] = bench.directory.glob("*.mkv")
    data = raw.read_bytes()
    read_back = finish_module._read_back

    def cut(part: Path, count: int) -> None:
        os.truncate(part, part.stat().st_size // 2)
        read_back(part, count)

    monkeypatch.setattr(finish_module, "_read_back", cut)
    facts = await asyncio.to_thread(finish, bench.directory, lambda share: None)
    assert facts.tracks == []
    assert Path(f"{raw}.bad").read_bytes() == data
