"""From the click on "come in" to the first picture, and from an agent's "take" to the waiting customer's picture."""
# Needs: chromium fonts

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import report
from playwright.async_api import Browser, Page
from report import say

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.people import CONNECTED, Person, agent_at_desk, invites, takes_first_case, waiting_customer
from tests.e2e.product import Product, running_product

STEPS = {  # What ends each step, in order.
    "offer": "offer_out",
    "server": "answer_in",
    "answer_set": "answer_set",
    "connected": "connected",
    "entered": "entry_in",
    "first_frame": "first_frame",
}
CAMERA = "--use-fake-device-for-media-stream=fps=30"  # As real cameras have; Chromium's own would have 20.
UNSEEN_MS = 1000  # Asking the page would take its time from what is measured.
READING_MS = 1000  # Nobody finds and presses the button sooner after the page stands.


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Real pages in a warm Chromium on this machine; the server runs beside it."""
    if chromium_path() is None:
        nothing = dict.fromkeys(
            ("first_frame_ms_p50", "first_frame_ms_p95", "of_two_ms_p50", "from_waiting_ms_p50", "steps_ms")
        )
        return {**nothing, "notes": ["Chromium is not installed here."]}
    with tempfile.TemporaryDirectory() as folder:
        async with running_product(Path(folder)) as product, running_chromium(CAMERA) as chromium:
            agent = await agent_at_desk(chromium, product)
            waits, customer = await _from_waiting(chromium, product, agent, options.rounds)
            joins = await _joins(chromium, product, agent, options.rounds, READING_MS)
            hasty = await _joins(chromium, product, agent, options.rounds, 0)
            await customer.context.close()
            pairs = await _joins(chromium, product, agent, options.rounds, READING_MS)
    frames, at_once, of_two = _frames(joins), _frames(hasty), _frames(pairs)
    return {
        "first_frame_ms_p50": _whole(statistics.median(frames)),
        "first_frame_ms_p95": _whole(report.percentile(frames, 0.95)),
        "of_two_ms_p50": _whole(statistics.median(of_two)),
        "of_two_ms_p95": _whole(report.percentile(of_two, 0.95)),
        "of_two_steps_ms": _steps(pairs),
        "from_waiting_ms_p50": _whole(statistics.median(waits)),
        "from_waiting_ms_p95": _whole(report.percentile(waits, 0.95)),
        "steps_ms": _steps(joins),
        "at_once_ms_p50": _whole(statistics.median(at_once)),
        "at_once_steps_ms": _steps(hasty),
        "first_frame_ms": report.spread(frames, 0),
        "from_waiting_ms": report.spread(waits, 0),
        "at_once_ms": report.spread(at_once, 0),
        "of_two_ms": report.spread(of_two, 0),
        "notes": [],
    }


async def _from_waiting(chromium: Browser, product: Product, agent: Person, rounds: int) -> tuple[list[float], Person]:
    """Milliseconds from the key T at the desk to the customer's first picture there, and the last customer; the first round only warms up."""
    found = []
    for number in range(rounds + 1):
        customer = await waiting_customer(chromium, product, f"Customer {number}")
        await agent.page.goto(product.url + "/desk")
        await agent.until(CONNECTED)
        await takes_first_case(agent)
        marks = await _until_first_frame(agent.page)
        if number:
            found.append(marks["first_frame"] - marks["click"])
            say(f"take {number}: {found[-1]:.0f} ms")
        if number < rounds:
            await customer.context.close()
    return found, customer


def _frames(joins: list[dict[str, float]]) -> list[float]:
    return [marks["first_frame"] - marks["click"] for marks in joins]


async def _joins(
    chromium: Browser, product: Product, agent: Person, rounds: int, reading_ms: int
) -> list[dict[str, float]]:
    """The marks of each join of a guest into the agent's last session; the first round only warms up.

    All pages share this machine, and each encodes its camera in software: with two cores, three pages are starved where two are not.
    """
    link = await invites(agent)
    context = await chromium.new_context(locale="en", viewport={"width": 1280, "height": 800})
    await context.add_init_script(path=Path(report.ROOT / "tests" / "e2e" / "probe.js"))
    found = []
    for number in range(rounds + 1):
        page = await context.new_page()
        await page.goto(link)
        await page.wait_for_selector("#enter-all:visible")
        await page.wait_for_timeout(reading_ms)
        await page.click("#enter-all")
        marks = await _until_first_frame(page)
        if number:
            found.append(marks)
            say(f"join {number} after {reading_ms} ms: {marks['first_frame'] - marks['click']:.0f} ms")
        await page.click("#leave")
        await page.click("#leave-yes")
        await page.close()
    return found


async def _until_first_frame(page: Page) -> dict[str, float]:
    await page.wait_for_timeout(UNSEEN_MS)
    for _ in range(500):
        marks: dict[str, float] = await page.evaluate("oaseProbe.marks")
        if "first_frame" in marks:
            return marks
        await page.wait_for_timeout(20)
    raise TimeoutError("no picture came in 10 s")


def _steps(joins: list[dict[str, float]]) -> dict[str, int]:
    """Median length of each step from the click on. A step that was done before the click counts as nothing."""
    lengths: dict[str, list[float]] = {}
    for marks in joins:
        at = marks["click"]
        for step, end in STEPS.items():
            if end in marks:
                lengths.setdefault(step, []).append(max(0.0, marks[end] - at))
                at = max(at, marks[end])
    return {step: round(statistics.median(values)) for step, values in lengths.items()}


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


if __name__ == "__main__":
    report.main(measure, ("--rounds", {"type": int, "default": 11}))
