"""Every page as people see it: accessible, small, in both schemes and languages, at phone and laptop size.

`OASE_SCREENS=folder` keeps the pictures that are taken on the way.
"""

import asyncio
import re
import time
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Route

from tests.e2e.browsers import chromium_path
from tests.e2e.looking import Wire, look, window
from tests.e2e.people import Person, agent_at_desk, takes_first_case, waiting_customer
from tests.e2e.place import Place, at_desk
from tests.e2e.product import Product

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.usefixtures("empty_queue"),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]

LIMIT_BYTES = 200_000  # Over the wire, a customer's first page and waiting page, each with all it loads.
LIMIT_S = 2.0
REFUSE = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); };"
REFUSE += "navigator.permissions.query = async () => ({ state: 'denied' });"


@pytest.mark.parametrize("language", ["de", "en"])
async def test_pages_before_a_call_are_accessible(product: Product, chromium: Browser, language: str) -> None:
    context = await window(chromium)
    page = await context.new_page()
    wrong: list[str] = []
    await page.goto(f"{product.url}/?lang={language}")
    wrong += await look(page, f"start-{language}")
    await page.locator("#topics .topic").first.click()
    await page.click("#go")
    wrong += await look(page, f"start-errors-{language}")
    await page.goto(f"{product.url}/nothing-here")
    wrong += await look(page, f"error-{language}")
    await page.goto(f"{product.url}/c/")
    await page.wait_for_selector("#failure:not([hidden])")
    wrong += await look(page, f"no-link-{language}")
    await page.goto(f"{product.url}/g/#wrong")
    await page.wait_for_selector("#failure:not([hidden])")
    wrong += await look(page, f"bad-invitation-{language}")
    await page.goto(f"{product.url}/desk/sign-in")
    wrong += await look(page, f"sign-in-{language}")
    assert wrong == []


@pytest.mark.parametrize("language", ["de", "en"])
async def test_pages_of_a_call_are_accessible(place: Place, product: Product, chromium: Browser, language: str) -> None:
    """Waiting, desk, call on both sides with chat and dialogs, and afterwards."""
    customer = await waiting_customer(chromium, product)
    agent = await at_desk(place)
    for person in (customer, agent):
        await person.context.add_cookies([{"name": "oase-lang", "value": language, "url": product.url}])
        await person.page.reload()
    wrong = await _desk(agent, language)
    await customer.page.wait_for_selector("#waiting:not([hidden])")
    await customer.page.click("#link-open")
    await customer.page.wait_for_selector("#link .share[aria-busy=false]")
    wrong += await look(customer.page, f"link-{language}")
    await customer.page.keyboard.press("Escape")
    wrong += await look(customer.page, f"waiting-{language}")
    await takes_first_case(agent)
    await customer.page.wait_for_selector("#call:not([hidden])")
    await agent.until_seeing(1)
    wrong += await look(agent.page, f"session-{language}", small_targets=True)
    wrong += await look(customer.page, f"call-{language}")
    wrong += await _dialogs(customer, agent, language)
    await agent.page.click("#end")
    await agent.page.click("#end-form button[type=submit]")
    await agent.page.wait_for_url("**/desk")
    await customer.page.wait_for_selector("#after:not([hidden])")
    wrong += await look(customer.page, f"after-{language}")
    assert wrong == []
    assert customer.errors + agent.errors == []


async def _desk(agent: Person, language: str) -> list[str]:
    page = agent.page
    await page.wait_for_selector("[data-case]")
    wrong = await look(page, f"desk-{language}", small_targets=True)
    await page.set_viewport_size({"width": 1440, "height": 900})
    await page.keyboard.press("j")
    await page.wait_for_selector("#detail-case:not([hidden])")
    wrong += await look(page, f"desk-case-{language}", small_targets=True)
    await page.set_viewport_size({"width": 1440, "height": 900})
    return wrong


