"""Firefox and Chromium in one session. Firefox never uses 127.0.0.1, so the worker listens on the machine's own address."""

import asyncio
import shutil
from pathlib import Path

import pytest
from aioice.ice import get_host_addresses

from server.media.protocol import Seat
from tests.e2e.browsers import running_firefox
from tests.media.rig import open_rig, until
from tests.media.test_browsers import chromium, pages_of, wait_for_frames
from tests.media.test_layers_browser import LAYERS, SIZES, camera, live, until_height

ADDRESSES = get_host_addresses(use_ipv4=True, use_ipv6=False)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not ADDRESSES, reason="this machine has no address but 127.0.0.1"),
    pytest.mark.skipif(shutil.which("firefox-esr") is None, reason="no Firefox on this machine"),
]


async def test_firefox_and_chromium_see_each_other(tmp_path: Path) -> None:
    async with (
        open_rig(tmp_path, host=ADDRESSES[0]) as rig,
        pages_of(rig) as address,
        chromium(tmp_path, address, 1) as (ann,),
        running_firefox(tmp_path / "firefox") as bob,
    ):
        await bob.goto(address)
        for name, connection in (("ann", await ann.evaluate("join()")), ("bob", await bob.evaluate("join()"))):
            await rig.client.seat("s1", name, Seat(connection, on_stage=True))
        await wait_for_frames(ann, "3", 60)
        async with asyncio.timeout(15.0):
            while await bob.evaluate("frames('3')") < 60:
                await asyncio.sleep(0.1)
        inbound = [entry for entry in await bob.evaluate("streams()") if entry["type"] == "inbound-rtp"]
        assert all(entry["packetsLost"] == 0 for entry in inbound)
        assert any(entry["kind"] == "audio" and entry["packetsReceived"] > 50 for entry in inbound)
        await bob.evaluate("restart()")
        before = await bob.evaluate("frames('3')")
        async with asyncio.timeout(10.0):
            while await bob.evaluate("frames('3')") < before + 30:
                await asyncio.sleep(0.1)
        await wait_for_frames(ann, "3", 30)


async def test_firefox_sends_three_layers_and_a_viewer_gets_each(tmp_path: Path) -> None:
    async with (
        open_rig(tmp_path, host=ADDRESSES[0]) as rig,
        pages_of(rig) as address,
        chromium(tmp_path, address, 1) as (bob,),
        running_firefox(tmp_path / "firefox") as ann,
    ):
        await ann.goto(address)
        await ann.evaluate(LAYERS)
        sender, viewer = await ann.evaluate("join(0, 0)"), await bob.evaluate("join(1, 1)")
        for name, connection in (("ann", sender), ("bob", viewer)):
            await rig.client.seat("s1", name, Seat(connection, on_stage=True))
        await until(lambda: live(camera(rig, sender)) == SIZES, 20.0)
        for rids, height in ((["l", "m", "h"], 720), (["l", "m"], 360), (["l", "m", "h"], 720)):
            await ann.evaluate(f"activate({rids})")
            await until_height(bob, "3", lambda shown, height=height: shown == height)  # type: ignore[misc]
            await wait_for_frames(bob, "3", 5)
        # What it pads with is known by its RID, or by the stream that it repeats: only what comes before the first names is nobody's.
        counts = rig.house.counters.view()
        assert counts.get("dropped_unknown_ssrc", 0) < 20 < counts["packets_in"]
        assert counts.get("dropped_rtp", 0) == 0
