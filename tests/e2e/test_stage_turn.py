"""From the audience on stage and back in one page: what the called one, the agent and the audience see, and that a no sends nothing at all."""

import asyncio

import pytest
from playwright.async_api import Browser

from server.broadcast.compose.client import ComposerClient
from server.config import Settings
from server.domain.words import SessionId
from server.service.airing import control_of
from tests.e2e.browsers import PROBE, chromium_path
from tests.e2e.looking import look, picture, window
from tests.e2e.people import Person
from tests.e2e.place import Place, at_desk
from tests.e2e.product import Product
from tests.e2e.test_studio import MOVING, ONE, STATE, goes_live, names_somebody, plans, presses

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("empty_queue"),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]

BOTTOM = "document.querySelector('.on-stage .bar').getBoundingClientRect().bottom"
SHOWN = "document.querySelector('{}')?.checkVisibility() === true"
COUNTS = """window.oaseConnections = 0;
window.RTCPeerConnection = class extends window.RTCPeerConnection { constructor(...more) { super(...more); window.oaseConnections += 1; } };"""


async def on_air(place: Place) -> tuple[Person, str]:
    """An agent alone on stage of a broadcast that is live, with their studio open, and its session."""
    agent = await at_desk(place)
    session = await plans(agent)
    await names_somebody(place, agent)
    await presses(agent, "rehearse")
    await agent.page.click("#public-yes")
    await agent.page.wait_for_selector("#seen .badge-good")
    await goes_live(agent)
    await agent.page.check("#scene [value=grid]")
    return agent, session


async def member(chromium: Browser, product: Product, session: str, name: str, language: str = "en") -> Person:
    """Somebody of the audience who has said their name."""
    context = await window(chromium, "laptop", permissions=["camera", "microphone"])
    await context.add_init_script(path=PROBE)
    await context.add_init_script(COUNTS)
    person = Person(context, await context.new_page(), product)
    await person.page.goto(f"{product.url}/watch/{session}?lang={language}")
    await person.page.wait_for_selector("#audience:not([hidden])")
    await person.page.click("#audience-chat-tab")
    await person.page.fill("#audience-text", f"I am {name}")
    await person.page.press("#audience-text", "Enter")
    await person.page.fill("#audience-name", name)
    await person.page.click("dialog[open] button[type=submit]")
    await person.page.locator(".audience-line", has_text=f"I am {name}").wait_for()
    return person


async def calls(agent: Person, name: str, word: str = "Call on stage") -> None:
    """By the list of members, in the studio."""
    await agent.page.click("#audience-moderation-tab")
    item = agent.page.locator(".moderated-item", has_text=name).last
    await item.get_by_role("button", name=word).click()


async def stays(person: Person) -> bool:
    """Whether it is still the page that was loaded, and watches what is live."""
    await person.until(SHOWN.format("#player"))
    await person.until(MOVING, 30)
    same: bool = await person.page.evaluate("window.marker === 'here'")
    return same


async def agreed_in(product: Product, session: str) -> int:
    """How many people the composer may show."""
    control = control_of(Settings(data=product.folder / "data"), SessionId(session))
    async with ComposerClient(control) as composer:
        return (await composer.health()).people


