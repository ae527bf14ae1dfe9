"""How old the newest picture of a live stream is when a playlist first names it: what is late before any player has a hand in it."""

import re
import time
from datetime import datetime
from typing import Any

import aiohttp

LINE = re.compile(
    r"#EXT-X-PROGRAM-DATE-TIME:(?P<date>\S+)|#EXT-X-PART:DURATION=(?P<part>[0-9.]+)|#EXTINF:(?P<segment>[0-9.]+)"
)


async def announced_late_s(playlist: str, seconds: float) -> list[float]:
    """For each new part within that time: seconds from the capture of its end to the answer that names it."""
    found = []
    until = time.monotonic() + seconds
    async with aiohttp.ClientSession() as http:
        text = await _text(http, playlist, {})
        while time.monotonic() < until:
            segments, parts = _next(text)
            text = await _text(http, playlist, {"_HLS_msn": segments, "_HLS_part": parts})
            found.append(time.time() - _edge(text))
    return found


async def _text(http: aiohttp.ClientSession, playlist: str, query: dict[str, Any]) -> str:
    async with http.get(playlist, params=query, timeout=aiohttp.ClientTimeout(20)) as answer:
        answer.raise_for_status()
        return await answer.text()


def _next(text: str) -> tuple[int, int]:
    """Segment and part that come next."""
    return text.count("#EXTINF"), text.rpartition("#EXTINF")[2].count("#EXT-X-PART:")


def _edge(text: str) -> float:
    """When the last picture of the last part was over, as UNIX time."""
    at = parts = 0.0
    for match in LINE.finditer(text):
        if match["date"]:
            at, parts = datetime.fromisoformat(match["date"].replace("Z", "+00:00")).timestamp(), 0.0
        elif match["part"]:
            parts += float(match["part"])
        else:
            at, parts = at + float(match["segment"]), 0.0
    return at + parts
