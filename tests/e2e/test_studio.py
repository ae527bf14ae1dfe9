"""Agents run broadcasts: from the plan over the studio to the recording, and a help call that is opened, as agent, customer and audience see it."""

import asyncio

import pytest
from playwright.async_api import Browser, Page

from tests.e2e.browsers import chromium_path
from tests.e2e.looking import SIZES, look, picture, window
from tests.e2e.people import Person, takes_first_case, waiting_customer
from tests.e2e.place import Place, at_desk
from tests.e2e.product import Product

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.usefixtures("empty_queue"),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]

STATE = "document.getElementById('air').dataset.state"
STANDING = "document.getElementById('player').dataset.standing"
AT = "document.getElementById('video').currentTime"
PREVIEWED = "document.getElementById('preview-video').currentTime"
MOVING = f"({STANDING} === 'live' && {AT} > 0.5)"
SPREAD = """(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
  const pen = canvas.getContext('2d');
  pen.drawImage(document.getElementById('video'), 0, 0, 64, 36);
  return [...pen.getImageData(0, 0, 64, 36).data];
})()"""
"""The picture that is seen, small, as numbers."""
ONE = f"(({SPREAD}).slice(4 * (64 * 4 + 48), 4 * (64 * 4 + 48) + 3).map((part) => part > 90).join() === 'false,true,false')"
"""Chromium's fake camera is green. Of one person the picture is green near its upper edge; two stand beside each other, with a dark edge above."""


async def names_somebody(place: Place, agent: Person) -> None:
    """The channel says who is responsible, so that it may go public."""
    api, headers = f"{place.product.url}/api/v1/channels", {"Origin": place.product.url}
    (channel,) = (await (await agent.page.request.get(api)).json())["channels"]
    said = {
        "responsible_name": "Rita Ruhig",
        "responsible_address": "Am Markt 1",
        "imprint_url": "https://example.org/",
    }
    answer = await agent.page.request.patch(f"{api}/{channel['channel']['id']}", data=said, headers=headers)
    assert answer.ok


async def watching(chromium: Browser, product: Product, session: str) -> Person:
    context = await window(chromium, "laptop")
    viewer = Person(context, await context.new_page(), product)
    await viewer.page.goto(f"{product.url}/watch/{session}?lang=en")
    return viewer


async def asks(viewer: Person) -> None:
    """The audience's page asks how it stands, as it does by itself now and then."""
    await viewer.page.evaluate("dispatchEvent(new Event('online'))")


async def plans(agent: Person) -> str:
    """An explainer, planned at the desk; its studio is open. The session's id."""
    page = agent.page
    await page.click("a[href='/desk/broadcasts']")
    await page.click("#plan")
    await page.click("#plan-go")
    assert await page.get_attribute("#plan-title", "aria-invalid") == "true"
    await page.fill("#plan-title", "How to restart the router")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#linking[open]")
    session = (await page.input_value("#link-watch")).rpartition("/")[2]
    await page.keyboard.press("Escape")
    await page.click(f"[data-broadcast='{session}'] a.button")
    await page.wait_for_selector(
        "#air", state="attached"
    )  # The list has none, and stands until the next page is there.
    await agent.until(f"{STATE} === 'planned'")
    return session


async def presses(agent: Person, act: str) -> None:
    await agent.page.click(f"#air-acts [data-act={act}]")


async def goes_live(agent: Person) -> None:
    await presses(agent, "go")
    await agent.page.check("#live-form [value='0']")
    await agent.page.click("#live-go")
    await agent.until(f"{STATE} === 'live'")


async def difference(page: Page, before: list[int]) -> float:
    now: list[int] = await page.evaluate(SPREAD)
    return sum(abs(one - other) for one, other in zip(before, now, strict=True)) / len(now)


async def until_other(viewer: Person, before: list[int], least: float = 25.0, limit_s: float = 30.0) -> None:
    """Waits until what the audience sees is another picture than `before`."""
    async with asyncio.timeout(limit_s):
        while await difference(viewer.page, before) < least:
            await asyncio.sleep(0.2)


