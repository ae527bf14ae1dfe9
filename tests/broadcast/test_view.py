"""The view shows everybody while they were there, with their sound, and can be sought in."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from aiohttp import web

from server.broadcast.view import Scene, make_view
from server.media.recorder.facts import Facts, read_facts, write_facts
from server.media.recorder.finish import finish
from server.media.tap import Source
from tests.e2e.browsers import running_chromium, running_firefox
from tests.media.record_packets import H264, OPUS, VP8, Bench, Stream, beeps, duration_s, skews_ms, sound, video

ROOT = Path(__file__).parent.parent.parent


async def recording(root: Path) -> Path:
    """Ann for 10 s; Bob from 2 s to 8 s, his beeps half a second after hers."""
    bench = Bench(root, ["ann", "bob"])
    await bench.record(
        Stream("ann", Source.CAMERA, VP8, video("VP8", 10, size=(640, 360))),
        Stream("ann", Source.MICROPHONE, OPUS, sound(10)),
        Stream("bob", Source.CAMERA, H264, video("H264", 6, size=(360, 640)), start=2.5),
        Stream("bob", Source.MICROPHONE, OPUS, sound(6, seed=9), start=2.5),
    )
    await asyncio.to_thread(finish, bench.directory, lambda share: None)
    return bench.directory


def brightness(path: Path) -> list[tuple[float, float, float]]:
    """(time, middle of the left half, middle of the right half) of every frame, 0..255."""
    values = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            gray = frame.to_ndarray(format="gray")
            left, right = gray[360:420, 260:380], gray[360:420, 900:1020]
            values.append((frame.time or 0.0, float(left.mean()), float(right.mean())))
    return values


async def test_view_has_both_pictures_and_all_sound_in_step(tmp_path: Path) -> None:
    directory = await recording(tmp_path)
    facts = await asyncio.to_thread(make_view, directory, lambda share: None)
    assert facts.view is not None
    view = directory / facts.view.name
    values = brightness(view)
    white_left = [t for t, left, _ in values if left > 200]
    white_right = [t for t, _, right in values if right > 200 and 2.5 < t < 8.6]
    assert {round(t) for t in white_left if t % 1 < 0.2} == set(range(10))
    assert {int(t * 2) / 2 for t in white_right if t % 1 >= 0.5} == {2.5, 3.5, 4.5, 5.5, 6.5, 7.5}
    both = [t for t, left, right in values if left > 200 and right > 200]
    assert all(t < 2.6 or t > 8.4 for t in both), "with two people each has a half"
    heard = beeps(view)
    assert skews_ms([*range(10)], heard) == pytest.approx([0] * 10, abs=40)
    assert skews_ms([2.5, 3.5, 4.5, 5.5, 6.5, 7.5], heard) == pytest.approx([0] * 6, abs=40)
    assert duration_s(view) == pytest.approx(10, abs=0.1)
    assert (directory / facts.view.poster).read_bytes()[:2] == b"\xff\xd8"
    assert read_facts(directory).view == facts.view


async def test_view_plays_everywhere_by_its_format(tmp_path: Path) -> None:
    """H.264 4:2:0 and AAC in an MP4 whose index stands in front, with a key frame every two seconds."""
    directory = await recording(tmp_path)
    await asyncio.to_thread(make_view, directory, lambda share: None)
    data = (directory / "view.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(directory / "view.mp4")) as container:
        picture, voice = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (picture.width, picture.height, picture.average_rate) == (1280, 720, 30)
        assert (voice.codec_context.name, voice.rate) == ("aac", 48_000)
        keys = [float(packet.pts * packet.time_base) for packet in container.demux(picture) if packet.is_keyframe]
    assert np.diff(keys).max() <= 2.01


async def test_view_of_people_without_pictures(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann", "bob"])
    await bench.record(
        Stream("ann", Source.MICROPHONE, OPUS, sound(3)),
        Stream("bob", Source.MICROPHONE, OPUS, sound(2, seed=9), start=0.5),
    )
    await asyncio.to_thread(finish, bench.directory, lambda share: None)
    facts = await asyncio.to_thread(make_view, bench.directory, lambda share: None)
    assert facts.view is not None
    assert duration_s(bench.directory / facts.view.name) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("damage", ["junk", "frames", "sound"])
async def test_broken_track_is_left_out_and_said(
    tmp_path: Path, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bob's file is no film at all, holds junk instead of frames, or no picture; Ann is seen and heard throughout."""
    directory = await recording(tmp_path)
    facts = read_facts(directory)
    bob = next(track for track in facts.tracks if track.participant == "bob" and track.mime.startswith("video/"))
    path, voice = directory / bob.name, next(track for track in facts.tracks if track.mime.startswith("audio/"))
    size = path.stat().st_size
    content = {
        "junk": os.urandom(size),
        "frames": path.read_bytes().partition(b"mdat")[0] + b"mdat" + os.urandom(size),
        "sound": (directory / voice.name).read_bytes(),
    }
    path.write_bytes(content[damage])
    made = await asyncio.to_thread(make_view, directory, lambda share: None)
    assert made.view is not None
    assert made.unread == [bob.name] == read_facts(directory).unread
    assert capfd.readouterr().err.count(f"{bob.name} cannot be read and is left out") == 1
    assert duration_s(directory / made.view.name) == pytest.approx(10, abs=0.1)
    white_left = [t for t, left, _ in brightness(directory / made.view.name) if left > 200]
    assert {round(t) for t in white_left if t % 1 < 0.2} >= {0, 1, 9}
    assert skews_ms([*range(10)], beeps(directory / made.view.name)) == pytest.approx([0] * 10, abs=40)


