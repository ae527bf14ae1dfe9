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
from guests import FACE, on_stage
from playwright.async_api import Browser, BrowserContext, Page
from report import say

from server.broadcast.layout import Box, fit, grid
from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.people import agent_at_desk
from tests.e2e.product import Product, running_product
from tests.site import client_id

CLOCK = (Path(__file__).parent / "clock.js").read_text()
KEYS = ("hls_latency_s_p50", "hls_latency_s_p95", "whep_latency_s_p50", "stalls", "first_frame_ms_p50")
METHOD = (
    "Chromium pages on this machine: the agent's own page, in a small window, with a camera of 1280x720 at 30 fps that shows the time in blocks, "
    "the audience's page, "
    "and a WHEP player in a page. Each frame that is read back says when it was painted; latency is from the painting to the showing; "
    "`announced_s` of it had passed when a playlist named the picture, `said_latency_s` is what the player stays behind that by its own count. "
    "Presenter, server, composer and viewers share this machine's cores."
)
COMPOSED = (
    f" The stage is a composed grid of {{people}}: the presenter's picture and, beside it, clips of {FACE.width}x{FACE.height} VP8 with voices, "
    "which is the layer that a composer takes of a page's camera for such a place."
)
SIZE = (1280, 720)
WINDOW = {"width": 480, "height": 360}
"""The presenter's: what they see of themselves is drawn by the same two cores, as it would not be."""


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One presenter on the air, or a composed stage; a viewer with hls.js for minutes, newcomers for their first frame, and a viewer by WHEP."""
    if chromium_path() is None:
        return {**dict.fromkeys(KEYS), "notes": ["Chromium is not installed here."]}
    with tempfile.TemporaryDirectory() as folder:
        settings = {"OASE_IMPRINT_URL": "https://example.org/imprint"}
        async with running_product(Path(folder), **settings) as product, running_chromium() as chromium:
            agent = await agent_at_desk(chromium, product)
            async with asyncio.timeout(120):
                session = await _rehearsed(agent.context, product)
            async with on_stage(product, session, options.stage - 1):
                await _goes_live(agent.context, product, session, options.stage)
                say(f"on the air: {session}")
                watching = Watching(chromium, product, session, _place(options.stage))
                hls = await watching.stays(options.minutes * 60)
                announced = await announced_late_s(f"{product.url}/live/{session}/stream.m3u8", 10)
                newcomers = [await watching.first_frame_ms() for _ in range(options.newcomers)]
                whep = await watching.by_whep(options.whep_seconds)
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
        "stage": options.stage,
        "method": METHOD + (COMPOSED.format(people=options.stage) if options.stage > 1 else ""),
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


async def _rehearsed(agent: BrowserContext, product: Product) -> str:
    """The agent comes on stage at the session's page. The session."""
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
    await page.set_viewport_size(WINDOW)
    await page.add_init_script(CLOCK)
    await page.add_init_script("clock.becomeCamera()")
    await page.goto(f"{product.url}/s/{session}")
    one = f"/api/v1/broadcasts/{session}"
    while not (await _call(agent, product, "GET", one))["people"]:
        await asyncio.sleep(0.2)
    await _call(agent, product, "POST", f"{one}/rehearse")
    return session


async def _goes_live(agent: BrowserContext, product: Product, session: str, people: int) -> None:
    """Everybody is there and has agreed but the agent, who does so now."""
    one = f"/api/v1/broadcasts/{session}"
    if people > 1:
        await _call(agent, product, "PUT", f"{one}/scene", {"layout": "grid", "lower_thirds": False})
    view = await _call(agent, product, "GET", one)
    answer = {"answer": "given", "wording_version": view["me"]["wording_version"]}
    await _call(agent, product, "POST", f"{one}/consent", answer)
    await _call(agent, product, "POST", f"{one}/live")


def _place(people: int) -> dict[str, int]:
    """Where in the viewers' picture the clock's camera stands: who came first has the first place."""
    box = grid([str(one) for one in range(people)], [], Box(0, 0, *SIZE))[0].box
    width, height = fit(*SIZE, box, whole=False)
    left, top = box.x + (box.width - width) / 2, box.y + (box.height - height) / 2
    return {"left": round(left), "top": round(top), "width": width, "height": height}


class Watching:
    """Those who watch one broadcast; `place` is where the clock is in what they see."""

    def __init__(self, chromium: Browser, product: Product, session: str, place: dict[str, int]) -> None:
        self._chromium, self._place = chromium, place
        self._watch, self._whep = f"{product.url}/watch/{session}", f"{product.url}/whep/{session}"
        self._any_page = f"{product.url}/desk/sign-in"

    async def _viewer(self) -> Page:
        context = await self._chromium.new_context(locale="en", viewport={"width": 1280, "height": 800})
        await context.add_init_script(CLOCK)
        await context.add_init_script(f"clock.place = {json.dumps(self._place)}")
        return await context.new_page()

    async def stays(self, seconds: float) -> dict[str, Any]:
        """What one viewer's page saw in that time; the first seconds are not counted, since a player settles."""
        page = await self._viewer()
        await page.goto(self._watch)
        seen = await _seen(page, 10, seconds)
        say(f"hls: {statistics.median(one['late_s'] for one in seen['read']):.2f} s, {seen['stalls']} stalls")
        return seen

    async def first_frame_ms(self) -> float:
        """From opening the page to its first picture, with an empty cache."""
        page = await self._viewer()
        await page.goto(self._watch, wait_until="commit")
        await _until_moving(page)
        found = float(await page.evaluate("clock.first_ms"))
        await page.context.close()
        say(f"newcomer: {found:.0f} ms")
        return found

    async def by_whep(self, seconds: float) -> list[float]:
        """How late the pictures are of a player by WHEP."""
        page = await self._viewer()
        await page.goto(self._any_page)
        await page.evaluate(f"clock.watch('{self._whep}')")
        seen = await _seen(page, 3, seconds)
        return [one["late_s"] for one in seen["read"]]


async def _seen(page: Page, settle_s: float, seconds: float) -> dict[str, Any]:
    await _until_moving(page)
    await asyncio.sleep(settle_s)
    await page.evaluate("clock.begin()")
    await asyncio.sleep(seconds)
    seen: dict[str, Any] = json.loads(await page.evaluate("JSON.stringify(clock.seen())"))
    await page.context.close()
    return seen


async def _until_moving(page: Page, limit_s: float = 60.0) -> None:
    async with asyncio.timeout(limit_s):
        while not await page.evaluate("clock.first_ms > 0"):
            await asyncio.sleep(0.05)


def _rounded(values: list[float], share: float) -> float | None:
    found = report.percentile(values, share)
    return None if found is None else round(found, 3)


if __name__ == "__main__":
    report.main(
        measure,
        ("--minutes", {"type": float, "default": 2.0}),
        ("--stage", {"type": int, "default": 1, "help": "how many are on stage; more than one are composed"}),
        ("--newcomers", {"type": int, "default": 5}),
        ("--whep-seconds", {"type": float, "default": 20.0}),
    )