async def _dialogs(customer: Person, agent: Person, language: str) -> list[str]:
    await customer.page.click("#chat-open")
    await customer.say("Hello")
    wrong = await look(customer.page, f"call-chat-{language}")
    await customer.page.click("#chat-close")
    await agent.page.set_viewport_size({"width": 1440, "height": 900})
    await agent.page.click("#record")
    await agent.page.click("#ask-consent")
    await customer.page.wait_for_selector("#consent[open]")
    wrong += await look(customer.page, f"consent-{language}")
    await customer.page.click("#consent-yes")
    await agent.page.click("#consent-yes")
    wrong += await look(agent.page, f"record-{language}", small_targets=True)
    await agent.page.click("#recording-dialog [data-close]")
    await agent.page.click("#end")
    wrong += await look(agent.page, f"end-{language}", small_targets=True)
    await agent.page.keyboard.press("Escape")
    return wrong


async def test_first_pages_are_small_and_quick(
    product: Product, chromium: Browser, record_property: Callable[[str, object], None]
) -> None:
    """Below 200 kB over the wire, and usable within 2 s on a line with 1.6 Mbit/s and 150 ms (the better of two loads: the machine is shared)."""
    seconds = []
    for _ in range(2):
        context = await window(chromium)
        page = await context.new_page()
        wire = await Wire.of(page, slow=True)
        began = time.monotonic()
        await page.goto(product.url, wait_until="commit")
        await page.wait_for_selector(".live-page #search:not([hidden])")
        seconds.append(time.monotonic() - began)
        assert 0 < wire.bytes < LIMIT_BYTES
        await context.close()
    record_property("first_page", f"{wire.bytes} bytes, usable after {min(seconds):.2f} s")
    assert min(seconds) < LIMIT_S
    record_property("waiting_page", await _waiting_page(product, chromium))


async def _waiting_page(product: Product, chromium: Browser) -> str:
    customer = await waiting_customer(chromium, product, devices=False)
    state = await customer.context.storage_state()
    context = await window(chromium, storage_state=state)
    page = await context.new_page()
    wire = await Wire.of(page, slow=True)
    began = time.monotonic()
    await page.goto(customer.page.url, wait_until="commit")
    await page.wait_for_selector("#waiting:not([hidden])")
    seconds = time.monotonic() - began
    assert 0 < wire.bytes < LIMIT_BYTES
    return f"{wire.bytes} bytes, place on screen after {seconds:.2f} s"


async def test_secret_leaves_the_address_and_a_reload_keeps_the_place(product: Product, chromium: Browser) -> None:
    customer = await waiting_customer(chromium, product, devices=False)
    assert re.fullmatch(rf"{product.url}/c/[\w-]+", customer.page.url)
    await customer.page.reload()
    await customer.page.wait_for_selector("#waiting:not([hidden])")
    assert await customer.page.text_content("#place-figure") == "1"


async def test_case_page_tries_again_when_the_server_was_away_at_first(product: Product, chromium: Browser) -> None:
    """Also when the link's secret, which has left the address by then, was not swapped yet."""
    customer = await waiting_customer(chromium, product, devices=False)
    await customer.page.click("#link-open")
    field = "document.querySelector('#link .share-row input').value"
    secret = str(await customer.until(f"{field}.includes('#') && {field}")).partition("#")[2]
    page = await (await window(chromium)).new_page()
    for away in ("**/api/v1/links/exchange", "**/api/v1/cases/*"):
        await page.route(away, lambda route: route.abort())
    await page.goto(f"{product.url}/c/#{secret}")
    for away in ("**/api/v1/links/exchange", "**/api/v1/cases/*"):
        await page.wait_for_selector("#failure-again:visible")
        assert secret not in page.url
        await page.unroute(away)
        await page.click("#failure-again")
    await page.wait_for_selector("#waiting:not([hidden])")
    assert await page.text_content("#place-figure") == "1"


async def test_invitation_is_tried_again_when_the_server_was_away_at_first(product: Product, chromium: Browser) -> None:
    page = await (await window(chromium)).new_page()
    await page.route("**/api/v1/links/exchange", lambda route: route.abort())
    await page.goto(f"{product.url}/g/#unknown")
    await page.wait_for_selector("#failure-again:visible")
    assert "That did not work" in await page.inner_text("#failure")
    await page.unroute("**/api/v1/links/exchange")
    await page.click("#failure-again")
    await page.wait_for_selector("#failure-ask:visible")  # The secret was asked for, and is nobody's.
    assert not await page.is_visible("#failure-again")
    assert "This link does not work" in await page.inner_text("#failure")


