"""A composer says how large it shows a camera that comes in several layers."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from server.media.packet_wire import unpack
from server.media.protocol import Event
from server.media.recorder.reorder import Packet
from server.media.wire import dump
from tests.media.rig import open_rig
from tests.media.test_layers import RIDS, Camera, on_stage


@pytest.mark.parametrize(
    ("tiles", "named"),
    [([(1280, 720), (636, 356), (0, 0), (1280, 720)], "hmlh"), ([(272, 152), (900, 720)], "lh")],
)
async def test_composer_gets_the_layer_that_its_tile_needs(
    tmp_path: Path, tiles: list[tuple[int, int]], named: str
) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await on_stage(rig, "ann", RIDS)
        async with rig.client.packets("s1") as ws:
            camera, packets = Camera(ann), list[Packet]()
            await ws.send_str(dump(Event("agreed", {"participants": ["ann"]})).decode())
            for (width, height), rid in zip(tiles, named, strict=True):
                tile = {"participant": "ann", "source": "camera", "width": width, "height": height}
                await ws.send_str(dump(Event("tiles", {"tiles": [tile]})).decode())
                async with asyncio.timeout(10):
                    while not packets or packets[-1].payload[-1:] != rid.encode():
                        await camera.run(0.05)
                        packets += await waiting(ws)
            seqs = [packet.seq for packet in packets]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
            names = [packet.payload[-1:] for packet in packets]
            firsts = [
                packet for packet, name, before in zip(packets[1:], names[1:], names, strict=False) if name != before
            ]
            assert all(not packet.payload[5] & 1 for packet in firsts)  # Key frames.
        await ann.close()


async def waiting(ws: ClientWebSocketResponse) -> list[Packet]:
    """The packets that came until now."""
    found: list[Packet] = []
    with contextlib.suppress(TimeoutError):
        while True:
            message = await ws.receive(0.02)
            if message.type is WSMsgType.BINARY:
                found += [packet for _, packet in unpack(message.data)]
    return found
