"""What a composer hears of a stage: packets of those who agreed, at once and of nobody else."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.errors import MediaAway
from server.media import packet_feed
from server.media.packet_feed import PacketFeed
from server.media.packet_wire import pack, unpack
from server.media.protocol import Seat
from server.media.recorder.reorder import Packet
from server.media.rtp import rtcp
from server.media.tap import Codec, Source
from tests.media.rig import Rig, open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8

VP8 = Codec("video/VP8", 90_000)


class Hearing:
    """The other end of a feed."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws
        self.facts: dict[str, list[Any]] = {}
        self.packets: list[tuple[str, bytes]] = []

    async def wish(self, kind: str, **data: Any) -> None:
        await self._ws.send_str(json.dumps({"kind": kind, "data": data}))

    async def packet(self) -> tuple[str, bytes]:
        """The next packet: whose, and what."""
        while not self.packets:
            await self._read()
        return self.packets.pop(0)

    async def fact(self, kind: str) -> Any:
        while not self.facts.get(kind):
            await self._read()
        return self.facts[kind].pop(0)

    async def _read(self) -> None:
        message = await self._ws.receive(10)
        if message.type is aiohttp.WSMsgType.BINARY:
            sources = {one["number"]: one["participant"] for one in self.facts.get("source", [])}
            self.packets += [(sources[number], packet.payload) for number, packet in unpack(message.data)]
            return
        assert message.type is aiohttp.WSMsgType.TEXT
        fact = json.loads(message.data)
        self.facts.setdefault(fact["kind"], []).append(fact["data"])


@asynccontextmanager
async def heard(rig: Rig) -> AsyncIterator[Hearing]:
    async with rig.client.packets("s1") as ws:
        yield Hearing(ws)


async def test_feed_gives_the_packets_of_those_who_agreed(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
        for name, peer in (("ann", ann), ("bob", bob)):
            await rig.client.seat("s1", name, Seat(peer.connection, on_stage=True))
        async with heard(rig) as hearing:
            assert (await hearing.fact("hello"))["session"] == "s1"
            assert {one["participant"] for one in (await hearing.fact("stage"))["participants"]} == {"ann", "bob"}
            await hearing.wish("agreed", participants=["ann"])
            feed = next(iter(rig.house.packet_feeds._open))
            await until(lambda: feed.takes("ann"))
            bob.send_rtp("1", 1, 960, b"bob 1")
            ann.send_rtp("1", 1, 960, b"ann 1")
            assert await hearing.packet() == ("ann", b"ann 1")
            await hearing.wish("agreed", participants=["bob"])
            await until(lambda: feed.takes("bob"))
            ann.send_rtp("1", 2, 1920, b"ann 2")
            bob.send_rtp("1", 2, 1920, b"bob 2")
            assert await hearing.packet() == ("bob", b"bob 2")
        await until(lambda: not rig.house.packet_feeds._open)
        await ann.close()
        await bob.close()


async def test_feed_asks_for_key_frames_and_ends_with_the_session(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        async with heard(rig) as hearing:
            await hearing.wish("agreed", participants=["ann"])
            feed = next(iter(rig.house.packet_feeds._open))
            await until(lambda: feed.takes("ann"))
            ann.send_rtp("0", 0, 0, vp8(True, 0, 0))
            assert (await hearing.packet())[0] == "ann"
            before = len(ann.reports)
            await hearing.wish("key_frame", participant="ann", source="camera")
            await until(lambda: any(isinstance(one, rtcp.PictureLoss) for one in ann.reports[before:]), 3.0)
            await rig.client.end_session("s1")
            while not hearing._ws.closed:
                await hearing._ws.receive(10)
        with pytest.raises(MediaAway):
            async with rig.client.packets("s1"):
                pass
        await ann.close()


def test_full_feed_drops_the_oldest_and_asks_for_a_key_frame() -> None:
    asked: list[tuple[str, Source]] = []
    feed = PacketFeed(lambda *source: asked.append(source), lambda: None)
    feed._agreed = frozenset(["ann"])
    count = packet_feed.WAITING_BYTES // 1000 + 10
    for number in range(count):
        feed.packet("ann", Source.CAMERA, VP8, number, 0, True, bytes(1000), 0.0, None)
    assert feed.dropped > 0
    assert set(asked) == {("ann", Source.CAMERA)}
    kept = [packet.seq for _, data in feed._packets for _, packet in unpack(data)]
    assert kept == list(range(feed.dropped, count))


def test_packets_come_out_as_they_went_in() -> None:
    packets = [Packet(2**40 + 7, 2**32 - 1, True, b"payload", 12.25, 12.125), Packet(1, 2, False, b"", 3.5, None)]
    message = b"".join(pack(number, packet) for number, packet in enumerate(packets))
    assert [(number, packet) for number, packet in unpack(message)] == list(enumerate(packets))
    for cut in (1, len(message) - 1):
        with pytest.raises(ValueError, match="cut off"):
            list(unpack(message[:cut]))
