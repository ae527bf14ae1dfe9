"""What hangs on a session: it sees every packet of the stage once, and cannot harm the call."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.media.protocol import Seat
from server.media.rtp import rtcp
from server.media.tap import Codec, Source
from tests.media.rig import open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8


@dataclass
class Kept:
    """Keeps what it is given, or fails."""

    packets: list[tuple[Any, ...]]
    fails: bool = False

    def takes(self, participant: str) -> bool:
        return True

    def tile(self, participant: str, source: Source) -> None:
        return None

    def packet(self, *packet: Any) -> None:
        self.packets.append(packet)
        if self.fails:
            raise RuntimeError("a bug in a tap")


async def test_tap_sees_each_packet_of_the_stage_once(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        tap = Kept([])
        rig.house.session("s1").add_tap(tap)
        ann.send_rtp("0", 65_535, 0, vp8(True, 0, 0))
        ann.send_rtcp(rtcp.sender_report(ann.ssrcs["0"], 7 << 32, 0, 1, 1))
        await until(lambda: tap.packets)
        ann.send_rtp("0", 65_536, 3000, vp8(False, 1, 1), marker=False)
        ann.send_rtp("0", 65_536, 3000, bytes((255, 255)) + vp8(True, 0, 0), again=True)  # A probe.
        ann.send_rtp("1", 5, 960, b"sound")
        await until(lambda: len(tap.packets) == 3)
        first, second, sound = tap.packets
        assert first[:2] == ("ann", Source.CAMERA)
        assert first[2] == Codec("video/VP8", 90_000)
        assert (first[3], second[3]) == (131_071, 131_072)
        assert second[4:7] == (3000, False, vp8(False, 1, 1))
        assert first[8] is None
        assert 0 <= second[7] - second[8] + 3000 / 90_000 < 0.2
        assert sound[:2] == ("ann", Source.MICROPHONE)
        assert sound[2].mime == "audio/opus"
        await rig.client.seat("s1", "ann", Seat(on_stage=False))
        ann.send_rtp("1", 6, 1920, b"sound")
        await until(lambda: rig.house.counters.view()["packets_in"] >= 4)
        assert len(tap.packets) == 3
        await ann.close()


async def test_failing_tap_does_not_end_the_call(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
        for name, peer in (("ann", ann), ("bob", bob)):
            await rig.client.seat("s1", name, Seat(peer.connection, on_stage=True))
        tap = Kept([], fails=True)
        rig.house.session("s1").add_tap(tap)
        for index in range(10):
            ann.send_rtp("0", index, index * 3000, vp8(index == 0, index, index))
        await until(lambda: len(bob.of("2")) == 10)
        assert len(tap.packets) == 1
        assert ann.is_up
        await ann.close()
        await bob.close()


async def test_key_frame_is_asked_for_a_tap(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        ann.send_rtp("0", 0, 0, vp8(True, 0, 0))
        await until(lambda: rig.house.session("s1").participants["ann"].live())
        rig.house.session("s1").request_key_frame("ann", Source.CAMERA)
        rig.house.session("s1").request_key_frame("nobody", Source.CAMERA)
        await until(lambda: any(isinstance(report, rtcp.PictureLoss) for report in ann.reports), 3.0)
        await ann.close()