async def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(product: Product, chromium: Browser) -> None:
    page = await (await window(chromium)).new_page()
    await page.goto(f"{product.url}/?lang=en")
    await page.locator("#topics .topic").first.click()
    await page.fill("#summary", "No light")
    await page.fill("#email", "not an address")
    await page.click("#go")
    assert await page.get_attribute("#name", "aria-invalid") == "true"
    assert await page.get_attribute("#email", "aria-invalid") == "true"
    assert await page.is_visible("#email-error")
    assert await page.evaluate("document.activeElement.id") == "name"
    await page.reload()
    assert await page.input_value("#summary") == "No light"
    assert await page.input_value("#email") == "not an address"


async def test_chosen_language_stays(product: Product, chromium: Browser) -> None:
    page = await (await window(chromium)).new_page()
    await page.goto(product.url)
    await page.click("a[hreflang=de]")
    await page.goto(f"{product.url}/desk/sign-in")
    assert await page.get_attribute("html", "lang") == "de"


async def test_topics_are_found_by_other_words(product: Product, chromium: Browser) -> None:
    page = await (await window(chromium)).new_page()
    await page.goto(f"{product.url}/?lang=de")
    words = (await page.locator("#topics .topic").last.get_attribute("data-words") or "").split()
    await page.fill("#words", words[0].upper())
    assert await page.locator("#topics .topic").last.is_visible()
    await page.fill("#words", "zzzz")
    assert await page.is_visible("#none")
    assert await page.locator("#topics .topic:visible").count() == await page.locator("#topics .topic").count()


async def test_case_is_opened_without_javascript(product: Product, chromium: Browser) -> None:
    page = await (await window(chromium, java_script_enabled=False)).new_page()
    await page.goto(f"{product.url}/?lang=en")
    await page.locator("#topics input").first.check(force=True)
    await page.fill("#summary", "No light")
    await page.fill("#name", "Ann")
    await page.click("#go")
    await page.wait_for_url(re.compile(rf"{product.url}/c/[\w-]+$"))
    assert "JavaScript" in (await page.text_content("noscript .notice") or "")
    assert await page.is_visible("noscript .notice")


async def test_refused_camera_gets_help_and_the_person_can_stay(product: Product, chromium: Browser) -> None:
    customer = await waiting_customer(chromium, product, devices=False)
    page = await customer.context.new_page()
    await page.add_init_script(REFUSE)
    await page.goto(customer.page.url)
    await page.click("#check-on")
    await page.wait_for_selector("#check-help:not([hidden])")
    assert "allow" in (await page.text_content("#check-help-text") or "")
    assert "watch" in (await page.text_content("#check-help-text") or "")
    assert await page.is_visible("#waiting")


async def test_second_tab_takes_over_and_the_first_says_so(place: Place, product: Product, chromium: Browser) -> None:
    customer = await waiting_customer(chromium, product)
    agent = await at_desk(place)
    await takes_first_case(agent)
    await customer.until_seeing(1)
    second = Person(customer.context, await customer.context.new_page(), product)
    await second.page.goto(customer.page.url)
    await second.until_seeing(1)
    await customer.page.wait_for_selector("#note-act:visible")
    await customer.page.click("#note-act")
    await customer.until_seeing(1)
    await second.page.wait_for_selector("#note-act:visible")
    assert await agent.page.locator("#tiles .tile").count() == 1
    assert customer.errors + second.errors + agent.errors == []


async def test_desk_is_used_with_the_keyboard(place: Place, product: Product, chromium: Browser) -> None:
    for name in ("Ann", "Ben"):
        await waiting_customer(chromium, product, name, devices=False)
    agent = await at_desk(place)
    page = agent.page
    await page.wait_for_selector("#cases li:nth-child(2) [data-case]")
    names = []
    for key in ("j", "j", "k"):
        await page.keyboard.press(key)
        await page.wait_for_selector("#detail-case:not([hidden])")
        await asyncio.sleep(0.3)
        names.append(await page.text_content("[data-case][aria-current] .case-name"))
    assert names == ["Ann", "Ben", "Ann"]
    await page.keyboard.press("/")
    await page.keyboard.type("Ben")
    await agent.until("document.querySelectorAll('#cases [data-case]').length === 1")
    assert await page.text_content("#cases .case-name") == "Ben"


