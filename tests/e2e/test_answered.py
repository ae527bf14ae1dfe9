"""An agent marks on a case what was said before an audience: from the case, and from the question; the customer reads it, too."""

import pytest
from playwright.async_api import Browser, Page

from server.domain.words import SessionId
from tests.broadcasts import answered, kept_broadcast, set_broadcast
from tests.e2e.browsers import chromium_path
from tests.e2e.looking import SIZES, look
from tests.e2e.signed_in import agents_of, agents_page, chromium, site
from tests.e2e.test_audience import page_of
from tests.shows import plan_broadcast
from tests.site import Browser as Visitor
from tests.site import Site

__all__ = ["chromium", "site"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(90),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]


async def desk_page(chromium: Browser, site: Site, case: str, language: str) -> Page:
    """The case at the desk of somebody who has just signed in."""
    page = await agents_page(chromium, site, f"/desk?case={case}&lang={language}")
    await page.wait_for_selector("#detail-case:not([hidden])")
    return page


async def read_by(customer: Visitor) -> list[tuple[str, float]]:
    """What the customer reads of public answers."""
    entries = (await customer.ok("GET", f"/api/v1/cases/{customer.case}/timeline"))["entries"]
    return [(one["text"], one["data"]["at_s"]) for one in entries if one["kind"] == "public_answer"]


@pytest.mark.parametrize("language", ["de", "en"])
async def test_agent_chooses_the_question_or_the_minute(site: Site, chromium: Browser, language: str) -> None:
    row = await kept_broadcast(site.house, "Routers, from the beginning")
    await answered(site.house, row.session_id, "Why is it red?", 75.0)
    await kept_broadcast(site.house, "The old meter", topic="strom")
    customer = await site.customer(topic=await topic_of(site, "strom"))
    page = await desk_page(chromium, site, customer.case, language)
    await page.click("#detail-answered")
    await page.wait_for_selector("#answered[open]")
    assert await page.locator("#answered-in option").all_inner_texts() == [
        await label_of(page, "The old meter"),
        await label_of(page, "Routers"),
    ]
    await page.select_option("#answered-in", row.session_id)
    assert await look(page, f"answered-{language}", small_targets=True) == []
    width, height = SIZES["laptop"]
    await page.set_viewport_size({"width": width, "height": height})
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.value.startsWith('question ')")
    await page.click("#answered-go")
    link = page.locator(f"#detail-timeline .line-public_answer a[href='/watch/{row.session_id}?t=1m15s']")
    await link.wait_for()
    await page.click("#detail-answered")
    await page.select_option("#answered-in", label=await label_of(page, "The old meter"))
    await page.check("[value=minute]")
    await page.fill("#answered-minute", "later")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#answered-failed:not([hidden])")
    assert await look(page, f"answered-minute-{language}", small_targets=True) == []
    await page.fill("#answered-minute", "1:05")
    await page.keyboard.press("Enter")
    await page.locator("#detail-timeline a[href$='?t=1m5s']").wait_for()
    assert await read_by(customer) == [("Why is it red?", 75.0), ("The old meter", 65.0)]
    await page.context.close()


async def topic_of(site: Site, slug: str) -> str:
    topics = (await site.browser().ok("GET", "/api/v1/topics"))["topics"]
    return str(next(one["id"] for one in topics if one["slug"] == slug))


async def label_of(page: Page, title: str) -> str:
    return await page.locator("#answered-in option", has_text=title).inner_text()


async def test_nothing_to_choose_from_says_so(site: Site, chromium: Browser) -> None:
    customer = await site.customer()
    page = await desk_page(chromium, site, customer.case, "en")
    await page.click("#detail-answered")
    await page.wait_for_selector("#answered-none:visible")
    assert await page.is_hidden("#answered-form")
    await page.context.close()


async def test_answered_question_is_marked_on_a_case_by_its_number(site: Site, chromium: Browser) -> None:
    session = await plan_broadcast(site)
    await answered(site.house, SessionId(session), "Why is it red?", 12.0)
    await set_broadcast(site.house, SessionId(session), seq=1)
    customer = await site.customer()
    number = (await customer.ok("GET", f"/api/v1/cases/{customer.case}"))["number"]
    secret, _ = await agents_of(site)
    (page, wrong), (fan, fan_wrong) = [await page_of(chromium, site, session, one) for one in (secret, None)]
    await page.click("[data-act=mark]")
    assert await look(page, "mark-on-case", small_targets=True) == []
    await page.fill("#mark-number", "000")
    await page.keyboard.press("Enter")
    await page.locator("#marking [role=alert]:visible").wait_for()
    await page.fill("#mark-number", number.lower().replace("-", ""))
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#marking", state="detached")
    assert await read_by(customer) == [("Why is it red?", 12.0)]
    await fan.locator(".question", has_text="Why is it red?").wait_for()
    assert await fan.locator("[data-act=mark]").count() == 0
    assert wrong + fan_wrong == []
    for one in (page, fan):
        await one.context.close()
