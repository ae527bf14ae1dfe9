"""Robots on a real worker's stage, composed by a real composer: what its stream shows, and what it never does."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from server.broadcast.compose.scene import Banner, Card, Scene
from server.broadcast.hls.index import NAME, read_entries
from server.broadcast.hls.initial import PICTURE_TRACK, SOUND_TRACK
from server.broadcast.hls.multivariant import SMALLER
from server.broadcast.hls.samples import TICKS
from server.broadcast.sounds import RATE
from tests.broadcast.compose.rig import ComposeRig, film, look, red_picture, tone
from tests.broadcast.hls.reading import fragments
from tests.broadcast.hls.rules import parse, violations
from tests.media.record_packets import beeps, flashes, skews_ms


async def test_stage_becomes_a_stream_in_step_without_those_who_refused(tmp_path: Path) -> None:
    async with ComposeRig(tmp_path) as rig:
        await rig.worker.join("ann")
        await rig.worker.join("eve", draw=red_picture, sound=tone())
        await rig.compose(Scene(layout="speaker", agreed=["ann"], names={"ann": "Ann Äther"}, lower_thirds=True))
        await rig.health(lambda health: health.people == 1)
        await rig.length(6)
        await rig.end()
    path = await film(rig.directory)
    assert violations(path.read_text()) == []
    last = fragments((rig.directory / str(parse(path.read_text()).segments[-1].uri)).read_bytes())[-1]
    picture, sound = (
        last.tracks[PICTURE_TRACK],
        last.tracks[SOUND_TRACK],
    )  # Browsers wait for the sound of a part that has none.
    assert sound.end / RATE > picture.end / TICKS - 0.03
    seen, heard = flashes(path), beeps(path)
    assert len(seen) >= 4
    assert max(skews_ms(seen[1:-1], heard)) < 80
    shown = look(path)
    assert set(shown.sizes) == {(1280, 720)}
    assert max(shown.red) == 0
    assert shown.tone_times() == []


@pytest.mark.strict
async def test_consent_taken_back_ends_picture_and_sound_at_once(tmp_path: Path) -> None:
    async with ComposeRig(tmp_path) as rig:
        await rig.worker.join("ann")
        await rig.worker.join("eve", draw=red_picture, sound=tone())
        await rig.compose(Scene(layout="grid", agreed=["ann", "eve"]))
        await rig.health(lambda health: health.people == 2)
        await rig.length(3)
        await rig.client.play(Scene(layout="grid", agreed=["ann"]))
        taken_back_s = await rig.newest_s()
        await rig.length(2)
        await rig.end()
    shown = look(await film(rig.directory))
    assert shown.red_times()
    assert shown.tone_times()
    assert shown.red_after(taken_back_s) == []
    assert shown.tone_after(taken_back_s) == []
    assert shown.times[-1] > taken_back_s + 1
    assert shown.tone[-1][0] > taken_back_s + 1


@pytest.mark.strict
async def test_lone_picture_passes_until_something_lies_over_it_or_its_sender_refuses(tmp_path: Path) -> None:
    async with ComposeRig(tmp_path) as rig:
        await rig.worker.join("eve", codec="H264", draw=red_picture, fps=3, sound=tone())  # The sound is often ahead.
        await rig.worker.join("bob", codec="H264")
        await rig.compose(Scene(agreed=["eve"]))
        await rig.health(lambda health: health.state == "passing")
        await rig.length(2.5)
        await rig.client.play(Scene(agreed=["eve"], banner=Banner("Why is it red?", "Bob")))
        await rig.health(lambda health: health.state == "composing")
        await rig.length(1)
        await rig.client.play(Scene(agreed=["eve"]))
        await rig.health(lambda health: health.state == "passing")
        await rig.client.play(Scene(agreed=["bob"]))
        taken_back_s = await rig.newest_s()
        await rig.health(lambda health: health.state == "passing")
        await rig.length(1)
        await rig.end()
    path = await film(rig.directory)
    assert violations(path.read_text()) == []
    shown = look(path)
    assert {(320, 180), (1280, 720)} <= set(shown.sizes)
    assert shown.red_times()
    assert shown.tone_times()
    assert shown.red_after(taken_back_s) == []
    assert shown.tone_after(taken_back_s) == []
    assert shown.times[-1] > taken_back_s + 0.9
    assert max(b - a for a, b in pairwise(shown.times)) < 1.0
    assert all(a < b for a, b in pairwise(shown.times))


@pytest.mark.chaos
async def test_killed_composer_is_followed_by_one_that_goes_on(tmp_path: Path) -> None:
    scene = Scene(agreed=["ann"], card=None)
    async with ComposeRig(tmp_path) as rig:
        await rig.worker.join("ann")
        await rig.compose(scene)
        await rig.health(lambda health: health.people == 1)
        await rig.length(3)
        await rig.kill()
        await rig.compose(scene)
        await rig.health(lambda health: health.people == 1)
        await rig.length(2)
        assert rig.process is not None
        rig.process.terminate()
        assert await asyncio.wait_for(rig.process.wait(), 20) == 0
        await rig.compose(Scene(card=Card("end", "Thank you")))
        await rig.length(1)
        await rig.end()
    path = await film(rig.directory)
    assert violations(path.read_text()) == []
    assert path.read_text().count("#EXT-X-DISCONTINUITY") == 2
    shown = look(path)
    assert shown.times == sorted(shown.times)
    assert len(flashes(path)) >= 3
    end_s = sum(entry.get("duration", 0) for entry in read_entries(rig.directory / NAME)[0]) / 90_000
    assert shown.times[-1] == pytest.approx(end_s, abs=0.3)


async def test_large_picture_has_a_small_one_beside_it(tmp_path: Path) -> None:
    async with ComposeRig(tmp_path) as rig:
        await rig.compose(Scene(card=Card("title", "Soon"), size=1080, small=True))
        await rig.length(2)
        await rig.end()
    large, small = look(await film(rig.directory)), look(await film(rig.directory / SMALLER))
    assert set(large.sizes) == {(1920, 1080)}
    assert set(small.sizes) == {(640, 360)}
    assert large.times == pytest.approx(small.times, abs=0.001)
