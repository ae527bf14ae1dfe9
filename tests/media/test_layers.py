"""One camera in several layers: what a slot shows, when it switches, and what is left out."""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from server.errors import NotFound
from server.media.peer.layer import Layer
from server.media.protocol import Seat, Tile
from server.media.rtp import rtcp
from server.media.tap import Source
from tests.media.lossy_line import LossyLine
from tests.media.rig import Rig, Way, open_rig, until
from tests.media.wire_peer import Received, WirePeer, joined, vp8

RIDS = ("l", "m", "h")
SIZES = {"l": (320, 180), "m": (640, 360), "h": (1280, 720)}
every_way = pytest.mark.parametrize("way", list(Way))


class Camera:
    """Sends one camera in layers, 30 frames a second; a key frame of every layer when one is asked for, as Chromium does."""

    def __init__(self, peer: WirePeer, rids: tuple[str, ...] = RIDS, sizes: dict[str, int] | None = None) -> None:
        """`sizes`: how many kilobytes a frame of each layer has; else it is one small packet."""
        self.peer = peer
        self._sizes = sizes or {}
        self.active = set(rids)
        self.seqs = dict.fromkeys(RIDS, 0)
        self.sent: Counter[int] = Counter()
        self.frame = 0

    def send(self, key_frame: bool = False) -> None:
        """One frame, in each active layer. What is in it says of which layer it is; the first ten of a stream have names."""
        for rid in RIDS:
            if rid in self.active:
                payload = vp8(key_frame, self.frame, self.frame, rid.encode() * 5, SIZES[rid])
                ssrc = self.peer.layer_ssrcs[rid][0]
                self.sent[ssrc] += 1
                named = self.sent[ssrc] <= 10
                more = self._sizes.get(rid, 0)
                time = self.frame * 3000
                self.peer.send_rtp("0", self.seqs[rid], time, payload, rid=rid, named=named, marker=not more)
                for place in range(more):
                    piece = b"\x80\xc0\x80" + bytes(2) + bytes(1000) + rid.encode()
                    seq = self.seqs[rid] + 1 + place
                    self.peer.send_rtp("0", seq, time, piece, rid=rid, named=named, marker=place == more - 1)
                self.seqs[rid] += 1 + more
        self.frame += 1

    async def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            asked = any(isinstance(report, rtcp.PictureLoss) for report in self.peer.reports)
            self.peer.reports.clear()
            self.send(asked or not self.frame)
            await asyncio.sleep(1 / 30)


async def on_stage(rig: Rig, name: str, rids: tuple[str, ...] = (), **peer: int) -> WirePeer:
    made = await joined(rig.client.connect, WirePeer(rids=rids, **peer))
    await rig.client.seat("s1", name, Seat(made.connection, on_stage=True))
    return made


def shown(packets: list[Received]) -> str:
    """The layers in the order of their packets, each named once a run: "lh"."""
    letters = [chr(packet.payload[-1]) for packet in packets]
    return "".join(letter for letter, before in zip(letters, ["", *letters], strict=False) if letter != before)


def assert_continuous(packets: list[Received]) -> None:
    """Numbers without a hole, VP8 picture ids too, and time that goes on."""
    assert {packet.seq - packets[0].seq - index & 0xFFFF for index, packet in enumerate(packets)} == {0}
    ids = [(packet.payload[2] & 127) << 8 | packet.payload[3] for packet in packets]
    assert {number - ids[0] - index & 0x7FFF for index, number in enumerate(ids)} == {0}
    steps = [b.rtp_time - a.rtp_time & 0xFFFFFFFF for a, b in itertools.pairwise(packets)]
    assert all(0 < step < 90_000 for step in steps)


def layers(rig: Rig, peer: WirePeer) -> dict[str, Layer]:
    found = rig.house.connections[peer.connection].publications[0].layers
    return {layer.rid: layer for layer in found}


