"""Looks at a page: axe-core, widths, sizes of targets, pictures, and bytes over the wire."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, CDPSession, Page

from tests.e2e.product import ROOT

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
Scheme = Literal["light", "dark"]
SIZES = {"phone": (390, 844), "laptop": (1440, 900)}
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
"""Two frames later the new size and scheme are on the screen; nothing moves by itself, because less motion is asked for."""
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


async def window(browser: Browser, size: str = "phone", scheme: Scheme = "light", **more: Any) -> BrowserContext:
    width, height = SIZES[size]
    more.setdefault("locale", "en")
    return await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", **more
    )


ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"light": ALL_RULES, "dark": ["color-contrast"]}
"""The other rules are about what is there and how large it is; both schemes have that in common."""


async def faults(page: Page, rules: Sequence[str] = ALL_RULES) -> list[str]:
    """What axe-core calls serious or critical, with the elements."""
    if await page.evaluate("typeof axe === 'undefined'"):  # Half a megabyte; it stays until the page is left.
        await page.evaluate(AXE.read_text())
    found = await page.evaluate(f"axe.run({{ runOnly: {json.dumps(rules)} }})")
    return [
        f"{one['impact']} {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


async def look(page: Page, name: str, *, small_targets: bool = False) -> list[str]:
    """What is wrong with the page as it stands, in each scheme and at each size."""
    wrong: list[str] = []
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await page.evaluate(PAINTED)
            place = f"{name}-{size}-{scheme}"
            await picture(page, place)
            wrong += [f"{place}: {fault}" for fault in await faults(page, RULES[scheme])]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name}-{size}: wider than the window")
        if not small_targets:
            wrong += [f"{name}-{size}: small target {target}" for target in await too_small(page)]
    return wrong


async def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("OASE_SCREENS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def too_small(page: Page) -> list[str]:
    """Buttons, links and fields below 44 px on a customer's page; links inside a sentence may be smaller (WCAG 2.5.8)."""
    found: list[str] = await page.evaluate(
        """[...document.querySelectorAll('button, a[href], select, textarea, input:not([type=hidden])')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('p, .unseen, .skip, video'))
        .map((one) => [one, (one.matches('[type=radio], [type=checkbox]') ? one.closest('label') : one).getBoundingClientRect()])
        .filter(([one, box]) => box.width > 1 && !one.matches('.skip') && (box.height < 43.5 || box.width < 43.5))
        .map(([one, box]) => `${one.outerHTML.slice(0, 90)} ${box.width}x${box.height}`)"""
    )
    return found


class Wire:
    """Counts what a page loads, as bytes over the wire (headers included), on a line as slow as one wants."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = 0
        session.on("Network.loadingFinished", lambda event: self._add(event["encodedDataLength"]))
        session.on("Network.webSocketFrameReceived", lambda event: self._add(len(event["response"]["payloadData"])))

    def _add(self, size: float) -> None:
        self.bytes += int(size)

    @classmethod
    async def of(cls, page: Page, *, slow: bool = False) -> "Wire":
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        if slow:
            rate = {"downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
            await session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 150, **rate})
        return cls(session)
