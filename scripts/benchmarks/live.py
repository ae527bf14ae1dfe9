"""How late a broadcast is: a clock in the presenter's camera, read back in the browsers that watch, by LL-HLS and by WHEP."""
# Needs: chromium fonts

import argparse
import asyncio
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import report
from edge import announced_late_s
from playwright.async_api import Browser, BrowserContext, Page
from report import say

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.people import agent_at_desk
from tests.e2e.product import Product, running_product
from tests.site import client_id

CLOCK = (Path(__file__).parent / "clock.js").read_text()
KEYS = ("hls_latency_s_p50", "hls_latency_s_p95", "whep_latency_s_p50", "stalls", "first_frame_ms_p50")
METHOD = (
    "Chromium pages on this machine: the agent's own page with a camera of 1280x720 at 30 fps that shows the time in blocks, the audience's page, "
    "and a WHEP player in a page. Each frame that is read back says when it was painted; latency is from the painting to the showing; "
    "`announced_s` of it had passed when a playlist named the picture, `said_latency_s` is what the player stays behind that by its own count. "
    "Presenter, server, composer and viewers share this machine's cores."
)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One presenter on the air; a viewer with hls.js for minutes, newcomers for their first frame, and a viewer by WHEP."""
    if chromium_path() is None:
        return {**dict.fromkeys(KEYS), "notes": ["Chromium is not installed here."]}
    with tempfile.TemporaryDirectory() as folder:
        settings = {"OASE_IMPRINT_URL": "https://example.org/imprint"}
        async with running_product(Path(folder), **settings) as product, running_chromium() as chromium:
            agent = await agent_at_desk(chromium, product)
            async with asyncio.timeout(120):
                session = await _on_air(agent.context, product)
            say(f"on the air: {session}")
            hls = await _watched(chromium, product, session, options.minutes * 60)
            announced = await announced_late_s(f"{product.url}/live/{session}/stream.m3u8", 10)
            newcomers = [await _first_frame_ms(chromium, product, session) for _ in range(options.newcomers)]
            whep = await _whep(chromium, product, session, options.whep_seconds)
    latencies = [one["late_s"] for one in hls["read"]]
    return {
        "hls_latency_s_p50": _rounded(latencies, 0.5),
        "hls_latency_s_p95": _rounded(latencies, 0.95),
        "whep_latency_s_p50": _rounded(whep, 0.5),
        "whep_latency_s_p95": _rounded(whep, 0.95),
        "announced_s_p50": _rounded(announced, 0.5),
        "stalls": hls["stalls"],
        "first_frame_ms_p50": round(statistics.median(newcomers)) if newcomers else None,
        "first_frame_ms": report.spread(newcomers, 0),
        "frames_read": len(latencies),
        "unreadable": hls["unreadable"],
        "said_latency_s": _rounded([one["behind_s"] for one in hls["read"] if one["behind_s"]], 0.5),
        "minutes": options.minutes,
        "method": METHOD,
        "notes": [],
    }


async def _call(context: BrowserContext, product: Product, method: str, path: str, body: Any = None) -> Any:
    options: dict[str, Any] = {"method": method, "headers": {"Origin": product.url, "Oase-As": "agent"}}
    answer = await context.request.fetch(
        product.url + path, **options, **({} if method == "GET" else {"data": body or {}})
    )
    if not answer.ok:
        raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
    return await answer.json()


async def _on_air(agent: BrowserContext, product: Product) -> str:
    """The agent comes on stage at the session's page, agrees, and goes live. The session."""
    channel = (await _call(agent, product, "GET", "/api/v1/channels"))["channels"][0]["channel"]["id"]
    await _call(agent, product, "PATCH", f"/api/v1/channels/{channel}", {"responsible_name": "Ada Muster"})
    topics = await _call(agent, product, "GET", "/api/v1/topics")
    wish = {
        "title": "The clock",
        "topic": topics["topics"][0]["slug"],
        "client_id": client_id(),
        "visibility": "public",
    }
    session = str((await _call(agent, product, "POST", "/api/v1/broadcasts", wish))["session"])
    page = await agent.new_page()
    await page.add_init_script(CLOCK)
    await page.add_init_script("clock.becomeCamera()")
    await page.goto(f"{product.url}/s/{session}")
    one = f"/api/v1/broadcasts/{session}"
    while not (view := await _call(agent, product, "GET", one))["people"]:
        await asyncio.sleep(0.2)
    view = await _call(agent, product, "POST", f"{one}/rehearse")
    answer = {"answer": "given", "wording_version": view["me"]["wording_version"]}
    await _call(agent, product, "POST", f"{one}/consent", answer)
    await _call(agent, product, "POST", f"{one}/live")
    return session


async def _viewer(chromium: Browser) -> Page:
    context = await chromium.new_context(locale="en", viewport={"width": 1280, "height": 800})
    await context.add_init_script(CLOCK)
    return await context.new_page()


async def _until_moving(page: Page, limit_s: float = 60.0) -> None:
    async with asyncio.timeout(limit_s):
        while not await page.evaluate("clock.first_ms > 0"):
            await asyncio.sleep(0.05)


async def _watched(chromium: Browser, product: Product, session: str, seconds: float) -> dict[str, Any]:
    """What one viewer's page saw in that time; the first seconds are not counted, since a player settles."""
    page = await _viewer(chromium)
    await page.goto(f"{product.url}/watch/{session}")
    await _until_moving(page)
    await asyncio.sleep(10)
    await page.evaluate("clock.begin()")
    await asyncio.sleep(seconds)
    seen: dict[str, Any] = json.loads(await page.evaluate("JSON.stringify(clock.seen())"))
    say(f"hls: {statistics.median(one['late_s'] for one in seen['read']):.2f} s, {seen['stalls']} stalls")
    await page.context.close()
    return seen


async def _first_frame_ms(chromium: Browser, product: Product, session: str) -> float:
    """From opening the page to its first picture, with an empty cache."""
    page = await _viewer(chromium)
    await page.goto(f"{product.url}/watch/{session}", wait_until="commit")
    await _until_moving(page)
    found = float(await page.evaluate("clock.first_ms"))
    await page.context.close()
    say(f"newcomer: {found:.0f} ms")
    return found


async def _whep(chromium: Browser, product: Product, session: str, seconds: float) -> list[float]:
    page = await _viewer(chromium)
    await page.goto(f"{product.url}/desk/sign-in")
    await page.evaluate(f"clock.watch('/whep/{session}')")
    await _until_moving(page)
    await asyncio.sleep(3)
    await page.evaluate("clock.begin()")
    await asyncio.sleep(seconds)
    seen = json.loads(await page.evaluate("JSON.stringify(clock.seen())"))
    await page.context.close()
    return [one["late_s"] for one in seen["read"]]


def _rounded(values: list[float], share: float) -> float | None:
    found = report.percentile(values, share)
    return None if found is None else round(found, 3)


if __name__ == "__main__":
    report.main(
        measure,
        ("--minutes", {"type": float, "default": 2.0}),
        ("--newcomers", {"type": int, "default": 5}),
        ("--whep-seconds", {"type": float, "default": 20.0}),
    )
