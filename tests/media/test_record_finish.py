"""Finished recordings are seekable, whatever ended them."""

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path

import av
import pytest

from server.media.recorder.facts import Facts, read_facts
from server.media.recorder.finish import finish
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
    skews_ms,
    sound,
    video,
)

ROOT = Path(__file__).parent.parent.parent


async def two_people(root: Path, seconds: float = 6) -> Path:
    bench = Bench(root, ["ann", "bob"])
    await bench.record(
        Stream("ann", Source.CAMERA, VP8, video("VP8", seconds)),
        Stream("ann", Source.MICROPHONE, OPUS, sound(seconds)),
        Stream("bob", Source.CAMERA, H264, video("H264", seconds - 2, size=(640, 360)), start=2.0),
        Stream("bob", Source.MICROPHONE, OPUS, sound(seconds - 2, seed=9), start=2.0),
    )
    return bench.directory


def check_tracks(directory: Path, facts: Facts, seconds: float, lost_s: float = 0.2) -> None:
    """All four tracks play to their end, picture and sound together."""
    assert [(track.participant, track.source) for track in facts.tracks] == [
        ("ann", "camera"),
        ("ann", "microphone"),
        ("bob", "camera"),
        ("bob", "microphone"),
    ]
    for track in facts.tracks:
        assert track.start_s + duration_s(directory / track.name) > seconds - lost_s, track
        assert track.size_bytes == (directory / track.name).stat().st_size
    for picture, voice in (facts.tracks[:2], facts.tracks[2:]):
        flash_times = flashes(directory / picture.name, picture.start_s)
        beep_times = beeps(directory / voice.name, voice.start_s)
        assert max(skews_ms(flash_times[:-1], beep_times), default=0) < 80


async def test_finished_tracks_have_index_and_duration(tmp_path: Path) -> None:
    directory = await two_people(tmp_path)
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    check_tracks(directory, facts, 6)
    assert facts.duration_s == pytest.approx(6, abs=0.1)
    assert not facts.interrupted
    assert not list(directory.glob("*.mkv"))
    assert [track.mime for track in facts.tracks] == ["video/webm", "audio/webm", "video/mp4", "audio/webm"]
    webm = (directory / "t001-camera.webm").read_bytes()
    assert 0 < webm.index(b"\x1c\x53\xbb\x6b") < webm.index(b"\x1f\x43\xb6\x75"), "cues stand before the first cluster"
    mp4 = (directory / "t003-camera.mp4").read_bytes()
    assert mp4.index(b"moov") < mp4.index(b"mdat")
    with av.open(str(directory / "t001-camera.webm")) as container:
        assert container.duration == pytest.approx(6_000_000, abs=100_000)
        container.seek(4_500_000)
        frame = next(container.decode(video=0))
        assert frame.time == pytest.approx(4.0, abs=0.05)


async def test_finishing_twice_changes_nothing(tmp_path: Path) -> None:
    directory = await two_people(tmp_path, 3)
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    names = sorted(path.name for path in directory.iterdir())
    assert await asyncio.to_thread(finish, directory, lambda share: None) == facts == read_facts(directory)
    assert sorted(path.name for path in directory.iterdir()) == names


async def test_progress_goes_up_to_one(tmp_path: Path) -> None:
    directory = await two_people(tmp_path, 3)
    words = [sys.executable, "-m", "server", "finish", str(directory)]
    done = await asyncio.to_thread(subprocess.run, words, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["step"] for line in lines} == {"tracks"}
    shares = [line["progress"] for line in lines]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_broken_file_loses_only_the_broken_places(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.record(Stream("ann", Source.CAMERA, VP8, video("VP8", 30)))
    [raw] = bench.directory.glob("*.mkv")
    data, dice = bytearray(raw.read_bytes()), random.Random(5)
    for _ in range(5):
        at = dice.randrange(2000, len(data) - 2000)
        data[at : at + 40] = dice.randbytes(40)
    raw.write_bytes(data[:-700])
    (bench.directory / "index.jsonl").open("ab").write(b'{"kind": "beat", "t_s')
    facts = await asyncio.to_thread(finish, bench.directory, lambda share: None)
    [track] = facts.tracks
    with av.open(str(bench.directory / track.name)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert len(packets) > 0.85 * 900
    assert track.duration_s > 29


def killed_recording(root: Path, after_s: float) -> tuple[Path, float]:
    """A process that records is killed in real life. -> its folder, and the seconds of media it had been given."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.media.record_child", str(root)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    given_s = 0.0
    for line in child.stdout:
        given_s = float(line)
        if given_s >= after_s:
            break
    child.kill()
    rest = child.stdout.read().split()
    child.wait()
    return root / "rec", float(rest[-1]) if rest else given_s


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(3))
async def test_killed_recording_plays_to_the_last_two_seconds(tmp_path: Path, seed: int) -> None:
    directory, given_s = await asyncio.to_thread(killed_recording, tmp_path, random.Random(seed).uniform(2.5, 6.0))
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    assert facts.interrupted
    assert facts.reason == "killed"
    check_tracks(directory, facts, given_s, lost_s=2.0)


@pytest.mark.chaos
@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
async def test_twenty_of_twenty_killed_recordings_play(tmp_path: Path, seed: int) -> None:
    await test_killed_recording_plays_to_the_last_two_seconds(tmp_path, seed)
