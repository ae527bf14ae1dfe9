"""What agents and admins manage at the desk: links to a case, and accounts. Looked at as in `test_pages.py`."""

import re

import pytest
from playwright.async_api import Browser

from tests.e2e.browsers import chromium_path
from tests.e2e.looking import look
from tests.e2e.people import agent_at_desk, takes_first_case, waiting_customer
from tests.e2e.place import Place, at_desk
from tests.e2e.product import ROOT, Product

CLIENT = ROOT / "tests" / "whip" / "client.js"

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.usefixtures("empty_queue"),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]


async def test_agents_see_who_has_a_link_and_revoke_one(place: Place, product: Product, chromium: Browser) -> None:
    """At the desk, and in the call with the keyboard; the customer whose only link it was is told."""
    customer = await waiting_customer(chromium, product)
    agent = await at_desk(place)
    await agent.page.locator("#cases [data-case]").first.click()
    await agent.page.click("#detail-links-part summary")
    row = agent.page.locator("#detail-links .link-row")
    assert re.fullmatch(
        r"Bo Becker.*Customer.*valid.*made \d+:\d\d by Bo Becker.*last used .*", await row.inner_text(), re.DOTALL
    )
    wrong = await look(agent.page, "desk-links", small_targets=True)
    await agent.page.set_viewport_size({"width": 1440, "height": 900})
    await takes_first_case(agent)
    await agent.until_seeing(1)
    await agent.page.click("[aria-controls=tab-links]")
    await agent.page.locator("#work-links button").focus()
    wrong += await look(agent.page, "session-links", small_targets=True)
    await agent.page.keyboard.press("Enter")
    await agent.page.wait_for_selector("#revoking[open]")
    wrong += await look(agent.page, "revoke-link", small_targets=True)
    await agent.page.locator("#revoke-yes").focus()
    await agent.page.keyboard.press("Enter")
    await agent.page.wait_for_selector("#revoking:not([open])", state="attached")
    assert "revoked" in await agent.page.inner_text("#work-links")
    assert await agent.page.locator("#work-links button").count() == 0
    assert await agent.page.evaluate("document.activeElement.id") == "work-links"
    await customer.page.wait_for_selector("#failure:not([hidden])")
    assert wrong == []


@pytest.mark.parametrize("language", ["de", "en"])
async def test_agent_connects_obs_and_revokes_its_key(
    place: Place, product: Product, chromium: Browser, language: str
) -> None:
    """A page with the key publishes as OBS would; it is on stage under its name until the key is revoked."""
    await waiting_customer(chromium, product)
    agent = await at_desk(place)
    await agent.context.add_cookies([{"name": "oase-lang", "value": language, "url": product.url}])
    await agent.page.reload()
    await takes_first_case(agent)
    await agent.until_seeing(1)
    await agent.page.click("[aria-controls=tab-links]")
    await agent.page.click("#source-open")
    wrong = await look(agent.page, f"source-new-{language}", small_targets=True)
    await agent.page.fill("#source-name", "Workbench")
    await agent.page.keyboard.press("Enter")
    await agent.page.wait_for_selector("#source-made:not([hidden])")
    address, key = [await agent.page.input_value(f"#source-{name}") for name in ("address", "key")]
    wrong += await look(agent.page, f"source-made-{language}", small_targets=True)
    await agent.page.click("#source-made [data-close]")
    await agent.until("document.getElementById('source-key').value === ''")
    context = await chromium.new_context()
    machine = await context.new_page()
    await machine.goto(product.url + "/robots.txt")  # Any page would do.
    await machine.evaluate(CLIENT.read_text())
    assert await machine.evaluate("([address, key]) => machine.publish(address, key)", [address, key]) == 201
    await agent.page.set_viewport_size({"width": 1440, "height": 900})
    await agent.page.wait_for_selector("#tiles figure >> text=Workbench")
    await agent.until_seeing(2)
    wrong += await look(agent.page, f"source-on-stage-{language}", small_targets=True)
    await agent.page.locator("#work-sources button").click()
    wrong += await look(agent.page, f"source-revoke-{language}", small_targets=True)
    await agent.page.click("#revoke-yes")
    await agent.page.wait_for_selector("#tiles figure >> text=Workbench", state="detached")
    await agent.until("document.querySelectorAll('#work-sources button').length === 0")
    assert await machine.evaluate("([address, key]) => machine.publish(address, key)", [address, key]) == 401
    assert key not in product.log
    assert wrong == []


@pytest.mark.parametrize("language", ["de", "en"])
async def test_admin_adds_an_agent_and_switches_one_off(
    place: Place, product: Product, chromium: Browser, language: str
) -> None:
    """The new agent comes in by the link, once, and is out when the account is switched off; the page is for admins alone."""
    admin, email = await at_desk(place), f"bea-{language}@example.org"
    page = admin.page
    await admin.context.add_cookies([{"name": "oase-lang", "value": language, "url": product.url}])
    await page.click("a[href='/desk/agents']")
    await page.click("#add")
    await page.click("#add-go")
    assert await page.get_attribute("#add-name", "aria-invalid") == "true"
    wrong = await look(page, f"agents-add-{language}", small_targets=True)
    await page.fill("#add-name", f"Bea {language}")
    await page.fill("#add-email", email)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#agent-link[open]")
    link = await page.input_value("#agent-link-field")
    wrong += await look(page, f"agents-link-{language}", small_targets=True)
    await page.keyboard.press("Escape")
    wrong += await look(page, f"agents-{language}", small_targets=True)
    agent = await agent_at_desk(chromium, product, f"{product.url}/desk/sign-in#{link.partition('#')[2]}")
    assert await agent.page.locator("a[href='/desk/agents']").count() == 0
    refused = await agent.page.request.get(f"{product.url}/desk/agents")
    assert refused.status == 403
    row = page.locator(".agent-row", has_text=email)
    await row.locator("button").click()
    await page.wait_for_selector("#switching[open]")
    wrong += await look(page, f"agents-off-{language}", small_targets=True)
    await page.click("#switch-yes")
    await agent.page.wait_for_url("**/desk/sign-in*")
    await admin.until("document.activeElement.closest('.agent-row')?.innerText.includes('@')")
    await row.locator("button").click()
    await page.locator(".agent-row", has_text=email).locator(".badge-warn").wait_for()
    assert wrong == []
    assert admin.errors == []
