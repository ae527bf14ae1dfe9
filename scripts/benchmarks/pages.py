"""Bytes over the wire and time until usable of the customer's first page and waiting page, on a slow line."""
# Needs: chromium fonts

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report
from playwright.async_api import Browser, Page
from report import say

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.product import Product, running_product

LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}


@dataclass(slots=True)
class Load:
    """What one page brought over the wire (headers and socket frames included), and when it was usable."""

    bytes: int = 0
    seconds: float = 0.0

    def add(self, size: float) -> None:
        self.bytes += int(size)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """A new Chromium profile each time, 1.6 Mbit/s down, 150 ms; usable: the form can be filled, the place in the queue is read."""
    names = ("first_page_bytes", "first_page_usable_ms", "waiting_page_bytes", "waiting_page_usable_ms")
    if chromium_path() is None:
        return {**dict.fromkeys(names), "notes": ["Chromium is not installed here."]}
    with tempfile.TemporaryDirectory() as folder:
        async with running_product(Path(folder)) as product, running_chromium() as chromium:
            pairs = [await _visit(chromium, product) for _ in range(options.rounds)]
    first, waiting = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return {
        "first_page_bytes": max(load.bytes for load in first),
        "first_page_usable_ms": round(1000 * statistics.median(load.seconds for load in first)),
        "waiting_page_bytes": max(load.bytes for load in waiting),
        "waiting_page_usable_ms": round(1000 * statistics.median(load.seconds for load in waiting)),
        "first_page_s": report.spread([load.seconds for load in first]),
        "waiting_page_s": report.spread([load.seconds for load in waiting]),
        "notes": [],
    }


async def _visit(chromium: Browser, product: Product) -> tuple[Load, Load]:
    """The first page, and from the button to the waiting page; then the waiting page again, from nothing, by the link of the case."""
    context = await chromium.new_context(locale="de", viewport={"width": 390, "height": 844})
    page = await context.new_page()
    first = await _slow(page)
    began = time.monotonic()
    await page.goto(product.url + "/", wait_until="commit")
    await page.wait_for_selector("#topics .topic >> nth=0")
    await page.locator("#topics .topic").first.click()
    await page.wait_for_selector("#summary:visible")
    first.seconds = time.monotonic() - began
    await page.wait_for_load_state("networkidle")
    await page.fill("#summary", "Der Zähler zeigt nichts an")
    await page.fill("#name", "Bo Becker")
    await page.click("#go")
    await page.wait_for_selector("#waiting:visible")
    state = await context.storage_state()
    address = page.url
    await context.close()
    fresh = await chromium.new_context(locale="de", viewport={"width": 390, "height": 844}, storage_state=state)
    page = await fresh.new_page()
    waiting = await _slow(page)
    began = time.monotonic()
    await page.goto(address, wait_until="commit")
    await page.wait_for_selector("#waiting:visible")
    waiting.seconds = time.monotonic() - began
    await page.wait_for_timeout(1500)  # The socket and what else comes late.
    await page.click("#withdraw-open")
    await page.click("#withdraw-queue")
    await page.wait_for_selector("#after:visible")
    await fresh.close()
    say(
        f"first page {first.bytes} bytes, {first.seconds:.2f} s; waiting page {waiting.bytes} bytes, {waiting.seconds:.2f} s"
    )
    return first, waiting


async def _slow(page: Page) -> Load:
    """From now on the page is on the slow line, with an empty cache, and counted."""
    load = Load()
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.clearBrowserCache")
    await session.send("Network.emulateNetworkConditions", LINE)
    session.on("Network.loadingFinished", lambda event: load.add(event["encodedDataLength"]))
    session.on("Network.webSocketFrameReceived", lambda event: load.add(len(event["response"]["payloadData"])))
    return load


if __name__ == "__main__":
    report.main(measure, ("--rounds", {"type": int, "default": 5}))
