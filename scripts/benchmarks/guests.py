"""Agents on stage beside the one who is measured: encoded clips for faces and voices, which cost next to nothing to send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from clip import Shape, encode
from compose import Publisher, payloads_of, voices

from server.media.protocol import Answer, Offer
from server.tasks import Tasks
from tests.e2e.product import Product
from tests.media.wire_peer import WirePeer, joined
from tests.site import Browser

FACE = Shape(640, 360, bit_rate=600_000)
"""Of a page's three layers the one that a composer takes for a quarter of its picture."""


@asynccontextmanager
async def on_stage(product: Product, session: str, count: int) -> AsyncIterator[None]:
    """So many agents are in the session of a broadcast that is rehearsed, and agree to be seen."""
    clip = replace(encode(FACE), audio=voices()) if count else None
    tasks = Tasks("guests")
    async with AsyncExitStack() as ends:
        ends.push_async_callback(tasks.close)
        for number in range(count if clip is not None else 0):
            browser = Browser(product.url, "agent")
            ends.push_async_callback(browser.close)
            link = product.add_agent(f"guest{number}@example.org", f"Guest {number}")
            await browser.ok("POST", "/api/v1/sign-in/link", {"secret": link.partition("#")[2]})
            peer = await _comes(browser, session)
            ends.push_async_callback(peer.close)
            if clip is not None:
                tasks.start(Publisher(peer, payloads_of(clip, "VP8"), clip).run(), "publish")
            await _agrees(browser, session)
            await asyncio.sleep(0.0137 * number)  # Cameras are not in step with each other.
        yield


async def _comes(browser: Browser, session: str) -> WirePeer:
    async def connect(offer: Offer) -> Answer:
        body = {"sdp": offer.sdp, "sources": offer.sources}
        answer = await browser.ok("POST", f"/api/v1/sessions/{session}/connections", body)
        return Answer(answer["connection"], answer["sdp"], [])

    return await joined(connect, WirePeer(0, 0))


async def _agrees(browser: Browser, session: str) -> None:
    one = f"/api/v1/broadcasts/{session}"
    async with asyncio.timeout(30):
        while not (me := (await browser.ok("GET", one))["me"]):
            await asyncio.sleep(0.1)
    await browser.ok("POST", f"{one}/consent", {"answer": "given", "wording_version": me["wording_version"]})