async def test_key_that_takes_means_the_case_that_was_just_chosen(
    place: Place, product: Product, chromium: Browser
) -> None:
    for name in ("Ann", "Ben"):
        await waiting_customer(chromium, product, name, devices=False)
    agent = await at_desk(place)
    page, held = agent.page, asyncio.Event()
    await page.locator("#cases [data-case]", has_text="Ann").click()
    await agent.until("document.querySelector('#detail-name').textContent === 'Ann'")
    ben = await page.get_attribute("#cases [data-case]:not([aria-current])", "data-case")

    async def later(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route(f"**/api/v1/cases/{ben}", later)
    await page.keyboard.press("j")
    await page.keyboard.press("t")
    held.set()
    await page.wait_for_selector("#work:not([hidden])")
    assert await page.text_content("#work [data-name]") == "Ben"


async def test_agent_who_comes_second_is_told_who_was_first(place: Place, product: Product, chromium: Browser) -> None:
    await waiting_customer(chromium, product, devices=False)
    link = await asyncio.to_thread(product.add_agent, "bea@example.org", "Bea")
    agents = [await at_desk(place), await agent_at_desk(chromium, product, link)]
    for agent in agents:
        await agent.page.locator("#cases [data-case]").first.click()
        await agent.page.wait_for_selector("#detail-case:not([hidden])")
    stale = agents[1].page
    case = await stale.get_attribute("[data-case][aria-current]", "data-case")
    await stale.route(f"**/api/v1/cases/{case}", lambda route: route.abort())  # It has not heard of the change yet.
    await agents[0].page.keyboard.press("t")
    await agents[0].page.wait_for_selector("#work:not([hidden])")
    await stale.keyboard.press("t")
    await stale.wait_for_selector("#detail-failed:not([hidden])")
    assert "Admin" in (await stale.text_content("#detail-failed") or "")
    assert await stale.is_visible("#desk")
    await stale.unroute_all()
    await waiting_customer(chromium, product, "Second Customer", devices=False)
    await agents[1].until("document.querySelector('#cases .case-name')?.textContent === 'Second Customer'")
    await takes_first_case(agents[1])
    said: list[str] = []
    stale.on("request", lambda request: said.append(request.url) if request.url.endswith("/consent") else None)
    await stale.click("#record")
    await stale.click("#ask-consent")
    await stale.click("#consent-yes")
    await stale.wait_for_selector("#agreed .badge-good")
    assert len(said) == 1, "The failed try left a second question behind, which was answered too."
    assert [one.errors for one in agents] == [[], []]


async def test_take_whose_answer_was_lost_goes_on_in_the_session(
    place: Place, product: Product, chromium: Browser
) -> None:
    await waiting_customer(chromium, product, devices=False)
    agent = await at_desk(place)

    async def lose_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await agent.page.route("**/take", lose_answer)
    await takes_first_case(agent)
    await agent.page.wait_for_selector("#work:not([inert])")
    assert "/s/" in agent.page.url
    assert await agent.page.is_hidden("#desk")


async def test_pages_run_nothing_that_the_policy_forbids(place: Place, product: Product, chromium: Browser) -> None:
    """A policy report or a script error on any page is a fault of ours."""
    said: list[str] = []
    customer = await waiting_customer(chromium, product, "<img src=x onerror=alert(1)>", devices=False)
    customer.page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    agent = await at_desk(place)
    agent.page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    await takes_first_case(agent)
    await customer.page.reload()
    await customer.page.wait_for_selector("#call:not([hidden])")
    assert await agent.page.text_content("#work [data-name]") == "<img src=x onerror=alert(1)>"
    assert [text for text in said if "Content Security Policy" in text or "Trusted" in text] == []
    assert customer.errors + agent.errors == []
