"""What a page sends follows what the other one shows."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import WebSocketRoute

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.looking import faults, picture
from tests.e2e.people import Person, agent_at_desk, invites, takes_first_case, waiting_customer
from tests.e2e.product import running_product
from tests.idle import IDLE_MIN, Idle

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
    """Between a page and the server's socket: keeps the last `slots`, and can say them again, changed."""

    def __init__(self) -> None:
        self._page: WebSocketRoute | None = None
        self._slots: dict[str, Any] = {}

    def open(self, page: WebSocketRoute) -> None:
        self._page = page
        page.connect_to_server().on_message(self._heard)

    def _heard(self, message: str | bytes) -> None:
        assert self._page is not None
        if isinstance(message, str) and message.startswith('42["slots",'):
            self._slots = json.loads(message[2:])[1]
        self._page.send(message)

    def pause(self, participant: str, paused: bool) -> None:
        """As the server says it when the line of this page cannot carry that picture, and when it can again."""
        assert self._page is not None
        slots = [slot | {"paused": paused and slot["participant"] == participant} for slot in self._slots["slots"]]
        self._page.send("42" + json.dumps(["slots", self._slots | {"slots": slots}]))


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
