"""What a recording does with a camera that comes in several layers: whose it asks for, and what it writes when they change."""

import asyncio
from pathlib import Path

from server.media.protocol import StartRecording
from tests.media.rig import open_rig
from tests.media.test_layers import RIDS, Camera, on_stage, told


async def test_only_those_who_agreed_are_asked_for_their_best_picture(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, eve = await on_stage(rig, "ann", RIDS, video=0), await on_stage(rig, "eve", RIDS, video=0)
        cameras = Camera(ann, ("m",)), Camera(eve, ("m",))

        async def run(seconds: float) -> None:
            await asyncio.gather(*(camera.run(seconds) for camera in cameras))

        await run(0.3)
        await rig.client.start_recording("s1", StartRecording("rec", "rec", ["ann"]))
        await run(0.3)
        assert told(rig, ann)[-1] == ["m", "h"]
        assert told(rig, eve) == [["m"]]
        await rig.client.agree("rec", ["eve"])
        await run(2.5)
        assert told(rig, ann)[-1] == ["m"]
        assert told(rig, eve)[-1] == ["h"]
        await rig.client.stop_recording("rec")
        await ann.close()
        await eve.close()
