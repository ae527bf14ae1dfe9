"""From the audience to a case of one's own, in real browsers."""

import pytest
from playwright.async_api import Browser

from server.domain.words import QuestionState, SessionId
from server.service.audience import stage_calls
from server.store import questions
from tests.e2e.browsers import chromium_path
from tests.e2e.looking import look
from tests.e2e.test_audience import agents_of, chromium, page_of, site, takes_part, writes
from tests.shows import plan_broadcast
from tests.site import Site

__all__ = ["chromium", "site"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]


async def test_question_leads_to_a_private_case_that_nobody_else_sees(site: Site, chromium: Browser) -> None:
    session = await plan_broadcast(site)
    secret, agent = await agents_of(site)
    (bo, bo_wrong), (al, al_wrong), (ann, ann_wrong) = [
        await page_of(chromium, site, session, one) for one in (None, None, secret)
    ]
    await bo.fill("#question-text", "Why does mine blink red?")
    await bo.press("#question-text", "Enter")
    await takes_part(bo, "Bo")
    await ann.get_by_role("button", name="Help in private").click()
    await bo.get_by_text("An agent can help you personally", exact=True).wait_for()
    await al.locator(".question", has_text="Why does mine blink red?").wait_for()
    assert await al.locator("#invitations > *").count() == 0
    async with site.house.db.read() as db:
        (asked,) = await questions.list_questions(db, SessionId(session), 0, list(QuestionState), 5)
    await stage_calls.call_to_stage(site.house, agent, SessionId(session), asked.member_id)
    await bo.get_by_role("button", name="Come on stage").wait_for()
    assert await look(bo, "watch-invited") == []
    await bo.get_by_role("button", name="Not now").click()
    await bo.get_by_text("You are invited on stage", exact=True).wait_for(state="detached")
    await bo.get_by_role("link", name="Get help in private").click()
    await bo.wait_for_selector("#waiting:not([hidden])")
    assert bo_wrong + al_wrong + ann_wrong == []
    for page in (bo, al, ann):
        await page.context.close()


async def test_who_only_chats_is_helped_in_private(site: Site, chromium: Browser) -> None:
    """From the line in the chat, and from the list of members: the same case."""
    session = await plan_broadcast(site)
    secret, _ = await agents_of(site)
    (bo, bo_wrong), (ann, ann_wrong) = [await page_of(chromium, site, session, one) for one in (None, secret)]
    for page in (bo, ann):
        await page.click("#audience-chat-tab")
    await writes(bo, "Mine blinks red.")
    await takes_part(bo, "Bo")
    await ann.get_by_role("button", name="Help in private").click()
    await bo.get_by_text("An agent can help you personally", exact=True).wait_for()
    await ann.click("#audience-moderation-tab")
    await ann.get_by_role("button", name="Help in private").click()
    await ann.get_by_text("Bo has case").last.wait_for()
    assert await bo.get_by_role("link", name="Get help in private").count() == 1
    assert bo_wrong + ann_wrong == []
    for page in (bo, ann):
        await page.context.close()
