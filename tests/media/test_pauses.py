"""Pictures that a narrow line cannot carry: which stands still, and who is told."""

import asyncio
import time
from pathlib import Path
from typing import Any

from server.media.protocol import Seat
from server.media.rtp import rtcp
from tests.media.lossy_line import LossyLine
from tests.media.rig import Rig, open_rig, until
from tests.media.test_layers import RIDS, Camera, on_stage, show
from tests.media.wire_peer import WirePeer, vp8


def paused(rig: Rig, peer: WirePeer) -> list[str]:
    """Who is paused, as the page of `peer` was told last."""
    told: list[list[dict[str, Any]]] = [
        event.data["slots"]
        for event in rig.events
        if event.kind == "slots" and event.data["connection"] == peer.connection
    ]
    return [slot["participant"] for slot in told[-1] if slot["paused"]] if told else []


class PlainCamera:
    """Sends one camera in one layer, 30 frames a second, of so many packets of 1,000 bytes; a key frame when one is asked for."""

    def __init__(self, peer: WirePeer, packets: float = 1) -> None:
        self.peer, self.packets = peer, packets
        self._frame = self._seq = 0
        self._owed = 0.0

    async def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            asked = any(isinstance(report, rtcp.PictureLoss) for report in self.peer.reports)
            self.peer.reports.clear()
            payload = vp8(asked or not self._frame, self._frame, self._frame, bytes(200), (640, 360))
            self._owed += self.packets
            more, self._owed = int(self._owed), self._owed % 1
            self.peer.send_rtp("0", self._seq, self._frame * 3000, payload, marker=not more)
            for place in range(more):
                piece = b"\x80\xc0\x80" + bytes(1000)
                self.peer.send_rtp("0", self._seq + 1 + place, self._frame * 3000, piece, marker=place == more - 1)
            self._seq += 1 + more
            self._frame += 1
            await asyncio.sleep(1 / 30)


async def on_stage_behind(rig: Rig, line: LossyLine, name: str) -> WirePeer:
    """On stage over this line, with feedback as browsers give it."""
    peer = WirePeer()
    answer = await rig.client.connect(peer.offer())
    peer.connection = answer.connection
    await peer.connect(answer.sdp.replace(f" {rig.house.port} typ", f" {line.port} typ"))
    peer.give_feedback()
    await rig.client.seat("s1", name, Seat(peer.connection, on_stage=True))
    return peer


async def test_page_is_told_which_picture_its_line_pauses_and_when_it_is_back(tmp_path: Path) -> None:
    """Two pictures take 240 kbit/s each at least: through 300 comes one of them, through 8,000 both."""
    async with open_rig(tmp_path) as rig, LossyLine(rig.house.port, 0.0, 0.02, seed=7) as line:
        ann, eve = await on_stage(rig, "ann", RIDS), await on_stage(rig, "eve", RIDS)
        bob = await on_stage_behind(rig, line, "bob")
        await show(rig, bob, ("2", 300, 200), ("3", 200, 100))
        cameras = [Camera(peer, ("l",), sizes={"l": 1}) for peer in (ann, eve)]
        for capacity_bps, names in ((300_000, ["eve"]), (8_000_000, [])):
            line.capacity_bps = capacity_bps
            end = time.monotonic() + 15.0
            while paused(rig, bob) != names or not bob.of("3"):
                assert time.monotonic() < end, (capacity_bps, paused(rig, bob))
                await asyncio.gather(*(camera.run(0.25) for camera in cameras))
            await asyncio.gather(*(camera.run(0.5) for camera in cameras))  # What is on its way through the line comes.
            got = len(bob.of("3"))
            await asyncio.gather(*(camera.run(0.3) for camera in cameras))
            assert (len(bob.of("3")) > got + 3) is (names == [])
        for peer in (ann, eve, bob):
            await peer.close()


async def test_what_was_paused_is_back_and_probing_ends_when_all_with_layers_have_left(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig, LossyLine(rig.house.port, 0.0, 0.02, seed=7) as line:
        ann, carl = await on_stage(rig, "ann", RIDS), await on_stage(rig, "carl")
        bob = await on_stage_behind(rig, line, "bob")
        await show(rig, bob, ("2", 300, 200), ("3", 200, 100))
        line.capacity_bps = 300_000
        cameras = (Camera(ann, ("l",), sizes={"l": 1}), PlainCamera(carl))
        end = time.monotonic() + 15.0
        while paused(rig, bob) != ["carl"]:
            assert time.monotonic() < end, paused(rig, bob)
            await asyncio.gather(*(camera.run(0.25) for camera in cameras))
        link = rig.house.connections[bob.connection].link
        assert link.line.is_narrow(time.monotonic())
        await rig.client.unseat("s1", "ann")
        got = len(bob.of("3"))
        await cameras[1].run(1.0)
        assert len(bob.of("3")) > got
        assert paused(rig, bob) == []
        await rig.client.unseat("s1", "carl")
        await until(lambda: not link.line.is_busy, 3.0)
        assert not link.line.is_narrow(time.monotonic())
        for peer in (ann, carl, bob):
            await peer.close()
