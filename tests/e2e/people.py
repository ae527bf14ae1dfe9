"""People at the pages of the product: what they click, and what they see and hear. Customers and agents in Chromium, a third person in Firefox."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from tests.e2e.browsers import PROBE
from tests.e2e.product import Product

WAIT_MS = 15_000
CONNECTED = "oaseProbe.peers.some((one) => one.connectionState === 'connected')"


@dataclass(frozen=True, slots=True)
class Senses:
    """What one page sees and hears of the others, as sums since its connections began."""

    frames: dict[str, float]
    sound: dict[str, float]
    sent: float
    connected: int

    @staticmethod
    def of(stats: dict[str, Any]) -> "Senses":
        return Senses(stats["video"], stats["audio"], stats["sent"], stats["connected"])

    def moving(self, before: "Senses", least: float) -> int:
        """How many incoming pictures got at least `least` new frames since `before`."""
        return sum(count - before.frames.get(name, 0) >= least for name, count in self.frames.items())

    def sounding(self, before: "Senses") -> int:
        """In how many incoming streams sound energy grew since `before`."""
        return sum(energy - before.sound.get(name, 0) > 1e-9 for name, energy in self.sound.items())


class Person:
    """Somebody with a Chromium window of their own."""

    def __init__(self, context: BrowserContext, page: Page, product: Product) -> None:
        self.context = context
        self.page = page
        self.product = product
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def senses(self) -> Senses:
        return Senses.of(await self.page.evaluate("oaseProbe.stats()"))

    async def pictures(self) -> list[dict[str, Any]]:
        """Other people's videos on the page that have a size."""
        found: list[dict[str, Any]] = await self.page.evaluate("oaseProbe.pictures()")
        return found

    async def until(self, expression: str, limit_s: float = 15.0) -> Any:
        """Waits until the expression is true in the page; its value. (Playwright's own waiting needs `eval`, which our pages forbid.)"""
        async with asyncio.timeout(limit_s):
            while not (value := await self.page.evaluate(expression)):
                await asyncio.sleep(0.05)  # Each look is work for the page, too.
        return value

    async def until_seeing(self, people: int, limit_s: float = 15.0) -> float:
        """Waits until the pictures of so many others move on the page; how long that took, in seconds."""
        began = time.monotonic()
        before: dict[int, float] = {}
        while time.monotonic() - began < limit_s:
            now = {place: picture["time"] for place, picture in enumerate(await self.pictures())}
            if sum(now[place] > before.get(place, now[place]) for place in now) >= people:
                return time.monotonic() - began
            before = now
            await asyncio.sleep(0.1)
        raise TimeoutError(f"sees {await self.pictures()} after {limit_s} s; {self.errors}")

    async def say(self, text: str) -> None:
        """Writes a chat line and waits until it stands in the chat."""
        await self.page.fill("#chat-text", text)
        await self.page.click("#chat-form button[type=submit]")
        await self.page.wait_for_selector(f"#chat-lines >> text={text}", timeout=WAIT_MS)


async def _window(browser: Browser, product: Product) -> tuple[BrowserContext, Page]:
    context = await browser.new_context(locale="en", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    await context.add_init_script(path=PROBE)
    return context, await context.new_page()


async def waiting_customer(browser: Browser, product: Product, name: str = "Bo Becker", devices: bool = True) -> Person:
    """A customer who opened a case and waits with camera and microphone on."""
    context, page = await _window(browser, product)
    return await waits(Person(context, page, product), name, devices)


async def waits(person: Person, name: str = "Bo Becker", devices: bool = True) -> Person:
    """The same in a window that is there already."""
    page = person.page
    await page.goto(person.product.url + "/?lang=en")
    await page.locator("#topics .topic").first.click()
    await page.fill("#summary", "The router blinks red since yesterday")
    await page.fill("#name", name)
    await page.click("#go")
    await page.wait_for_selector("#waiting:not([hidden])")
    if devices:
        await page.wait_for_selector("#check-on:visible, #check-live:visible")
        if await page.is_visible("#check-on"):
            await page.click("#check-on")
        await page.wait_for_selector("#check-live:visible")
    await person.until(CONNECTED)
    return person


async def agent_at_desk(browser: Browser, product: Product, link: str = "") -> Person:
    """An agent who signed in with a one-time link and looks at the desk."""
    context, page = await _window(browser, product)
    person = Person(context, page, product)
    await page.goto(link or product.link)
    await page.click("#later")
    await page.wait_for_selector("#desk:not([hidden])")
    return person


async def takes_first_case(agent: Person) -> None:
    """Takes the case that waits longest, from the desk; returns when the session's page stands."""
    row = agent.page.locator("#cases [data-case]").first
    await row.wait_for()
    await row.click()
    await agent.page.wait_for_selector("#detail-case:not([hidden])")
    await agent.until(CONNECTED)
    await agent.page.keyboard.press("t")
    await agent.page.wait_for_selector("#work:not([hidden])")


async def invites(agent: Person, name: str = "Third Person") -> str:
    """The link of an invitation made in the session."""
    page = agent.page
    await page.click("#invite")
    await page.fill("#invite-name", name)
    await page.click("#invite-form button[type=submit]")
    field = "document.querySelector('#invitation .share-row input')"
    link = await agent.until(f"{field}?.value.includes('/g/') && {field}.value")
    await page.click("#invitation [data-close]")
    return str(link)
