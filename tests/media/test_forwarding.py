"""Packets from one peer to another through a real worker: numbers, loss, switches, feedback."""

import asyncio
from pathlib import Path

import pytest

from server.errors import NotFound
from server.media.peer.layer import FRESH_S
from server.media.protocol import Seat
from server.media.rtp import rtcp
from server.media.rtp.feedback import read_feedback
from server.media.rtp.keyframes import MERGE_S
from server.media.rtp.nack import GAP_MAX
from server.media.rtp.red import Block, pack
from tests.media.rig import Rig, Way, open_rig, until
from tests.media.wire_peer import Received, WirePeer, joined, vp8

pytestmark = pytest.mark.parametrize("way", list(Way))


async def on_stage(rig: Rig, name: str, session: str = "s1", **peer: int) -> WirePeer:
    """A connected peer on the stage of a session."""
    made = await joined(rig.client.connect, WirePeer(**peer))
    await rig.client.seat(session, name, Seat(made.connection, on_stage=True))
    return made


async def send_picture(peer: WirePeer, count: int, first: int = 0, key_frames: tuple[int, ...] = (0,)) -> None:
    """`count` one-packet frames with numbers from `first` on."""
    for index in range(first, first + count):
        peer.send_rtp("0", index, index * 3000, vp8(index in key_frames, index, index))
        await asyncio.sleep(0.002)


def assert_continuous(packets: list[Received]) -> None:
    seqs = [packet.seq for packet in packets]
    assert seqs == [seqs[0] + index & 0xFFFF for index in range(len(seqs))]
    ids = [(packet.payload[2] & 127) << 8 | packet.payload[3] for packet in packets]
    assert ids == [ids[0] + index & 0x7FFF for index in range(len(ids))]


