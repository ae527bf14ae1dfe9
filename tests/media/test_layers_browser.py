"""Real browsers send one camera in three layers."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import Page

from server.media.peer.publication import Publication
from server.media.protocol import Seat
from tests.idle import IDLE_MIN, Idle
from tests.media.rig import Rig, open_rig, until
from tests.media.test_browsers import chromium, inbound, pages_of, wait_for_frames

pytestmark = pytest.mark.browser
LAYERS = """window.sendEncodings = [
    { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150000 },
    { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500000 },
    { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1500000 },
]"""
SIZES = {"l": (320, 180), "m": (640, 360), "h": (1280, 720)}


def camera(rig: Rig, connection: str) -> Publication:
    return rig.house.connections[connection].publications[0]


def live(publication: Publication) -> dict[str, tuple[int, int]]:
    return {layer.rid: layer.size for layer in publication.layers if layer.live}


async def until_height(page: Page, mid: str, fits: Callable[[int], bool], limit_s: float = 15.0) -> None:
    async with asyncio.timeout(limit_s):
        while not fits(await page.evaluate("mid => height(mid)", mid)):
            await asyncio.sleep(0.1)


class Frozen(NamedTuple):
    """How often a picture stood still, and for how long."""

    times: int
    seconds: float


REPLACED, GROWN = Frozen(1, 0.6), Frozen(0, 0.0)
"""A layer that falls silent is replaced within half a second and a key frame; growing is not seen."""


async def frozen(viewer: Page) -> Frozen:
    """Since the viewer joined."""
    (video,) = [entry for entry in await inbound(viewer, "video") if entry["framesDecoded"]]
    assert video["packetsLost"] == 0
    return Frozen(video.get("freezeCount", 0), video.get("totalFreezesDuration", 0.0))


@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
async def test_chromium_sends_three_layers_and_one_that_falls_silent_is_replaced(tmp_path: Path, codec: str) -> None:
    async with open_rig(tmp_path) as rig, pages_of(rig) as address, chromium(tmp_path, address, 2) as (ann, bob):
        await ann.evaluate(LAYERS)
        sender = await ann.evaluate("codec => join(0, 0, codec)", codec)
        viewer = await bob.evaluate("join(1, 1)")
        for name, connection in (("ann", sender), ("bob", viewer)):
            await rig.client.seat("s1", name, Seat(connection, on_stage=True))
        await until(lambda: camera(rig, sender).layers)
        await until(lambda: live(camera(rig, sender)) == SIZES, 20.0)
        await until_height(bob, "3", lambda height: height == 720)
        await wait_for_frames(bob, "3", 30)
        for rids, height, most in ((["l", "m"], 360, REPLACED), (["l"], 180, REPLACED), (["l", "m", "h"], 720, GROWN)):
            idle, before = Idle(), await frozen(bob)
            await ann.evaluate("rids => activate(rids)", rids)
            await until_height(bob, "3", lambda shown, height=height: shown == height)  # type: ignore[misc]
            await wait_for_frames(bob, "3", 15)
            stood = Frozen(*(now - then for now, then in zip(await frozen(bob), before, strict=True)))
            if idle.share() >= IDLE_MIN:
                assert stood.times <= most.times, stood
                assert stood.seconds <= most.seconds, stood
