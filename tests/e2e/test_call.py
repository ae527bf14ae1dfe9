"""One help call as people have it: two Chromium windows and a Firefox, real pages, real media worker."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browsers import CALM, Firefox, chromium_path, running_chromium, running_firefox
from tests.e2e.people import (
    Person,
    Senses,
    agent_at_desk,
    invites,
    takes_first_case,
    waiting_customer,
)
from tests.e2e.product import own_address, running_product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]
NEW_FRAMES = 20  # Of each incoming picture, within the limit of `until`.


async def until(look: Callable[[], Awaitable[Any]], limit_s: float = 12.0) -> Any:
    """Asks again until the answer is true; the answer."""
    async with asyncio.timeout(limit_s):
        while not (answer := await look()):
            await asyncio.sleep(0.2)
    return answer


async def senses_others(person: Person, others: int) -> None:
    """Waits until `person` sees so many pictures move and hears so many people, and sends too."""
    await person.until_seeing(others)
    before = await person.senses()

    async def all_come() -> bool:
        now = await person.senses()
        return now.moving(before, NEW_FRAMES) >= others and now.sounding(before) >= others and now.sent > before.sent

    await until(all_come)


async def firefox_senses_others(firefox: Firefox, others: int) -> None:
    """The same for Firefox."""
    await firefox.until(f"oaseProbe.pictures().filter((one) => !one.paused).length >= {others}")
    before = Senses.of(await firefox.evaluate("oaseProbe.stats()"))

    async def all_come() -> bool:
        now = Senses.of(await firefox.evaluate("oaseProbe.stats()"))
        return now.moving(before, NEW_FRAMES) >= others and now.sounding(before) >= others and now.sent > before.sent

    await until(all_come)


async def test_customer_and_agent_talk(tmp_path: Path) -> None:
    """Both see and hear each other, chat both ways, and the timeline has it all once."""
    async with running_product(tmp_path / "oase") as product, running_chromium(CALM) as chromium:
        customer = await waiting_customer(chromium, product)
        agent = await agent_at_desk(chromium, product)
        await takes_first_case(agent)
        await senses_others(agent, 1)
        await senses_others(customer, 1)
        await customer.page.click("#chat-open")
        await customer.say("Which cable?")
        await agent.page.click("#work-tabs [aria-controls=tab-chat]")
        await agent.page.wait_for_selector("#chat-lines >> text=Which cable?")
        await agent.say("The yellow one")
        await customer.page.wait_for_selector("#chat-lines >> text=The yellow one")
        assert await agent.page.locator("#chat-lines >> text=The yellow one").count() == 1
        assert customer.errors == []
        assert agent.errors == []


@pytest.mark.skipif(shutil.which("firefox-esr") is None, reason="Firefox is not installed here")
@pytest.mark.skipif(
    own_address() is None, reason="Firefox sends no media to 127.0.0.1, and this machine has no other address"
)
async def test_three_people_in_two_browsers_see_and_hear_each_other(tmp_path: Path) -> None:
    async with (
        running_product(tmp_path / "oase") as product,
        running_chromium(CALM) as chromium,
        running_firefox(tmp_path / "firefox") as firefox,
    ):
        customer = await waiting_customer(chromium, product)
        agent = await agent_at_desk(chromium, product)
        await takes_first_case(agent)
        await customer.until_seeing(1)
        await firefox.goto(await invites(agent))
        await firefox.click("#enter-all")
        await firefox_senses_others(firefox, 2)
        await senses_others(customer, 2)
        await senses_others(agent, 2)
        assert customer.errors == []
        assert agent.errors == []
