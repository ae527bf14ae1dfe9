"""Robots on a real worker's stage, composed by a real composer: what its stream shows, and what it never does."""

from pathlib import Path

from server.broadcast.compose.scene import Scene
from tests.broadcast.compose.rig import ComposeRig, film, look, red_picture, tone
from tests.broadcast.hls.rules import violations
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
    seen, heard = flashes(path), beeps(path)
    assert len(seen) >= 4
    assert max(skews_ms(seen[1:-1], heard)) < 80
    shown = look(path)
    assert set(shown.sizes) == {(1280, 720)}
    assert max(shown.red) == 0
    assert shown.tone_times() == []