async def test_view_of_nothing_but_broken_tracks_is_not_made(tmp_path: Path) -> None:
    directory = await recording(tmp_path)
    for track in read_facts(directory).tracks:
        (directory / track.name).write_bytes(os.urandom(5000))
    with pytest.raises(ValueError, match="no track can be read"):
        await asyncio.to_thread(make_view, directory, lambda share: None)
    assert read_facts(directory).view is None


async def test_empty_recording_has_no_view(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.record()
    await asyncio.to_thread(finish, bench.directory, lambda share: None)
    facts = await asyncio.to_thread(make_view, bench.directory, lambda share: None)
    assert facts.view is None
    assert facts.tracks == []


async def test_tracks_that_are_over_keep_no_decoder(tmp_path: Path) -> None:
    """A recording may have hundreds of parts: what is over holds neither its file nor a picture."""
    bench = Bench(tmp_path, ["ann"])
    await bench.record(
        Stream("ann", Source.CAMERA, VP8, video("VP8", 2)), Stream("ann", Source.MICROPHONE, OPUS, sound(2))
    )
    facts = await asyncio.to_thread(finish, bench.directory, lambda share: None)
    scene = Scene(bench.directory, facts)
    [picture], [voice] = scene.pictures, scene.sounds
    assert scene.at(1.0)[1]
    assert picture._frames is not None
    for position in range(0, 5 * 48_000, 1024):
        scene.sound(position, 1024)
    for t_s in (1.9, 2.2, 4.0, 5.0):
        scene.at(t_s)
    assert (picture._frames, picture._now, picture._next) == (None, None, None)
    assert voice._chunks is None
    assert scene.at(6.0)[1] == {}


async def test_camera_switched_off_leaves_the_picture(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    await bench.recorder.start()
    on, again = (Stream("ann", Source.CAMERA, VP8, video("VP8", 2, size=(640, 360), seed=n)) for n in (1, 2))
    again.start = 8.0
    await bench.feed(on, again, Stream("ann", Source.MICROPHONE, OPUS, sound(10)))
    await bench.recorder.stop()
    await asyncio.to_thread(finish, bench.directory, lambda share: None)
    await asyncio.to_thread(make_view, bench.directory, lambda share: None)
    values = {round(t, 2): left for t, left, _ in brightness(bench.directory / "view.mp4")}
    assert values[1.0] > 200
    assert values[8.0] > 200
    assert 30 < values[5.0] < 60, "the sign of somebody without a picture"


async def child(command: str, directory: Path) -> tuple[int, list[dict[str, object]]]:
    words = [sys.executable, "-m", "server", command, str(directory)]
    done = await asyncio.to_thread(subprocess.run, words, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


async def test_processes_print_their_progress(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ["ann"])
    picture, voice = (
        Stream("ann", Source.CAMERA, VP8, video("VP8", 5)),
        Stream("ann", Source.MICROPHONE, OPUS, sound(5)),
    )
    await bench.record(picture, voice)
    for command, step in (("finish", "tracks"), ("view", "view")):
        code, lines = await child(command, bench.directory)
        assert code == 0
        assert {line["step"] for line in lines} == {step}
        shares = [line["progress"] for line in lines]
        assert shares == sorted(shares)  # type: ignore[type-var]
        assert shares[-1] == 1.0
        assert len(shares) > 20
        assert await child(command, bench.directory) == (0, [{"step": step, "progress": 1.0}])


async def test_process_says_why_it_failed(tmp_path: Path) -> None:
    directory = await recording(tmp_path)
    for track in read_facts(directory).tracks:
        (directory / track.name).write_bytes(b"no film")
    code, lines = await child("view", directory)
    assert code == 1
    assert lines[-1] == {"step": "view", "failed": "unreadable"}


async def test_no_view_is_made_of_more_than_a_day(tmp_path: Path) -> None:
    write_facts(tmp_path, Facts("rec", 0.0, 90_000.0, 0, False, "stopped"))
    code, lines = await child("view", tmp_path)
    assert (code, lines[-1]) == (1, {"step": "view", "failed": "unreadable"})


async def _empty_page(_: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>films</title>", content_type="text/html")


@asynccontextmanager
async def site(directory: Path) -> AsyncIterator[str]:
    """The folder by HTTP, with Range as browsers need it to seek."""
    application = web.Application()
    application.router.add_get("/", _empty_page)
    application.router.add_static("/", directory)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def check_played(directory: Path, name: str, facts: dict[str, Any]) -> None:
    assert facts["error"] is None, name
    assert facts["duration"] == pytest.approx(duration_s(directory / name), abs=0.15), name
    assert facts["sought"] == pytest.approx(4.0, abs=0.05), name
    assert facts["played"] > 4.3, name


@pytest.mark.browser
async def test_chromium_plays_and_seeks(tmp_path: Path) -> None:
    directory = await recording(tmp_path)
    await asyncio.to_thread(make_view, directory, lambda share: None)
    async with site(directory) as address, running_chromium() as browser:
        page = await browser.new_page()
        await page.goto(address)
        for name in ["view.mp4", *(track.name for track in read_facts(directory).tracks)]:
            check_played(directory, name, await page.evaluate(_PLAY, name))


@pytest.mark.browser
async def test_firefox_plays_and_seeks(tmp_path: Path) -> None:
    directory = await recording(tmp_path)
    await asyncio.to_thread(make_view, directory, lambda share: None)
    async with site(directory) as address, running_firefox(tmp_path / "profile") as page:
        await page.goto(address)
        types = {track.name: track.mime for track in read_facts(directory).tracks} | {"view.mp4": "video/mp4"}
        can_h264 = await page.evaluate('document.createElement("video").canPlayType("video/mp4; codecs=avc1.64001f")')
        for name, mime in types.items():
            if mime != "video/mp4" or can_h264:  # On Linux it takes the system's FFmpeg for H.264; not all have it.
                check_played(directory, name, await page.evaluate(f"({_PLAY})({json.dumps(name)})"))


_PLAY = """async name => {
  const video = document.createElement("video");
  video.muted = true;
  video.src = "/" + name;
  const once = (kind) => new Promise((done) => {
    video.addEventListener(kind, done, {once: true});
    video.addEventListener("error", done, {once: true});
    setTimeout(done, 8000);
  });
  let ready = once("loadedmetadata");
  await ready;
  ready = once("seeked");
  video.currentTime = 4;
  await ready;
  const sought = video.currentTime;
  await video.play().catch(() => 0);
  await new Promise((done) => setTimeout(done, 1200));
  return {error: video.error && video.error.message, duration: video.duration, sought, played: video.currentTime};
}"""
