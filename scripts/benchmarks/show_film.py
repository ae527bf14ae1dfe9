"""A broadcast's recording, looked at as soon as it is one: from any minute, after a kill, and to its end in browsers."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import av
from playwright.async_api import Page
from report import say

from server.broadcast.hls.serving import Broadcast
from tests.broadcast.hls.rules import Playlist, parse
from tests.broadcast.hls.site import site
from tests.e2e.browsers import Firefox, chromium_path, running_chromium, running_firefox
from tests.e2e.webkit import WebKit, has_webkit, running_webkit
from tests.site import Browser

LIMIT_S = 60.0
H264 = 'video/mp4; codecs="avc1.42e01f"'
FAST = {"chromium": 12, "firefox": 12, "webkit": 2}
"""How much faster than life a browser plays it. WebKitGTK keeps up with no more: half an hour takes a quarter of one."""


async def first_picture_s(browser: Browser, recording: str, share: float, since: float) -> float:
    """Seconds from `since` (monotonic) until a picture at `share` (0..1) of the recording is decoded."""
    address = await _film(browser, recording)
    film = await _playlist(browser, address)
    there = [one for one in film.segments if one.uri and not one.is_gap]
    one = there[int(share * len(there))]
    folder = address.rpartition("/")[0]
    data = b"".join([(await browser.get(f"{folder}/{name}")).body for name in (one.map, one.uri)])
    with av.open(BytesIO(data)) as container:
        next(container.decode(video=0))
    return time.monotonic() - since


async def lost_before_s(browser: Browser, recording: str, killed_at: float) -> float:
    """How much of the time before `killed_at` (UNIX time) the recording has not got."""
    film = await _playlist(browser, await _film(browser, recording))
    ends = [one.at.timestamp() + one.duration_s for one in film.segments if one.at is not None and not one.is_gap]
    return killed_at - max(end for end in ends if end <= killed_at)


async def play_to_the_end(browser: Browser, folder: Path, recording: str) -> dict[str, bool | None]:
    """Whether each browser plays the whole of it; None where it is not installed, or shows no H.264.

    `folder` holds the recordings, and has room for a profile.
    """
    film = await _playlist(browser, await _film(browser, recording))
    length_s = sum(one.duration_s for one in film.segments)
    shown = Broadcast(_folder(folder, film), 2_500_000, is_public=True)
    await shown.refresh()
    found: dict[str, bool | None] = dict.fromkeys(FAST)
    try:
        async with site(shown) as address:
            for name in FAST:
                async with _page(name, folder / f"profile-{name}") as page:
                    found[name] = await _plays(page, name, address, length_s) if page else None
    finally:
        await shown.close()
    return found


@asynccontextmanager
async def _page(name: str, profile: Path) -> AsyncIterator[Page | Firefox | WebKit | None]:
    """A page of this browser; None where it is not installed."""
    async with AsyncExitStack() as stack:
        if name == "chromium" and chromium_path() is not None:
            yield await (await stack.enter_async_context(running_chromium())).new_page()
        elif name == "firefox" and shutil.which("firefox-esr"):
            yield await stack.enter_async_context(running_firefox(profile))
        elif name == "webkit" and has_webkit():
            yield await stack.enter_async_context(running_webkit(profile))
        else:
            yield None


async def _plays(page: Page | Firefox | WebKit, name: str, address: str, length_s: float) -> bool | None:
    await page.goto(address)
    if not await page.evaluate(f"MediaSource.isTypeSupported('{H264}')"):
        return None
    await page.evaluate('play("/live/recording.m3u8", {})')
    end = time.monotonic() + length_s / FAST[name] * 2 + LIMIT_S
    while not (ended := await page.evaluate("video.ended")) and time.monotonic() < end:
        await page.evaluate(f"void(video.playbackRate = {FAST[name]})")
        await asyncio.sleep(0.5)
    facts: dict[str, Any] = await page.evaluate("({...seen, at: video.currentTime})")
    say(f"{name} ended: {ended}, at {facts['at']:.1f} of {length_s:.1f} s, {facts['errors']}")
    return bool(ended) and abs(facts["at"] - length_s) < 1.0 and not [one for one in facts["errors"] if "fatal" in one]


def _folder(recordings: Path, film: Playlist) -> Path:
    """The folder of the stream: the one that has its last segment."""
    last = film.segments[-1].uri
    assert last is not None
    return max(recordings.rglob(last), key=lambda path: path.stat().st_mtime).parent


async def _film(browser: Browser, recording: str) -> str:
    """The address of the recording's playlist, once it is ready."""
    async with asyncio.timeout(LIMIT_S):
        while (view := (await browser.get(f"/api/v1/recordings/{recording}")).json)["state"] != "ready":
            await asyncio.sleep(0.02)
    return str(view["files"][0]["url"])


async def _playlist(browser: Browser, address: str) -> Playlist:
    return parse((await browser.get(address)).body.decode())