async def test_explainer_from_the_plan_to_the_recording(place: Place, product: Product, chromium: Browser) -> None:
    """Planned, rehearsed for the team alone, live with a moving picture, a banner, a pause with a card, and the recording on the audience's page."""
    agent = await at_desk(place)
    page = agent.page
    session = await plans(agent)
    assert await page.locator("#hurdles [data-code=imprint_missing] a").count() == 1
    await names_somebody(place, agent)
    viewer = await watching(chromium, product, session)
    await viewer.until(f"{STANDING} === 'soon'")
    await presses(agent, "rehearse")
    await page.wait_for_selector("#public[open]")
    await page.click("#public-yes")
    await page.wait_for_selector("#seen .badge-good")
    await agent.until(f"{PREVIEWED} > 0.5", 30)
    assert await viewer.page.evaluate(STANDING) == "soon"
    await goes_live(agent)
    await asks(viewer)
    await viewer.until(MOVING, 30)
    await page.wait_for_selector("#air-sign.sign-live:not([hidden])")
    await agent.until("/^[1-9]/.test(document.getElementById('air-viewers').textContent)", 30)
    before = await viewer.page.evaluate(SPREAD)
    await page.click("#scene-cards summary")
    await page.fill("#card-text", "We begin soon")
    await page.keyboard.press("Enter")
    await until_other(viewer, before)  # A title card is over everything.
    card = await viewer.page.evaluate(SPREAD)
    await page.click("#card-show")
    await until_other(viewer, card)
    await presses(agent, "pause")
    await agent.until(f"{STATE} === 'paused'")
    await viewer.until(f"{STANDING} === 'paused'", 5)  # By the socket: the page asks every twenty seconds only.
    await until_other(viewer, before)
    await presses(agent, "resume")
    await agent.until(f"{STATE} === 'live'")
    await presses(agent, "end")
    await page.click("#ending-air-yes")
    await page.wait_for_selector("#just-over:not([hidden])")
    await asks(viewer)
    await viewer.until(f"{STANDING} === 'over' || {STANDING} === 'recording'", 30)
    await viewer.page.reload()
    await viewer.page.click("#big-play")
    await viewer.until(f"{STANDING} === 'recording' && {AT} > 0.5")
    assert agent.errors == viewer.errors == []


@pytest.mark.strict
async def test_who_refuses_is_not_seen_when_a_call_is_opened(place: Place, product: Product, chromium: Browser) -> None:
    """The customer says no: both go on talking, and the audience sees the agent alone. Later the customer says yes, and takes it back."""
    customer = await waiting_customer(chromium, product)
    agent = await at_desk(place)
    await names_somebody(place, agent)
    await takes_first_case(agent)
    await agent.until_seeing(1)
    page = agent.page
    await page.click("#studio-open")
    await page.fill("#opening-name", "Help with a router")
    await page.keyboard.press("Enter")
    await agent.until(f"{STATE} === 'planned'")
    await presses(agent, "go")
    assert "Nobody on stage has agreed" in await page.inner_text("#live-who")
    await page.check("#live-form [value='0']")
    await page.click("#live-go")
    await customer.page.wait_for_selector("#public[open]")
    assert "Everybody on the internet" in await customer.page.inner_text("#public-wording")
    await customer.page.click("#public-no")
    await page.click("#public-yes")
    await page.wait_for_selector("#seen .badge-good")
    await page.click("#live-go")
    await agent.until(f"{STATE} === 'live'")
    await page.wait_for_selector("#seen li:has-text('Bo Becker') >> text=said no")
    await customer.until("document.getElementById('air-word').textContent === 'Live, without you'")
    await page.check("#scene [value=grid]")
    viewer = await watching(chromium, product, page.url.rpartition("/")[2])
    await viewer.until(MOVING, 30)
    await viewer.until(ONE, 30)
    await picture(customer.page, "stage-without-you")
    assert await customer.until_seeing(1) < 10  # The conversation itself is as before.
    await customer.page.click("#air-sign")
    await customer.page.click("#public-yes")
    await customer.until("document.getElementById('air-word').textContent === 'Live: the audience sees you'")
    await viewer.until(f"!({ONE})", 30)
    for size in ("phone", "laptop"):
        await customer.page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        await picture(customer.page, f"stage-live-{size}")
    await picture(page, "studio-live")
    await customer.page.click("#air-sign")
    await customer.page.click("#unseen-yes")
    await viewer.until(ONE, 30)
    assert agent.errors == customer.errors == viewer.errors == []


@pytest.mark.parametrize(
    ("language", "views"), [("de", "list plan links planned asked rehearsal go"), ("en", "plan go")]
)
async def test_pages_of_the_studio_are_accessible(place: Place, product: Product, language: str, views: str) -> None:
    agent, wrong = await at_desk(place), list[str]()
    page = agent.page

    async def looked(name: str) -> None:
        if name in views.split():
            wrong.extend(await look(page, f"studio-{name}-{language}", small_targets=True))

    await agent.context.add_cookies([{"name": "oase-lang", "value": language, "url": product.url}])
    await page.goto(f"{product.url}/desk")
    row = f"[data-broadcast='{await plans(agent)}']"
    await looked("planned")
    await page.goto(f"{product.url}/desk/broadcasts")
    await page.wait_for_selector(row)
    await looked("list")
    await page.click("#plan")
    await looked("plan")
    await page.keyboard.press("Escape")
    await page.click(f"{row} button")
    await looked("links")
    await page.keyboard.press("Escape")
    await page.click(f"{row} a.button")
    await agent.until(f"{STATE} === 'planned'")
    await presses(agent, "rehearse")
    await page.wait_for_selector("#public[open]")
    await looked("asked")
    await page.click("#public-yes")
    await page.wait_for_selector("#seen .badge-good")
    await looked("rehearsal")
    await presses(agent, "go")
    await looked("go")
    await page.keyboard.press("Escape")
    await presses(agent, "end")
    await page.click("#ending-air-yes")
    await page.wait_for_selector("#just-over:not([hidden])")
    assert wrong == []
