"""What a page sends follows what the other one shows."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.people import Person, agent_at_desk, takes_first_case, waiting_customer
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