async def test_called_viewer_is_on_stage_and_back_in_the_same_page(
    place: Place, product: Product, chromium: Browser
) -> None:
    agent, session = await on_air(place)
    bo, al = [await member(chromium, product, session, name) for name in ("Bo", "Al")]
    await bo.page.evaluate("window.marker = 'here'")
    for one in (bo, al):
        await one.until(MOVING, 30)
    await al.until(ONE, 30)
    await bo.page.fill("#audience-text", "half a sentence")
    await bo.page.get_by_role("button", name="Raise hand").click()
    await agent.page.click("#audience-moderation-tab")
    await agent.page.locator(".moderated-item", has_text="Bo").first.get_by_role("button", name="Call on stage").click()
    await bo.page.wait_for_selector("#backstage:not([hidden])")  # By itself: they raised their hand for it.
    assert not await bo.page.is_visible("#player")
    assert await bo.page.evaluate("document.getElementById('video').paused")
    await bo.page.wait_for_selector("#check-live:visible")
    await bo.page.click("#backstage-on")
    await bo.page.wait_for_selector("#public[open]")
    assert "Everybody on the internet" in await bo.page.inner_text("#public-wording")
    assert "go on watching" in await bo.page.inner_text("#public-wording")
    assert await bo.page.evaluate("window.oaseConnections") == 0
    await bo.page.click("#public-yes")
    await bo.page.wait_for_selector("#on-stage:not([hidden])")
    await asyncio.gather(bo.until_seeing(1, 30), agent.until_seeing(1, 30))
    await al.until(f"!({ONE})", 30)  # The audience sees two.
    await bo.until("document.getElementById('air-word').textContent === 'Live: the audience sees you'")
    assert await bo.page.input_value("#audience-text") == "half a sentence"

    await bo.page.reload()  # Back where they were, without a question.
    await bo.page.wait_for_selector("#on-stage:not([hidden])")
    await asyncio.gather(bo.until_seeing(1, 30), agent.until_seeing(1, 30))
    await bo.page.evaluate("window.marker = 'here'")
    await bo.page.click("#leave")
    await bo.page.click("#leave-yes")
    assert await stays(bo)
    await al.until(ONE, 30)

    await calls(agent, "Bo")
    await bo.page.get_by_role("button", name="Come on stage").click()
    await bo.page.click("#backstage-on")
    await bo.page.click("#public-yes")
    await bo.page.wait_for_selector("#on-stage:not([hidden])")
    await agent.until_seeing(1, 30)
    await calls(agent, "Bo", "Take off the stage")
    assert await stays(bo)
    assert await bo.page.locator("#turned > *").count() == 0
    assert agent.errors == bo.errors == al.errors == []


@pytest.mark.strict
async def test_who_refuses_sends_nothing_and_goes_on_watching(
    place: Place, product: Product, chromium: Browser
) -> None:
    agent, session = await on_air(place)
    bo = await member(chromium, product, session, "Bo")
    await bo.page.evaluate("window.marker = 'here'")
    await bo.until(MOVING, 30)
    await calls(agent, "Bo")
    await bo.page.get_by_role("button", name="Come on stage").click()
    await bo.page.wait_for_selector("#check-live:visible")
    await bo.page.click("#backstage-on")
    await bo.page.click("#public-no")
    assert await stays(bo)
    assert await bo.page.evaluate("window.oaseConnections") == 0
    view = await (await agent.page.request.get(f"{product.url}/api/v1/broadcasts/{session}")).json()
    assert [one["name"] for one in view["people"] if one["shown"]] == [one["name"] for one in view["people"]]
    assert len(view["people"]) == await agreed_in(product, session) == 1
    assert await bo.page.locator("#invitations > *").count() == 0
    assert await agent.page.evaluate(f"{STATE} === 'live'")
    assert agent.errors == bo.errors == []


@pytest.mark.parametrize("language", ["de", "en"])
async def test_turned_page_is_accessible(place: Place, product: Product, chromium: Browser, language: str) -> None:
    agent, session = await on_air(place)
    bo = await member(chromium, product, session, "Bo", language)
    wrong = await look(bo.page, f"turn-watching-{language}", small_targets=True)
    await calls(agent, "Bo")
    await bo.page.locator("#invitations .button-main").click()
    await bo.page.wait_for_selector("#check-live:visible")
    wrong += await look(bo.page, f"turn-check-{language}", small_targets=True)
    await bo.page.click("#backstage-on")
    await bo.page.wait_for_selector("#public[open]")
    wrong += await look(bo.page, f"turn-question-{language}", small_targets=True)
    await bo.page.click("#public-yes")
    await bo.until_seeing(1, 30)
    wrong += await look(bo.page, f"turn-on-stage-{language}", small_targets=True)
    await bo.page.set_viewport_size({"width": 844, "height": 390})  # A phone on its side: all of it is on the screen.
    await bo.until(f"{BOTTOM} <= innerHeight && {BOTTOM} > 300 && document.documentElement.scrollWidth <= innerWidth")
    await picture(bo.page, f"turn-sideways-{language}")
    assert wrong == []
    assert bo.errors == []