async def test_picture_and_sound_reach_the_other(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await send_picture(ann, 50)
        for index in range(20):
            ann.send_rtp("1", index, index * 960, b"sound")
        picture = await until(lambda: len(found := bob.of("2")) >= 50 and found)
        assert_continuous(picture)
        assert picture[1].rtp_time - picture[0].rtp_time & 0xFFFFFFFF == 3000
        assert picture[7].payload[5:] == vp8(False, 7, 7)[5:]
        await until(lambda: len(bob.of("4")) >= 20)
        slots = await rig.event("slots", connection=bob.connection)
        assert slots.data["slots"][0] == {
            "mid": "2",
            "kind": "video",
            "participant": "ann",
            "source": "camera",
            "paused": False,
        }
        await ann.close()
        await bob.close()


async def test_lost_sound_comes_inside_the_next_packet(tmp_path: Path, way: Way) -> None:
    """Of six packets with one earlier sound each, every second is lost; a doubled one and one of another format change nothing."""

    def sound(index: int) -> Block:
        return Block(111, 0, b"sound %d" % index)

    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        ann.send_rtp("1", 9, 9 * 960, pack([sound(9)]), payload_type=63)
        await until(lambda: bob.of("4"))
        for index in (11, 13, 13, 15):
            both = pack([Block(111, 960, sound(index - 1).payload), sound(index)])
            ann.send_rtp("1", index, index * 960, both, payload_type=63)
        ann.send_rtp("1", 16, 16 * 960, pack([Block(0, 960, b"other"), sound(16)]), payload_type=63)
        ann.send_rtp("1", 17, 17 * 960, b"sound 17")
        heard = await until(lambda: len(found := bob.of("4")) >= 8 and found)
        assert [packet.payload for packet in heard] == [
            b"sound %d" % index for index in (9, 10, 11, 12, 13, 14, 15, 17)
        ]
        assert [packet.seq - heard[0].seq & 0xFFFF for packet in heard] == [0, 1, 2, 3, 4, 5, 6, 8]
        assert [packet.rtp_time - heard[0].rtp_time & 0xFFFFFFFF for packet in heard[:3]] == [0, 960, 1920]
        assert rig.house.counters.view()["packets_mended"] == 3
        await ann.close()
        await bob.close()


async def test_nothing_flows_before_the_key_frame_or_off_stage(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await send_picture(ann, 10, key_frames=())
        await until(lambda: any(isinstance(report, rtcp.PictureLoss) for report in ann.reports))
        assert bob.of("2") == []
        await send_picture(ann, 5, first=10, key_frames=(12,))
        packets = await until(lambda: len(found := bob.of("2")) >= 3 and found)
        assert len(packets) == 3
        await rig.client.seat("s1", "ann", Seat(on_stage=False))
        await send_picture(ann, 5, first=15, key_frames=(15,))
        await asyncio.sleep(0.1)
        assert len(bob.of("2")) == 3
        await ann.close()
        await bob.close()


async def test_newcomer_starts_at_a_key_frame_of_just_now(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann = await on_stage(rig, "ann")
        await send_picture(ann, 10, key_frames=(0, 4))
        await rig.event("roster", session="s1")
        await until(lambda: _newest(rig, ann) == 9)
        bob = await on_stage(rig, "bob")
        await until(lambda: len(bob.of("2")) == 6)
        await send_picture(ann, 5, first=10, key_frames=())
        packets = await until(lambda: len(found := bob.of("2")) == 11 and found)
        assert_continuous(packets)
        assert packets[0].payload[5:] == vp8(True, 4, 4)[5:]
        assert packets[6].rtp_time - packets[0].rtp_time & 0xFFFFFFFF == 6 * 3000
        await ann.close()
        await bob.close()


async def test_camera_that_comes_up_is_seen_from_its_first_packet_each_once(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await send_picture(ann, 10)
        packets = await until(lambda: len(found := bob.of("2")) >= 10 and found)
        assert_continuous(packets)
        assert packets[0].payload[5:] == vp8(True, 0, 0)[5:]
        rig.house.round(1)  # Counts what the batches hold.
        assert rig.house.counters.view()["packets_out"] == 10
        await ann.close()
        await bob.close()


async def test_newcomer_waits_when_the_key_frame_is_old_or_has_a_hole(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann = await on_stage(rig, "ann")
        for index in (0, 1, 3, 4):  # Number 2 never comes.
            ann.send_rtp("0", index, index * 3000, vp8(index == 0, index, index))
        await until(lambda: _newest(rig, ann) == 4)
        bob = await on_stage(rig, "bob")
        await send_picture(ann, 1, first=5, key_frames=(5,))
        await until(lambda: len(bob.of("2")) == 1)
        await asyncio.sleep(FRESH_S)
        await send_picture(ann, 3, first=6, key_frames=())
        await until(lambda: len(bob.of("2")) == 4)
        eve = await on_stage(rig, "eve")
        await send_picture(ann, 2, first=9, key_frames=())
        await until(lambda: len(bob.of("2")) == 6)
        assert eve.of("2") == []
        await send_picture(ann, 1, first=11, key_frames=(11,))
        await until(lambda: len(eve.of("2")) == 1)
        for peer in (ann, bob, eve):
            await peer.close()


async def test_cameras_are_woken_before_anybody_looks(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        with pytest.raises(NotFound):
            await rig.client.wake_cameras("s1")
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=False))
        await send_picture(ann, 2)
        await until(lambda: _newest(rig, ann) == 1)
        await asyncio.sleep(MERGE_S)
        ann.reports.clear()
        await rig.client.wake_cameras("s1")
        await until(lambda: any(isinstance(report, rtcp.PictureLoss) for report in ann.reports), 0.5)
        await ann.close()


def _newest(rig: Rig, peer: WirePeer) -> int:
    """The number of the newest packet of the peer's camera that the worker has; -1 before the first."""
    layers = rig.house.connections[peer.connection].publications[0].layers
    return layers[0].newest.seq & 0xFFFF if layers and layers[0].newest is not None else -1


async def test_lost_packets_come_again(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await send_picture(ann, 30)
        sent = await until(lambda: len(found := bob.of("2")) >= 30 and found)
        lost = [sent[5].seq, sent[6].seq, sent[20].seq]
        bob.send_rtcp(rtcp.nack(1, bob.slots["2"], lost))
        again_ssrc = next(again for again, ssrc in bob.again_slots.items() if ssrc == bob.slots["2"])
        again = await until(
            lambda: len(found := [packet for packet in bob.received if packet.ssrc == again_ssrc]) >= 3 and found
        )
        assert [packet.payload[0] << 8 | packet.payload[1] for packet in again] == lost
        assert again[0].payload[2:] == sent[5].payload
        assert {packet.payload_type for packet in again} == {97}
        await ann.close()
        await bob.close()


async def test_worker_asks_the_sender_again(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await send_picture(ann, 10)
        await send_picture(ann, 10, first=12)
        nack = await until(lambda: next((report for report in ann.reports if isinstance(report, rtcp.Nack)), None))
        assert nack.seqs == [10, 11]
        for seq in nack.seqs:
            ann.send_rtp("0", seq, seq * 3000, bytes((0, seq)) + vp8(False, seq, seq), again=True)
        packets = await until(lambda: len(found := bob.of("2")) >= 22 and found)
        assert_continuous(sorted(packets, key=lambda packet: packet.seq))
        await ann.close()
        await bob.close()


async def test_hole_too_large_to_repair_asks_for_a_key_frame(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann = await on_stage(rig, "ann")
        await send_picture(ann, 1)
        await asyncio.sleep(0.1)
        ann.reports.clear()
        ann.send_rtp("0", 1 + GAP_MAX, 3000, vp8(False, 1, 1))
        await until(lambda: any(isinstance(report, rtcp.PictureLoss) for report in ann.reports), 3.0)
        assert not any(isinstance(report, rtcp.Nack) for report in ann.reports)
        await ann.close()


async def test_probes_and_repeats_are_not_forwarded(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await send_picture(ann, 10)
        for seq in range(10):
            ann.send_rtp("0", 500 + seq, seq * 3000, bytes((0, seq)) + vp8(False, seq, seq), again=True)
            ann.send_rtp("0", 600 + seq, seq * 3000, b"", again=True)
        await send_picture(ann, 1, first=10)
        await until(lambda: len(bob.of("2")) >= 11)
        assert len(bob.received) == 11
        await ann.close()
        await bob.close()


async def test_slot_stays_continuous_when_somebody_else_takes_it(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, cleo = await on_stage(rig, "ann"), await on_stage(rig, "cleo")
        bob = await on_stage(rig, "bob", video=1)
        await send_picture(ann, 20)
        await until(lambda: len(bob.of("2")) >= 20)
        await rig.client.seat("s1", "ann", Seat(on_stage=False))
        await send_picture(cleo, 20, first=40_000, key_frames=(40_003,))
        packets = await until(lambda: len(found := bob.of("2")) >= 37 and found)
        assert_continuous(packets)
        step = packets[20].rtp_time - packets[19].rtp_time & 0xFFFFFFFF
        assert 900 <= step < 90_000
        assert packets[20].payload[5] & 1 == 0
        for peer in (ann, bob, cleo):
            await peer.close()


async def test_sender_reports_are_ours_and_in_one_clock(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        ann.send_rtcp(rtcp.sender_report(ann.ssrcs["0"], 5 << 32, 0, 1, 1))
        ann.send_rtcp(rtcp.sender_report(ann.ssrcs["1"], 5 << 32, 7000, 1, 1))
        await send_picture(ann, 5)
        ann.send_rtp("1", 0, 7000, b"sound")
        ann.send_rtcp(rtcp.sender_report(ann.ssrcs["0"], 5 << 32, 0, 1, 1))
        ann.send_rtcp(rtcp.sender_report(ann.ssrcs["1"], 5 << 32, 7000, 1, 1))
        await until(lambda: len(bob.of("2")) >= 5 and bob.of("4"))

        def report_of(mid: str) -> rtcp.SenderReport | None:
            found = [report for report in bob.reports if isinstance(report, rtcp.SenderReport)]
            return next((report for report in reversed(found) if report.ssrc == bob.slots[mid]), None)

        picture = await until(lambda: report_of("2"))
        sound = await until(lambda: report_of("4"))
        # Both samples were taken at 5 s of the sender's clock, so both must come out at the same time of ours.
        picture_at = picture.ntp / 2**32 - (picture.rtp_time - bob.of("2")[0].rtp_time) / 90_000
        sound_at = sound.ntp / 2**32 - (sound.rtp_time - bob.of("4")[0].rtp_time) / 48_000
        assert abs(picture_at - sound_at) < 0.005
        await ann.close()
        await bob.close()


async def test_sender_hears_what_arrived(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann = await on_stage(rig, "ann")
        await send_picture(ann, 50)

        def reported() -> int:
            found = [report for report in ann.reports if isinstance(report, rtcp.TransportFeedback)]
            return sum(at is not None for report in found for _, at in read_feedback(report.data))

        await until(lambda: reported() == 50, 2.0)
        report = await until(lambda: next((r for r in ann.reports if isinstance(r, rtcp.ReceiverReport)), None), 2.0)
        assert report.blocks[0].ssrc == ann.ssrcs["0"]
        await ann.close()


async def test_key_frame_requests_repeat_until_one_is_in(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")

        def asked() -> int:
            return sum(isinstance(report, rtcp.PictureLoss) for report in ann.reports)

        for index in range(100):
            ann.send_rtp("0", index, index * 3000, vp8(False, index, index))
            await asyncio.sleep(0.01)
        assert 2 <= asked() <= 4
        await send_picture(ann, 1, first=100, key_frames=(100,))
        before = asked()
        for _ in range(20):
            bob.send_rtcp(rtcp.picture_loss(1, bob.slots["2"]))
        await asyncio.sleep(0.5)
        assert asked() == before  # Merged: the last key frame is younger than a second.
        await until(lambda: asked() == before + 1, 2.0)
        await ann.close()
        await bob.close()


async def test_silent_camera_gives_its_slot_back(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await send_picture(ann, 5)
        await until(lambda: len(bob.of("2")) == 5)
        await rig.client.seat("s1", "ann", Seat(state={"camera": False}))
        empty = [{"mid": "2", "kind": "video", "participant": None, "source": None, "paused": False}]
        await until(lambda: rig.events[-1].kind == "slots" or _slots(rig, bob)[:1] == empty, 3.0)
        await until(lambda: _slots(rig, bob)[:1] == empty, 3.0)
        await send_picture(ann, 5, first=5, key_frames=(5,))
        packets = await until(lambda: len(found := bob.of("2")) == 10 and found)
        assert_continuous(packets)
        await ann.close()
        await bob.close()


def _slots(rig: Rig, peer: WirePeer) -> list[dict[str, object]]:
    found = [event for event in rig.events if event.kind == "slots" and event.data["connection"] == peer.connection]
    slots: list[dict[str, object]] = found[-1].data["slots"] if found else []
    return slots


async def test_sound_is_sent_twice_over_a_bad_line(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        ann.send_rtp("1", 0, 0, b"sound")
        await until(lambda: bob.of("4"))
        for _ in range(2):
            bob.send_rtcp(rtcp.receiver_report(9, [rtcp.ReportBlock(bob.slots["4"], 0.15, 3, 0, 0, 0, 0)]))
        await until(lambda: rig.house.connections[bob.connection].link.loss.is_bad)
        refused = bob.refused
        for index in range(1, 11):
            ann.send_rtp("1", index, index * 960, b"sound")
        await until(lambda: len(bob.of("4")) == 11 and bob.refused == refused + 9)
        seqs = [packet.seq for packet in bob.of("4")]
        assert seqs == [
            seqs[0] + index & 0xFFFF for index in range(11)
        ]  # Each heard once: SRTP refused the second copies.
        await ann.close()
        await bob.close()
