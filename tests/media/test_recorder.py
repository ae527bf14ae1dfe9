"""The recorder writes playable tracks of those who agreed, and of nobody else."""

import asyncio
import random
import resource
from pathlib import Path

import av
import pytest

from server.errors import BadField, NoSpace
from server.media.protocol import StartRecording
from server.media.recorder import Recorder
from server.media.recorder.index import read_index
from server.media.tap import Source
from tests.media.record_packets import (
    H264,
    OPUS,
    VP8,
    Bench,
    Stream,
    beeps,
    duration_s,
    flashes,
    give,
    in_order,
    second_of_sound,
    second_of_video,
    skews_ms,
    sound,
    video,
)


def camera(person: str, seconds: float, codec: str = "VP8", **facts: object) -> Stream:
    return Stream(person, Source.CAMERA, VP8 if codec == "VP8" else H264, video(codec, seconds, **facts))  # type: ignore[arg-type]


def microphone(person: str, seconds: float, **facts: object) -> Stream:
    return Stream(person, Source.MICROPHONE, OPUS, sound(seconds, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_tracks_play_with_every_frame(tmp_path: Path, codec: str) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.record(camera("ann", 4, codec), microphone("ann", 4))
    tracks = {track.source: track for track in read_index(bench.directory).tracks}
    picture, voice = bench.directory / tracks["camera"].file, bench.directory / tracks["microphone"].file
    with av.open(str(picture)) as container:
        assert container.streams.video[0].codec_context.width == 320
        assert sum(1 for _ in container.decode(video=0)) == 120
    with av.open(str(voice)) as container:
        assert sum(1 for _ in container.demux(audio=0) if _.size) == 200
    flash_times = flashes(picture, tracks["camera"].start_s)
    assert len(flash_times) == 4
    assert max(skews_ms(flash_times, beeps(voice, tracks["microphone"].start_s))) < 40


@pytest.mark.strict
async def test_people_who_did_not_agree_leave_no_byte(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.record(
        camera("ann", 2), microphone("ann", 2), camera("bob", 2, size=(160, 90)), microphone("bob", 2, seed=5)
    )
    written = b"".join(path.read_bytes() for path in bench.directory.iterdir())
    for payloads, _ in second_of_video("VP8", 160, 90, 30):
        assert payloads[0][10:60] not in written
    assert b"bob" not in written
    assert {track.participant for track in read_index(bench.directory).tracks} == {"ann"}


@pytest.mark.strict
async def test_withdrawn_consent_stops_within_the_packet(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann", "bob"])
    await bench.recorder.start()
    await bench.feed(camera("ann", 3), microphone("bob", 3))
    await asyncio.sleep(0.3)
    size = sum(path.stat().st_size for path in bench.directory.glob("*microphone*"))
    bench.recorder.agree(["ann"])
    late = microphone("bob", 3, seed=40)
    late.start = 3.0
    await bench.feed(late)
    facts = await bench.recorder.stop()
    assert facts.participants == ["ann"]
    assert sum(path.stat().st_size for path in bench.directory.glob("*microphone*")) == size
    assert any(
        line["kind"] == "consent" and line["participants"] == ["ann"] for line in read_index(bench.directory).lines
    )


async def test_lost_and_late_packets_are_put_right(tmp_path: Path) -> None:
    """5 % come 200 ms late (retransmitted): all frames are there. Then three are gone for good: picked up at the next key frame."""
    dice = random.Random(3)
    bench = Bench(tmp_path, ["ann"])
    stream = camera("ann", 5)
    stream.delay = lambda t: 0.02 + (0.2 if dice.random() < 0.05 else 0.0)
    await bench.record(stream)
    [track] = read_index(bench.directory).tracks
    with av.open(str(bench.directory / track.file)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 150

    bench = Bench(tmp_path / "lossy", ["ann"])
    packets = [packet for packet in video("VP8", 5) if not 1.5 < packet.t < 1.57]
    await bench.record(Stream("ann", Source.CAMERA, VP8, iter(packets)))
    index = read_index(bench.directory)
    [gap] = [line for line in index.lines if line["kind"] == "gap"]
    assert gap["reason"] == "lost"
    assert gap["to_s"] - gap["from_s"] == pytest.approx(0.5, abs=0.05)
    assert len(flashes(bench.directory / index.tracks[0].file)) == 5


@pytest.mark.parametrize("reports", [True, False])
async def test_sound_and_picture_stay_together_for_ten_minutes(tmp_path: Path, reports: bool) -> None:
    """One clock 100 millionths fast, the other 100 slow: unheeded, that is 120 ms at the end."""
    dice = random.Random(7)
    bench = Bench(tmp_path, ["ann"])
    picture, voice = camera("ann", 600, ppm=100, fps=15, size=(160, 90)), microphone("ann", 600, ppm=-100)
    for stream in (picture, voice):
        stream.delay = lambda t: 0.02 + dice.random() * 0.03
        stream.has_report = lambda t: reports and t > 1
    await bench.record(picture, voice)
    tracks = {track.source: track for track in read_index(bench.directory).tracks}
    flash_times = flashes(bench.directory / tracks["camera"].file, tracks["camera"].start_s)
    beep_times = beeps(bench.directory / tracks["microphone"].file, tracks["microphone"].start_s)
    assert len(flash_times) == 600
    assert max(skews_ms(flash_times, beep_times)) < 80


@pytest.mark.parametrize("late_s", [0.05, 0.5])
async def test_slow_network_at_the_start_shifts_nothing(tmp_path: Path, late_s: float) -> None:
    """What was on its way when the recording began is left out; the rest keeps its time."""
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    picture, voice = camera("ann", 4), microphone("ann", 4)
    for stream in (picture, voice):
        stream.start, stream.delay = -late_s, lambda t: late_s
    await bench.feed(picture, voice)
    await bench.recorder.stop()
    tracks = {track.source: track for track in read_index(bench.directory).tracks}
    seen = flashes(bench.directory / tracks["camera"].file, tracks["camera"].start_s)
    heard = beeps(bench.directory / tracks["microphone"].file, tracks["microphone"].start_s)
    assert seen[1:] == pytest.approx([1 - late_s, 2 - late_s, 3 - late_s], abs=0.02)
    assert max(skews_ms(seen[1:], heard)) < 40


async def test_number_of_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.media.recorder.recorder.FILE_LIMIT", 3)
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    for number in range(6):
        stream = camera("ann", 1, codec="VP8" if number % 2 else "H264", seed=number)
        stream.start = float(number)
        await bench.feed(stream)
    await bench.recorder.stop()
    assert len(list(bench.directory.glob("*.mkv"))) == 3


async def test_pause_new_connection_and_codec_change_keep_the_time(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    first, again, other = camera("ann", 3), camera("ann", 3, seed=77), camera("ann", 3, codec="H264")
    again.start, other.start = 10.0, 20.0
    await bench.feed(first, again, other)
    await bench.recorder.stop()
    index = read_index(bench.directory)
    assert [track.codec for track in index.tracks] == ["VP8", "H264"]
    vp8, h264 = index.tracks
    times = flashes(bench.directory / vp8.file, vp8.start_s)
    assert times == pytest.approx([0, 1, 2, 10, 11, 12], abs=0.05)
    assert flashes(bench.directory / h264.file, h264.start_s) == pytest.approx([20, 21, 22], abs=0.05)


async def test_h264_of_another_size_gets_its_own_file(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    small, large = camera("ann", 2, codec="H264"), camera("ann", 2, codec="H264", size=(640, 360), seed=8)
    large.start = 2.0
    await bench.feed(small, large)
    await bench.recorder.stop()
    files = [bench.directory / track.file for track in read_index(bench.directory).tracks]
    sizes = []
    for path in files:
        with av.open(str(path)) as container:
            sizes.append((container.streams.video[0].width, sum(1 for _ in container.decode(video=0))))
    assert sizes == [(320, 60), (640, 60)]


async def test_key_frames_are_asked_for_at_once_and_every_two_seconds(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    packets = [packet for packet in video("VP8", 6) if not (packet.is_key and packet.t > 0)]
    await bench.record(Stream("ann", Source.CAMERA, VP8, iter(packets)))
    assert 2 <= len(bench.keys) <= 12
    assert set(bench.keys) == {("ann", Source.CAMERA)}


async def test_too_little_space_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(NoSpace):
        await Bench(tmp_path, ["ann"], reserve_bytes=2**60).recorder.start()


async def test_directory_outside_is_refused(tmp_path: Path) -> None:
    for directory in ("../x", "/etc", ".", ""):
        request = StartRecording("rec", directory, [])
        recorder = Recorder(
            request, "s", root=tmp_path, reserve_bytes=0, ask_key=lambda p, s: None, announce=lambda event: None
        )
        with pytest.raises(BadField):
            await recorder.start()


async def test_full_disk_ends_the_recording_and_keeps_what_was_written(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: it needs no rights, and writes fail in the same place."""
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, old[1]))
    try:
        await bench.feed(camera("ann", 20, size=(640, 360)))
        async with asyncio.timeout(3):
            while not bench.recorder.failed:
                await asyncio.sleep(0.05)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    await bench.recorder.stop()
    [event] = [event for event in bench.events if event.kind == "recording_failed"]
    assert event.data == {"recording": "rec", "session": "session", "code": "no_space"}
    index = read_index(bench.directory)
    assert index.stopped == "no_space"
    path = bench.directory / index.tracks[0].file
    assert 150_000 < path.stat().st_size <= 200_000
    assert duration_s(path) > 1.5


async def test_reserve_is_watched_while_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, ["ann"], reserve_bytes=1000)
    await bench.recorder.start()
    monkeypatch.setattr("server.media.recorder.writer.free_bytes", lambda directory: 999)
    async with asyncio.timeout(4):
        while not bench.recorder.failed:
            await asyncio.sleep(0.05)
    await bench.recorder.stop()
    assert bench.events[-1].data["code"] == "no_space"


async def test_slow_disk_drops_up_to_the_next_key_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written decodes without a broken picture, and the index says what is missing."""
    monkeypatch.setattr("server.media.recorder.writer.QUEUE_LIMIT_BYTES", 30_000)
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    for arrival, stream, packet in in_order([camera("ann", 10, size=(640, 360))], bench.began):
        give(bench.recorder, arrival, stream, packet, bench.began)
        if packet.is_key and packet.marker:
            await asyncio.sleep(0.02)
    await bench.recorder.stop()
    index = read_index(bench.directory)
    assert [line["reason"] for line in index.lines if line["kind"] == "gap"].count("disk_too_slow") >= 5
    with av.open(str(bench.directory / index.tracks[0].file)) as container:
        frames = list(container.decode(video=0))
    assert 10 < len(frames) < 290
    assert not any(frame.is_corrupt for frame in frames)


@pytest.mark.strict
async def test_index_tells_of_those_who_agreed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    for call in (bench.recorder.joined, bench.recorder.speaking, bench.recorder.left):
        call("ann")
        call("bob")
    await bench.recorder.stop()
    lines = [(line["kind"], line.get("participant")) for line in read_index(bench.directory).lines]
    assert lines == [("start", None), ("joined", "ann"), ("speaker", "ann"), ("left", "ann"), ("stop", None)]


async def test_junk_is_survived(tmp_path: Path) -> None:
    dice = random.Random(1)
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    for number in range(3000):
        codec = (VP8, H264, OPUS)[number // 1000]
        source = Source.MICROPHONE if codec is OPUS else Source.CAMERA
        size = dice.randrange(0, 40)
        rtp_time, arrival = dice.randrange(2**32), bench.began + number / 100
        bench.recorder.packet(
            "ann", source, codec, number, rtp_time, dice.random() < 0.5, dice.randbytes(size), arrival, None
        )
    good = camera("ann", 3)
    good.start = 40.0
    await bench.feed(good)
    await bench.recorder.stop()
    last = [track for track in read_index(bench.directory).tracks if track.codec == "VP8"][-1]
    assert len(flashes(bench.directory / last.file)) == 3
    assert len(second_of_sound()) == 50
