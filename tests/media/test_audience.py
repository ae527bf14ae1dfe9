"""Who watches a stage that is open to everybody gets what its composer makes; who came from there on stage gets those who are open to outsiders."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.errors import NoCommonCodec
from server.media.packet_wire import PICTURE, SOUND, pack
from server.media.protocol import Offer, Seat
from server.media.recorder.reorder import Packet
from server.media.rtp import rtcp
from server.media.rtp.h264 import payloads
from server.media.rtp.sequence import signed_32
from server.tasks import Tasks
from tests.media.rig import Rig, Way, both_ways, open_rig, until
from tests.media.test_record_layers import h264_offer
from tests.media.wire_peer import WirePeer, joined, vp8

RATES = (90_000, 48_000)
SPS, PPS = b"\x67\x42\xc0\x1f" + bytes(range(1, 9)), b"\x68\xce\x38\x80"


async def seated(rig: Rig, name: str, seat: Seat, peer: WirePeer | None = None) -> WirePeer:
    peer = await joined(rig.client.connect, peer or WirePeer())
    await rig.client.seat("s1", name, replace(seat, connection=peer.connection))
    return peer


def heard(peer: WirePeer, word: bytes) -> bool:
    return any(word in packet.payload for packet in peer.received)


def shown(rig: Rig, peer: WirePeer) -> set[str]:
    """Whose pictures and sounds the worker sends there."""
    outlets = rig.house.connections[peer.connection].parts.outlets
    return {one.publication.participant for one in outlets if one.publication is not None}


class Composing:
    """A composer's end of its feed. What it makes is `picture 7` and the like."""

    def __init__(self, rig: Rig, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._rig, self._ws = rig, ws
        self.heard: list[tuple[str, Any]] = []
        self._number = 0

    async def says(self, kind: str, **data: Any) -> None:
        await self._ws.send_str(json.dumps({"kind": kind, "data": data}))

    async def listens(self) -> None:
        async for message in self._ws:
            fact = json.loads(message.data)
            self.heard.append((fact["kind"], fact["data"]))

    def asked(self, kind: str) -> int:
        return sum(one == kind for one, _ in self.heard)

    async def wanted(self, programme: bool) -> None:
        """Waits until the worker's last word on that is so."""
        await until(lambda: [data for kind, data in self.heard if kind == "wanted"][-1:] == [{"programme": programme}])

    async def makes(self, is_key: bool = False) -> None:
        """The next picture and the next sound."""
        self._number += 1
        body = f"picture {self._number}".encode()
        payload = payloads([SPS, PPS, b"\x65" + body] if is_key else [b"\x41" + body])[0]
        at = time.monotonic()
        times = [round(at * rate) & 0xFFFFFFFF for rate in RATES]
        picture = Packet(self._number, times[0], True, payload, at, at)
        sound = Packet(self._number, times[1], True, f"sound {self._number}".encode(), at, at)
        await self._ws.send_bytes(pack(PICTURE, picture) + pack(SOUND, sound))

    async def makes_until(self, condition: Callable[[], Any]) -> None:
        """Pictures, each of them a key frame, thirty times a second until something has happened."""
        async with asyncio.timeout(10):
            while not condition():
                await self.makes(is_key=True)
                await asyncio.sleep(1 / 30)


@asynccontextmanager
async def composing(rig: Rig, stream: str) -> AsyncIterator[Composing]:
    async with rig.client.packets("s1") as ws:
        composer, tasks = Composing(rig, ws), Tasks("composing")
        tasks.start(composer.listens(), "listen")
        await composer.says("programme", stream=stream)
        try:
            yield composer
        finally:
            await tasks.close()


class Viewer(WirePeer):
    """A player of H.264."""

    def __init__(self) -> None:
        super().__init__(1, 1)

    def offer(self) -> Offer:
        return h264_offer(super().offer())

    def lost(self) -> None:
        """Asks for a key frame."""
        self.send_rtcp(rtcp.picture_loss(1, self.slots["2"]))


AUDIENCE = Seat(on_stage=False, watches=True, audience=True)


@both_ways
async def test_audience_gets_what_the_composer_makes_and_nobodys_own_picture(tmp_path: Path, way: Way) -> None:
    """Of the stream that is shown, and only while it is; who was given a key to watch sees the stage."""
    async with open_rig(tmp_path, way=way) as rig:
        ann = await seated(rig, "ann", Seat(on_stage=True))
        keyed = await seated(rig, "keyed", Seat(on_stage=False, watches=True))
        for number in range(1, 4):
            ann.send_rtp("0", number, 3000 * number, vp8(True, number, number))
            ann.send_rtp("1", number, 960 * number, f"ann {number}".encode())
        await until(lambda: shown(rig, keyed) == {"ann"})
        crowd = await seated(rig, "viewer", AUDIENCE, Viewer())
        async with composing(rig, "rehearsed") as early, composing(rig, "live") as composer:
            await rig.client.show("s1", "live", ["ann"])
            await composer.wanted(True)
            await composer.makes_until(lambda: heard(crowd, b"picture") and heard(crowd, b"sound"))
            assert {bytes(one.payload) for one in crowd.of("2")} <= {
                payloads([SPS, PPS, b"\x65" + f"picture {number}".encode()])[0] for number in range(300)
            }
            await early.makes(is_key=True)
            assert early.asked("wanted") == 0
            await rig.client.show("s1", "another", ["ann"])
            await composer.wanted(False)
            before = len(crowd.received)
            await composer.makes(is_key=True)
            await rig.client.show("s1", "live", ["ann"])
            await composer.wanted(True)
            await composer.makes_until(lambda: len(crowd.received) > before)
        await until(lambda: shown(rig, crowd) == set())
        assert not heard(crowd, b"ann")
        for peer in (ann, crowd, keyed):
            await peer.close()


@both_ways
async def test_composer_is_asked_for_key_frames_once_a_second_and_followed_by_another(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        crowd = await seated(rig, "viewer", AUDIENCE, Viewer())
        await rig.client.show("s1", "live", [])
        async with composing(rig, "live") as composer:
            await composer.wanted(True)
            await composer.makes_until(lambda: heard(crowd, b"picture"))
            before, began = composer.asked("refresh"), time.monotonic()
            while composer.asked("refresh") == before:
                crowd.lost()
                await composer.makes()
                await asyncio.sleep(0.05)
                assert time.monotonic() - began < 5
            assert composer.asked("refresh") == before + 1
            await composer.makes(is_key=True)
        crowd.received.clear()
        async with composing(rig, "live") as another:
            await another.wanted(True)
            await another.makes_until(lambda: heard(crowd, b"picture"))
            seqs = [one.seq for one in crowd.of("2")]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        await crowd.close()


async def test_picture_and_sound_that_were_captured_together_are_shown_together(tmp_path: Path) -> None:
    """By the sender reports of both: the sound was on its way for longer, as an encoder's pieces are."""
    async with open_rig(tmp_path) as rig:
        crowd = await seated(rig, "viewer", AUDIENCE, Viewer())
        await rig.client.show("s1", "live", [])
        async with composing(rig, "live") as composer:
            await composer.wanted(True)

            def reports() -> list[rtcp.SenderReport]:
                found = [one for one in crowd.reports if isinstance(one, rtcp.SenderReport)]
                return [one for slot in ("2", "3") for one in found[-4:] if one.ssrc == crowd.slots[slot]]

            await composer.makes_until(lambda: len({one.ssrc for one in reports()}) == 2 and len(crowd.of("2")) > 9)
            shown = {}
            for slot, rate in zip(("2", "3"), RATES, strict=True):
                report = next(one for one in reports() if one.ssrc == crowd.slots[slot])
                last = crowd.of(slot)[-1]
                shown[slot] = report.ntp / 2**32 + signed_32(last.rtp_time - report.rtp_time) / rate
            assert len(crowd.of("2")) == len(crowd.of("3"))
            assert abs(shown["2"] - shown["3"]) < 0.005
        await crowd.close()


async def test_audience_is_over_when_nothing_is_shown_to_it(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        crowd = await seated(rig, "viewer", AUDIENCE, Viewer())
        keyed = await seated(rig, "keyed", Seat(on_stage=False, watches=True))
        await rig.client.show("s1", "live", [])
        assert rig.house.connections[crowd.connection].is_connected
        await rig.client.show("s1", None, [])
        await rig.event("gone", connection=crowd.connection, reason="ended")
        assert rig.house.connections[keyed.connection].is_connected
        for peer in (crowd, keyed):
            await peer.close()


async def test_who_cannot_see_the_programme_is_told(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        peer = await joined(rig.client.connect, WirePeer())
        with pytest.raises(NoCommonCodec):
            await rig.client.seat("s1", "viewer", replace(AUDIENCE, connection=peer.connection))
        await peer.close()


async def test_what_no_composer_says_ends_its_feed(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        crowd = await seated(rig, "viewer", AUDIENCE, Viewer())
        await rig.client.show("s1", "live", [])
        packet = Packet(1, 3000, True, b"\x41", 0.0, 0.0)
        for data in (b"\0", pack(2, packet), pack(PICTURE, packet)[:-1]):
            async with composing(rig, "live") as composer:
                await composer.wanted(True)
                await composer._ws.send_bytes(data)
                await until(lambda composer=composer: composer._ws.closed)
        assert not crowd.received
        await crowd.close()


@both_ways
async def test_who_came_from_the_audience_gets_those_who_are_open_to_outsiders(tmp_path: Path, way: Way) -> None:
    """At first nobody, and nobody else after any other change; the others see the newcomer."""
    async with open_rig(tmp_path, way=way) as rig:
        stage = {name: await seated(rig, name, Seat(on_stage=True)) for name in ("ann", "bob")}
        fan = await seated(rig, "fan", Seat(on_stage=True, outsider=True))
        for number in range(1, 3):
            for peer in (*stage.values(), fan):
                peer.send_rtp("0", number, 3000 * number, vp8(True, number, number))
        await until(lambda: shown(rig, stage["ann"]) == {"bob", "fan"})
        assert shown(rig, fan) == set()
        await rig.client.show("s1", "live", ["ann"])
        assert shown(rig, fan) == {"ann"}
        await rig.client.seat("s1", "fan", Seat(state={"camera": True}))
        assert shown(rig, fan) == {"ann"}
        await rig.client.show("s1", "live", ["ann", "bob"])
        assert shown(rig, fan) == {"ann", "bob"}
        for peer in (*stage.values(), fan):
            await peer.close()
