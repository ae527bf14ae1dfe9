"""What a page sends follows what the other one shows."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import WebSocketRoute

from tests.e2e.browsers import PROBE, chromium_path, running_chromium
from tests.e2e.looking import faults, picture
from tests.e2e.people import Person, agent_at_desk, invites, takes_first_case, waiting_customer, waits
from tests.e2e.product import running_product
from tests.idle import IDLE_MIN, Idle
from tests.media.rig import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]


async def until_layers(person: Person, sent: list[str], limit_s: float = 10.0) -> None:
    """Waits until the page sends exactly these layers of its camera."""
    async with asyncio.timeout(limit_s):
        while (now := (await person.page.evaluate("oaseProbe.layers()"))["sent"]) != sent:
            assert now or sent
            await asyncio.sleep(0.05)


async def until_height(person: Person, height: int, limit_s: float = 10.0) -> None:
    """Waits until the pictures that come have so many lines."""
    async with asyncio.timeout(limit_s):
        while set((await person.page.evaluate("oaseProbe.layers()"))["seen"]) != {height}:
            await asyncio.sleep(0.05)


async def test_page_sends_the_size_that_the_other_one_shows_and_no_other(tmp_path: Path) -> None:
    async with running_product(tmp_path) as product, running_chromium() as chromium:
        idle = Idle()
        agent = await agent_at_desk(chromium, product)
        customer = await waiting_customer(chromium, product)
        await until_layers(customer, ["m"])
        await takes_first_case(agent)
        await until_height(agent, 720)
        await until_height(customer, 720)
        await until_layers(customer, ["h"])
        await agent.page.set_viewport_size({"width": 420, "height": 700})
        await until_height(agent, 360)
        await until_layers(customer, ["m"])
        await agent.page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
        await agent.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await until_height(agent, 180)
        await until_layers(customer, ["l"])
        await agent.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        await agent.page.set_viewport_size({"width": 1280, "height": 800})
        await until_height(agent, 720)
        await customer.page.evaluate("oaseProbe.layers()")
        if idle.share() >= IDLE_MIN:
            assert (await agent.page.evaluate("oaseProbe.layers()"))["freezes"] == 0
        assert agent.errors == customer.errors == []


class Wire:
    """Between a page and the server's socket: keeps the last of each event, and can say others, as the server would over another line."""

    def __init__(self) -> None:
        self._page: WebSocketRoute | None = None
        self.heard: dict[str, dict[str, Any]] = {}

    def open(self, page: WebSocketRoute) -> None:
        self._page = page
        page.connect_to_server().on_message(self._heard)

    def _heard(self, message: str | bytes) -> None:
        assert self._page is not None
        if isinstance(message, str) and message.startswith('42["'):
            event, body = json.loads(message[2:])
            self.heard[event] = body
        self._page.send(message)

    def say(self, event: str, **change: Any) -> None:
        """The last `event` again, with this change."""
        assert self._page is not None
        self._page.send("42" + json.dumps([event, self.heard[event] | change]))

    def pause(self, participant: str, paused: bool) -> None:
        slots = [one | {"paused": paused and one["participant"] == participant} for one in self.heard["slots"]["slots"]]
        self.say("slots", slots=slots)


async def test_paused_picture_says_so_on_its_tile_until_it_is_back(tmp_path: Path) -> None:
    """The server's side is in tests/media/test_pauses.py."""
    async with running_product(tmp_path) as product, running_chromium() as chromium:
        customer, agent, wire = (
            await waiting_customer(chromium, product),
            await agent_at_desk(chromium, product),
            Wire(),
        )
        await takes_first_case(agent)
        context = await chromium.new_context(locale="de", viewport={"width": 390, "height": 844})
        await context.route_web_socket("**/*", wire.open)
        guest = Person(context, await context.new_page(), product)
        await guest.page.goto(await invites(agent))
        await guest.page.click("#enter-all")
        await guest.until("document.querySelectorAll('.tile:not(.tile-dark)').length === 2")
        small = guest.page.locator(".tile:not(.tile-main)")
        who = str(await small.get_attribute("data-person"))
        wire.pause(who, True)
        await guest.until("document.querySelector('.tile-paused:not(.tile-main)')")
        assert await small.locator(".tile-state").inner_text() == "Pausiert: Ihre Leitung ist schwach"
        assert not await small.locator("video").is_visible()
        assert await guest.page.locator(".tile-paused").count() == 1
        said = "document.querySelector('[aria-live=polite]')?.textContent"
        name = await small.locator(".tile-name").inner_text()
        await guest.until(f"{said} === 'Ihre Leitung ist schwach: Das Bild von {name} pausiert'")
        await picture(guest.page, "paused")
        assert await faults(guest.page) == []
        wire.pause(who, False)
        await guest.until("!document.querySelector('.tile-paused')")
        assert await small.locator("video").is_visible()
        assert await small.locator(".tile-state").inner_text() == ""
        assert [*customer.errors, *agent.errors, *guest.errors] == []


async def test_page_sends_no_more_of_a_picture_without_layers_than_it_is_told(tmp_path: Path) -> None:
    """The server's side is in tests/media/test_ceiling.py."""
    async with running_product(tmp_path) as product, running_chromium() as chromium:
        context, wire = await chromium.new_context(locale="en"), Wire()
        await context.add_init_script(path=PROBE)
        await context.route_web_socket("**/*", wire.open)
        customer = await waits(Person(context, await context.new_page(), product))
        await until(lambda: "layers" in wire.heard)
        mid, before = await customer.page.evaluate("oaseProbe.screen()")
        for limit_bps, most_bps in ((200_000, 200_000), (None, before)):
            wire.say("layers", sources=[{"mid": mid, "rids": [], "limit_bps": limit_bps}])
            await customer.until(f"oaseProbe.screen()[1] === {most_bps}")
        await until_layers(customer, ["m"])  # The camera goes on as it was.
        assert customer.errors == []
