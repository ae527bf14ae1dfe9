"""N11: four people, of whom one receives badly. What do the others lose?"""

import asyncio
import time

from playwright.async_api import Page
from verdict import Row, line_is_as_wanted

from tests.e2e.browsers import PROBE
from tests.e2e.people import invites
from tests.idle import IDLE_MIN, Idle
from tests.lines.camera import Camera
from tests.lines.condition import Condition
from tests.lines.stand import AGENT, CUSTOMER, Stand, Talk, talking
from tests.lines.watched import start_watching, watched

SMALL = Camera(320, 180, 12)
"""Four pages send one picture and decode three each, on two cores."""
SECONDS = 30.0
BAD = Condition(loss=0.15, delay_ms=50, rate_bps=500_000)
SHARE_MIN = 0.95


async def bad_receiver(stand: Stand, short: float) -> Row:
    """Customer, agent and two guests; only what goes to the customer is bad."""
    row = Row("N11", "one bad receiver in a room of four (320x180 at 12 pictures a second)")
    async with talking(stand) as talk:
        guests = [await _guest(stand, talk, number) for number in (1, 2)]
        good = {"agent": talk.agent.page, "guest_1": guests[0], "guest_2": guests[1]}
        for page in good.values():
            await _until_three(page)
        before = await _fps(row, good, 15.0, "control")
        await stand.lines.tell()
        await stand.lines.set(CUSTOMER, down=BAD)
        after = await _fps(row, good, SECONDS * max(short, 0.5), "beside_the_bad_line")
        achieved, off = line_is_as_wanted(await stand.lines.tell(), {f"{CUSTOMER}/down": BAD})
        row.why_not += off
        row.figures["line"] = achieved
    for who, fps in before.items():
        if fps < 3 * SMALL.fps * 0.9:
            row.why_not.append(f"the control run of {who} had {fps:.1f} of {3 * SMALL.fps} pictures a second")
        row.at_least(f"{who}_share_of_control", after[who] / fps if fps else None, SHARE_MIN)
    return row


async def _guest(stand: Stand, talk: Talk, number: int) -> Page:
    link = await invites(talk.agent, f"Guest {number}")
    context = await stand.browsers[AGENT].new_context(locale="en", viewport={"width": 1280, "height": 800})
    await context.add_init_script(path=PROBE)
    page = await context.new_page()
    await page.goto(link)
    await page.click("#enter-all")
    await start_watching(page)
    return page


async def _until_three(page: Page) -> None:
    async with asyncio.timeout(30):
        while len(await page.evaluate("oaseProbe.pictures()")) < 3:
            await asyncio.sleep(0.2)


async def _fps(row: Row, pages: dict[str, Page], seconds: float, name: str) -> dict[str, float]:
    """Pictures a second that each page decodes, of all others together."""
    idle, since = Idle(), time.time()
    await asyncio.sleep(seconds)
    share, to = idle.share(), time.time()
    found = {who: (await watched(page)).between(since, to).a_second("decoded") for who, page in pages.items()}
    row.figures[name] = {"idle": round(share, 2), "fps": {who: round(fps, 1) for who, fps in found.items()}}
    if share < IDLE_MIN:
        row.why_not.append(f"only {share:.0%} of the processor was idle ({name})")
    return found
