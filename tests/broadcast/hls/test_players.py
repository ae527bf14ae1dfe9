"""Browsers with hls.js: live at the edge, back to the beginning, and the recording to its end."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from server.broadcast.hls.serving import Broadcast
from server.tasks import Tasks
from tests.broadcast.hls.material import STARTED_AT, Show, broadcast, packager
from tests.broadcast.hls.site import feed, site
from tests.e2e.browsers import running_chromium, running_firefox

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

FACTS = """({...seen, at: video.currentTime, ended: video.ended, latency: hls.latency, target: hls.targetLatency,
  date: hls.playingDate && +hls.playingDate, now: Date.now(), duration: video.duration, width: video.videoWidth})"""


async def until(page: Any, expression: str, limit_s: float) -> dict[str, Any]:
    """Waits for the expression to hold in the page; the player's facts then. What it had to say stands in the failure otherwise."""
    end = time.monotonic() + limit_s
    while not await page.evaluate(f"Boolean({expression})"):
        if time.monotonic() > end:
            pytest.fail(f"{expression} never came true: {await page.evaluate(FACTS)}")
        await asyncio.sleep(0.1)
    facts: dict[str, Any] = await page.evaluate(FACTS)
    return facts


async def test_chromium_stays_near_the_edge_through_a_pause_and_winds_back(tmp_path: Path) -> None:
    """Low latency by parts, no stall; on behind a pause with another size, by itself; then the beginning, while it goes on."""
    shown, tasks = Broadcast(tmp_path, 300_000, is_public=True), Tasks("stage")
    shows = [Show(6), Show(20, (320, 180), at_s=8.4)]
    for show in shows:
        list(show.samples())  # Encoded before it begins.
    began, writer = time.monotonic(), packager(tmp_path, time.time())
    tasks.start(feed(writer, shows, began), "feed")
    tasks.start(shown.follow(), "follow")
    async with site(shown) as address, running_chromium() as browser:
        page = await browser.new_page()
        await page.goto(address)
        await page.evaluate('play("/live/index.m3u8", {lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.2})')
        facts = await until(page, "video.currentTime > 4", 10)
        assert (facts["errors"], facts["stalls"]) == ([], 0)
        assert facts["parts"] >= 5, "it plays parts"
        assert facts["target"] == pytest.approx(0.84, abs=0.01)
        assert facts["latency"] < 2.5
        assert facts["now"] - facts["date"] == pytest.approx(facts["latency"] * 1000, abs=200), "dates are true"
        facts = await until(page, "video.videoWidth === 320 && video.currentTime > 9", 20)
        assert not [error for error in facts["errors"] if "fatal" in error]
        await page.evaluate("video.currentTime = 0")
        await until(page, "video.videoWidth === 160 && video.currentTime > 1 && video.currentTime < 5", 10)
    await tasks.close()
    await shown.close()


def difficult(directory: Path) -> float:
    """Two sizes, a pause of 3 s, and a writer that was lost for 2.3 s; its length in seconds."""
    broadcast(directory, Show(4), Show(3, (320, 180), at_s=4), Show(4, (320, 180), at_s=10), ends=False).tape.close()
    end = packager(directory).tape.stream.end / 90_000
    assert end == pytest.approx(13 + 13 / 15)
    writer = packager(directory, STARTED_AT + 16.2)
    for sample in Show(3).samples():
        writer.write(sample)
    writer.finish()
    return 19.2


async def plays_to_the_end(page: Any, duration_s: float) -> None:
    await page.evaluate('play("/live/index.m3u8", {})')
    await until(page, "video.currentTime > 0.1", 15)
    await page.evaluate("void(video.playbackRate = 2)")
    facts = await until(page, "video.ended", 40)
    assert facts["at"] == pytest.approx(duration_s, abs=0.3)
    assert not [error for error in facts["errors"] if "fatal" in error]
    assert {160, 320} <= set(facts["sizes"])


async def test_chromium_plays_a_difficult_recording_to_the_end(tmp_path: Path) -> None:
    duration_s = difficult(tmp_path)
    shown = Broadcast(tmp_path, 300_000, is_public=True)
    await shown.refresh()
    async with site(shown) as address, running_chromium() as browser:
        page = await browser.new_page()
        await page.goto(address)
        await plays_to_the_end(page, duration_s)
    await shown.close()


async def test_firefox_plays_a_difficult_recording_to_the_end(tmp_path: Path) -> None:
    duration_s = difficult(tmp_path / "stream")
    shown = Broadcast(tmp_path / "stream", 300_000, is_public=True)
    await shown.refresh()
    async with site(shown) as address, running_firefox(tmp_path / "profile") as page:
        await page.goto(address)
        can_h264 = await page.evaluate('document.createElement("video").canPlayType("video/mp4; codecs=avc1.64001f")')
        if not can_h264:
            pytest.skip("this Firefox shows no H.264: on Linux it takes the system's FFmpeg")
        await plays_to_the_end(page, duration_s)
    await shown.close()


def test_player_is_the_one_that_is_locked() -> None:
    root = Path(__file__).resolve().parents[3] / "web"
    wanted = json.loads((root / "package.json").read_text())["dependencies"]["hls.js"]
    assert json.loads((root / "node_modules" / "hls.js" / "package.json").read_text())["version"] == wanted