@every_way
async def test_answer_takes_three_layers_and_a_viewer_gets_the_best(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        camera = Camera(ann)
        await camera.run(1.0)
        packets = bob.of("2")
        assert shown(packets) in ("h", "lh", "lmh")
        assert_continuous(packets)
        assert {rid: layer.size for rid, layer in layers(rig, ann).items()} == SIZES
        assert list(layers(rig, ann)) == list(RIDS)
        await ann.close()
        await bob.close()


@every_way
async def test_layer_that_falls_silent_is_replaced_within_half_a_second_and_taken_again(
    tmp_path: Path, way: Way
) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        camera = Camera(ann)
        await camera.run(0.7)
        assert shown(bob.of("2")).endswith("h")
        camera.active = {"l", "m"}
        before = len(bob.of("2"))
        await camera.run(0.8)
        packets = bob.of("2")
        assert shown(packets[before - 1 :]) == "hm"
        assert packets[before].at - packets[before - 1].at < 0.5
        camera.active = set(RIDS)
        await camera.run(0.8)
        assert shown(bob.of("2")[before:]) == "mh"
        assert_continuous(bob.of("2"))
        await ann.close()
        await bob.close()


@every_way
async def test_goodbye_of_a_layer_is_believed_at_once(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        camera = Camera(ann)
        await camera.run(0.7)
        camera.active = {"l", "m"}
        ann.send_rtcp(rtcp.receiver_report(1, []) + bye(ann.layer_ssrcs["h"][0]))
        await until(lambda: not layers(rig, ann)["h"].live, 0.2)
        assert [rid for rid, layer in layers(rig, ann).items() if layer.live] == ["l", "m"]
        await camera.run(0.5)
        assert shown(bob.of("2")).endswith("m")
        assert rig.house.session("s1").participants["ann"].live()
        await ann.close()
        await bob.close()


def bye(ssrc: int) -> bytes:
    """RTCP BYE (RFC 3550, section 6.6)."""
    return bytes((0x81, 203, 0, 1)) + ssrc.to_bytes(4)


@every_way
async def test_old_picture_goes_on_until_the_key_frame_of_the_better_layer(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        camera = Camera(ann, ("l",))
        camera.send(key_frame=True)
        await until(lambda: len(bob.of("2")) == 1)
        camera.active = {"l", "h"}
        for _ in range(5):
            camera.send()
        await until(lambda: len(bob.of("2")) == 6)
        assert shown(bob.of("2")) == "l"
        camera.send(key_frame=True)
        camera.send()
        await until(lambda: len(bob.of("2")) >= 8)
        assert shown(bob.of("2")) == "lh"
        assert_continuous(bob.of("2"))
        await ann.close()
        await bob.close()


@every_way
async def test_duplicates_for_probing_are_dropped_and_not_counted(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        ann.send_rtp("0", 0, 0, bytes((0, 5)) + vp8(True, 5, 5), again=True, rid="l")  # Before any packet of its layer.
        camera = Camera(ann)
        for frame in range(10):
            camera.send(key_frame=not frame)
        await until(lambda: layers(rig, ann).keys() == set(RIDS) and layers(rig, ann)["h"].packets == 10)
        counted = {rid: (layer.packets, layer.octets) for rid, layer in layers(rig, ann).items()}
        await until(lambda: sum(packet.payload.endswith(b"h") for packet in bob.of("2")) == 10)
        got = len(bob.of("2"))
        for number in range(200):
            again = bytes((0, number % 10)) + vp8(False, number % 10, number % 10, b"l" * 900)
            ann.send_rtp("0", number, number % 10 * 3000, again, again=True, rid="l")
        ann.send_rtp("1", 0, 0, b"sound")
        await until(lambda: bob.of("4"))
        assert {rid: (layer.packets, layer.octets) for rid, layer in layers(rig, ann).items()} == counted
        assert len(bob.of("2")) == got
        # A packet that really was lost comes back into its layer.
        camera.seqs["h"] += 1
        camera.send()
        again = bytes((0, 10)) + vp8(False, 10, 10, b"hhhhh")
        await until(lambda: len(bob.of("2")) == got + 1)
        ann.send_rtp("0", 500, 30_000, again, again=True, rid="h")
        await until(lambda: len(bob.of("2")) == got + 2)
        assert bob.of("2")[-1].payload[5:] == again[7:]
        await ann.close()
        await bob.close()


async def test_streams_without_a_name_or_with_a_foreign_one_are_nobodys(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        ann.layer_ssrcs["x"] = (991, 992)
        for index in range(5):
            ann.send_rtp("0", index, 0, vp8(index == 0, index, index), rid="x")
            ann.send_rtp("0", index, 0, vp8(index == 0, index, index), rid="m", named=False)
        await until(lambda: rig.house.counters.view().get("dropped_unknown_ssrc") == 10)
        assert layers(rig, ann) == {}
        camera = Camera(ann)
        camera.seqs["m"] = 5
        camera.send(key_frame=True)
        await until(lambda: layers(rig, ann).keys() == set(RIDS))
        assert bob.of("2")
        await ann.close()
        await bob.close()


async def test_publisher_of_ever_new_streams_fills_nothing(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await on_stage(rig, "ann", RIDS)
        for number in range(300):
            ann.layer_ssrcs["h"] = (5000 + number, 9000 + number)
            ann.send_rtp("0", number, 0, vp8(True, number, number), rid="h")
            if number % 50 == 49:
                await until(lambda count=number + 1: arrived(rig) == count)  # type: ignore[misc]
        assert len(layers(rig, ann)) == 1
        assert layers(rig, ann)["h"].ssrc < 5000 + 64
        await ann.close()


def arrived(rig: Rig) -> int:
    counts = rig.house.counters.view()
    return counts.get("packets_in", 0) + counts.get("dropped_unknown_ssrc", 0)


async def test_layer_that_begins_anew_goes_on_in_the_same_slot(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        camera = Camera(ann)
        await camera.run(0.5)
        old = ann.layer_ssrcs["h"]
        ann.layer_ssrcs["h"] = (77, 78)
        camera.seqs["h"] = 30_000
        await camera.run(0.8)
        assert shown(bob.of("2")).endswith("h")
        assert_continuous(bob.of("2"))
        ann.layer_ssrcs["h"], camera.seqs["h"] = old, 100
        before = layers(rig, ann)["h"]
        camera.send()
        await until(lambda: rig.house.counters.view().get("dropped_unknown_ssrc"))
        assert layers(rig, ann)["h"] is before  # The stream before it does not come back.
        await ann.close()
        await bob.close()


@dataclass
class Kept:
    """A tap that keeps what it is given."""

    packets: list[tuple[Any, ...]] = field(default_factory=list)

    def takes(self, participant: str) -> bool:
        return True

    def tile(self, participant: str, source: Source) -> None:
        return None

    def packet(self, *packet: Any) -> None:
        self.packets.append(packet)


async def test_tap_gets_one_layer_with_numbers_that_go_on(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await on_stage(rig, "ann", RIDS)
        camera, tap = Camera(ann), Kept()
        camera.active, camera.seqs["m"] = {"m"}, 65_530
        await camera.run(0.2)
        rig.house.session("s1").add_tap(tap)
        await camera.run(0.3)
        camera.active = set(RIDS)
        await camera.run(0.6)
        camera.active = {"l"}
        await camera.run(0.8)
        names = [chr(packet[6][-1]) for packet in tap.packets]
        runs = "".join(name for name, before in zip(names, ["", *names], strict=False) if name != before)
        assert runs == "mhl"
        seqs = [packet[3] for packet in tap.packets]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        times = [packet[4] for packet in tap.packets]
        assert all(0 < b - a & 0xFFFFFFFF < 90_000 for a, b in itertools.pairwise(times))
        switches = [index for index in range(1, len(names)) if names[index] != names[index - 1]]
        assert all(not tap.packets[index][6][5] & 1 for index in switches)
        await ann.close()


async def show(rig: Rig, viewer: WirePeer, *tiles: tuple[str, int, int]) -> None:
    await rig.client.see(viewer.connection, [Tile(*tile) for tile in tiles])


def told(rig: Rig, peer: WirePeer) -> list[list[str]]:
    """What the page of `peer` was told to send of its camera, in turn."""
    events = [event.data for event in rig.events if event.kind == "layers"]
    return [data["sources"][0]["rids"] for data in events if data["connection"] == peer.connection]


@every_way
async def test_tile_and_tab_choose_the_layer(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await on_stage(rig, "ann", RIDS), await on_stage(rig, "bob")
        camera = Camera(ann)
        await camera.run(0.5)
        for tile, rid in (((288, 216), "l"), ((700, 400), "m"), ((1600, 900), "h"), ((0, 0), "l")):
            await show(rig, bob, ("2", *tile), ("99", 5, 5))
            await camera.run(0.6)
            assert chr(bob.of("2")[-1].payload[-1]) == rid
        await show(rig, bob)  # Nothing of it is visible.
        await camera.run(0.1)
        assert chr(bob.of("2")[-1].payload[-1]) == "l"
        assert_continuous(bob.of("2"))
        with pytest.raises(NotFound):
            await rig.client.see("nobody", [])
        await ann.close()
        await bob.close()


async def test_page_is_told_which_layers_somebody_watches(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await on_stage(rig, "ann", RIDS)
        camera = Camera(ann, ("m",))
        await camera.run(0.3)
        assert told(rig, ann) == [["m"]]  # Nobody looks yet.
        bob = await on_stage(rig, "bob")
        await camera.run(0.3)
        assert shown(bob.of("2")) == "m"
        assert told(rig, ann) == [["m"]]  # The first picture comes first.
        await camera.run(0.6)
        assert told(rig, ann)[-1] == ["m", "h"]
        camera.active = {"m", "h"}
        await camera.run(2.6)
        assert shown(bob.of("2")) == "mh"
        assert told(rig, ann)[-1] == ["h"]
        camera.active = {"h"}
        await camera.run(0.3)
        await show(rig, bob, ("2", 288, 216))
        await camera.run(0.3)
        assert told(rig, ann)[-1] == ["l", "h"]
        camera.active = {"l", "h"}
        await camera.run(0.3)
        assert shown(bob.of("2")) == "mhl"
        tap = Kept()
        rig.house.session("s1").add_tap(tap)
        await camera.run(2.5)
        assert told(rig, ann)[-1] == ["l", "h"]  # The recording has the best one.
        assert chr(tap.packets[-1][6][-1]) == "h"
        rig.house.session("s1").remove_tap(tap)
        await bob.close()
        await camera.run(2.5)
        assert told(rig, ann)[-1] == ["m"]
        await ann.close()


async def test_reordered_layers_are_known_by_their_sizes(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await on_stage(rig, "ann", ("h", "m", "l")), await on_stage(rig, "bob")
        camera = Camera(ann)
        await camera.run(0.6)
        assert shown(bob.of("2")).endswith("h")
        assert list(layers(rig, ann)) == list(RIDS)
        await ann.close()
        await bob.close()


@pytest.mark.parametrize("way", [Way.COMPILED, Way.SENDMMSG])
async def test_narrow_line_gets_the_layer_that_it_carries(tmp_path: Path, way: Way) -> None:
    """240 kbit/s, 490 and 1,700: through 800, through 8,000, and through 400."""
    async with open_rig(tmp_path, way=way) as rig, LossyLine(rig.house.port, 0.0, 0.02, seed=7) as line:
        ann, bob = await on_stage(rig, "ann", RIDS), WirePeer()
        answer = await rig.client.connect(bob.offer())
        bob.connection = answer.connection
        await bob.connect(answer.sdp.replace(f" {rig.house.port} typ", f" {line.port} typ"))
        bob.give_feedback()
        await rig.client.seat("s1", "bob", Seat(bob.connection, on_stage=True))
        camera = Camera(ann, sizes={"l": 1, "m": 2, "h": 7})
        for capacity_bps, rid in ((800_000, "m"), (8_000_000, "h"), (400_000, "l")):
            line.capacity_bps = capacity_bps
            end = time.monotonic() + 20.0
            while not (shown(bob.of("2")[-60:]) == rid and len(bob.of("2")) > 60):
                assert time.monotonic() < end, (capacity_bps, shown(bob.of("2")[-60:]))
                await camera.run(0.5)
        await ann.close()
        await bob.close()
