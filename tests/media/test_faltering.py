"""A layer that a narrow line lets through only now and then."""

from pathlib import Path

from server.media.peer.layer import PROOF_S
from tests.media.rig import open_rig
from tests.media.test_layers import RIDS, Camera, assert_continuous, on_stage, shown


async def test_layer_that_comes_and_goes_is_left_alone_until_it_stays(tmp_path: Path) -> None:
    """In a narrow place Chromium sent three pictures a second of the larger layer; the slot went to and fro, for 18 key frames in 30 s."""
    async with open_rig(tmp_path) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS[:2]), await on_stage(rig, "bob")
        camera = Camera(ann, RIDS[:2])
        await camera.run(0.5)
        for _ in range(4):
            camera.active = {"l"}
            await camera.run(0.4)
            camera.active = {"l", "m"}
            await camera.run(0.2)
        assert shown(bob.of("2")).removeprefix("l") == "mlml"
        await camera.run(PROOF_S + 0.3)
        assert shown(bob.of("2")).removeprefix("l") == "mlmlm"
        assert_continuous(bob.of("2"))
        await ann.close()
        await bob.close()
