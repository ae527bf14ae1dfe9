"""Pictures that a narrow line cannot carry: which stands still, and who is told."""

import asyncio
import time
from pathlib import Path
from typing import Any

from server.media.protocol import Seat
from tests.media.lossy_line import LossyLine
from tests.media.rig import Rig, open_rig
from tests.media.test_layers import RIDS, Camera, on_stage, show
from tests.media.wire_peer import WirePeer


def paused(rig: Rig, peer: WirePeer) -> list[str]:
    """Who is paused, as the page of `peer` was told last."""
    told: list[list[dict[str, Any]]] = [
        event.data["slots"]
        for event in rig.events
        if event.kind == "slots" and event.data["connection"] == peer.connection
    ]
    return [slot["participant"] for slot in told[-1] if slot["paused"]] if told else []


async def test_page_is_told_which_picture_its_line_pauses_and_when_it_is_back(tmp_path: Path) -> None:
    """Two pictures take 240 kbit/s each at least: through 300 comes one of them, through 8,000 both."""
    async with open_rig(tmp_path) as rig, LossyLine(rig.house.port, 0.0, 0.02, seed=7) as line:
        ann, eve, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "eve", RIDS), WirePeer()
        answer = await rig.client.connect(bob.offer())
        bob.connection = answer.connection
        await bob.connect(answer.sdp.replace(f" {rig.house.port} typ", f" {line.port} typ"))
        bob.give_feedback()
        await rig.client.seat("s1", "bob", Seat(bob.connection, on_stage=True))
        await show(rig, bob, ("2", 300, 200), ("3", 200, 100))
        cameras = [Camera(peer, ("l",), sizes={"l": 1}) for peer in (ann, eve)]
        for capacity_bps, names in ((300_000, ["eve"]), (8_000_000, [])):
            line.capacity_bps = capacity_bps
            end = time.monotonic() + 15.0
            while paused(rig, bob) != names or not bob.of("3"):
                assert time.monotonic() < end, (capacity_bps, paused(rig, bob))
                await asyncio.gather(*(camera.run(0.25) for camera in cameras))
            got = len(bob.of("3"))
            await asyncio.gather(*(camera.run(0.3) for camera in cameras))
            assert (len(bob.of("3")) > got + 3) is (names == [])
        for peer in (ann, eve, bob):
            await peer.close()
