"""Taking part in real browsers: people write, ask, vote and raise hands, moderators act, and nothing that somebody types runs."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from server.domain.principal import Agent
from server.domain.words import QuestionState, SessionId
from server.service.audience import members, polls, questions
from tests.audience import Fan, ask, join, say, set_broadcast
from tests.desk import client_id
from tests.e2e.browsers import chromium_path
from tests.e2e.looking import look, window
from tests.e2e.signed_in import WAIT_MS, agents_of, chromium, signs_in, site
from tests.markup import PAYLOADS
from tests.shows import plan_broadcast
from tests.site import Site

__all__ = ["chromium", "site"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]

LONG = "Is that the new firmware? I have 7.4 on mine, and the lamp blinks twice before it starts again."
ASKED = (
    "Does it lose my settings?",
    "Why at night?",
    "Can I go back to the old version?",
    "Which lamp says that it is done?",
)
GUARD = """addEventListener('securitypolicyviolation', (one) => { (window.violations ??= []).push(one.violatedDirective); });"""


async def page_of(
    chromium: Browser, site: Site, session: str, secret: str | None = None, size: str = "laptop"
) -> tuple[Page, list[str]]:
    """The watch page of a new browser, or of one that is known, and what goes wrong in it."""
    context = await window(chromium, size)
    context.set_default_timeout(WAIT_MS)
    page, wrong = await context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.add_init_script(GUARD)
    if secret:
        await signs_in(page, site, secret)
    await page.goto(f"{site.url}/watch/{session}?lang=en")
    await page.wait_for_selector("#audience:not([hidden])")
    return page, wrong


async def takes_part(page: Page, name: str) -> None:
    await page.fill("#audience-name", name)
    await page.click("dialog[open] button[type=submit]")


async def writes(page: Page, text: str) -> None:
    await page.fill("#audience-text", text)
    await page.press("#audience-text", "Enter")


async def test_two_people_and_a_moderator(site: Site, chromium: Browser) -> None:
    session = await plan_broadcast(site)
    secret, _ = await agents_of(site)
    (bo, bo_wrong), (al, al_wrong), (ann, ann_wrong) = [
        await page_of(chromium, site, session, one) for one in (None, None, secret)
    ]
    for page in (bo, al, ann):
        await page.click("#audience-chat-tab")
    await writes(bo, "Hello from Bo")
    await takes_part(bo, "Bo")
    await al.get_by_text("Hello from Bo").wait_for()
    await writes(ann, "Welcome")
    await bo.locator(".audience-line", has_text="Welcome").get_by_text("Team").wait_for()

    await bo.click("#audience-questions-tab")
    await bo.fill("#question-text", "Does it restart by itself?")
    await bo.press("#question-text", "Enter")
    await al.click("#audience-questions-tab")
    await al.click(".question-vote")
    await takes_part(al, "Al")
    await bo.locator(".question-vote .figures", has_text="1").wait_for()
    await al.locator(".question-vote[aria-pressed=true]").wait_for()
    await ann.click("#audience-questions-tab")
    await ann.get_by_role("button", name="Show on the picture").click()
    await bo.get_by_text("Is being answered").wait_for()

    await al.click(".audience-bar .button")
    await ann.click("#audience-moderation-tab")
    hand = ann.locator(".moderated-item", has_text="since").filter(has_text="Al")
    await hand.get_by_role("button", name="Call on stage").click()
    await al.get_by_role("heading", name="You are invited on stage").wait_for()
    await al.click("button[aria-label=Applause]")
    await bo.locator(".reaction-sum", has_text="1").wait_for()
    await bo.get_by_role("button", name="Me too").click()
    await al.locator("#me-too .figures", has_text="1").wait_for()

    await ann.click("#audience-chat-tab")
    await ann.locator(".audience-line", has_text="Hello from Bo").get_by_role("button", name="Exclude").click()
    await bo.click("#audience-chat-tab")
    await bo.get_by_text("have excluded you").wait_for()
    await al.click("#audience-chat-tab")
    await al.get_by_text("Hello from Bo").wait_for(state="detached")
    assert bo_wrong + al_wrong + ann_wrong == []
    for page in (bo, al, ann):
        await page.context.close()


async def test_what_was_missed_is_there_after_an_outage(site: Site, chromium: Browser) -> None:
    session = SessionId(await plan_broadcast(site))
    fan = await join(site.house, session)
    page, wrong = await page_of(chromium, site, session)
    await page.click("#audience-chat-tab")
    await say(site.house, session, fan, "before")
    await page.get_by_text("before").wait_for()
    await page.context.set_offline(True)
    await page.evaluate("dispatchEvent(new Event('offline'))")
    for n in range(5):
        await say(site.house, session, fan, f"missed {n}")
    await page.context.set_offline(False)
    await page.get_by_text("missed 4").wait_for()
    assert await page.locator(".audience-said").all_inner_texts() == ["before", *(f"missed {n}" for n in range(5))]
    assert wrong == []
    await page.context.close()


async def test_nothing_that_is_typed_runs(site: Site, chromium: Browser) -> None:
    """As a name, a line, a question, a poll and a choice; for a watcher and for a moderator (test-catalogue W1)."""
    session = SessionId(await plan_broadcast(site))
    secret, ann = await agents_of(site)
    fans = [await join(site.house, session, text[:40], f"10.0.{n}.1") for n, text in enumerate(SHORT)]
    await asyncio.gather(*(say(site.house, session, fans[n % len(fans)], text) for n, text in enumerate(PAYLOADS)))
    await asyncio.gather(*(ask(site.house, session, fans[n % len(fans)], text) for n, text in enumerate(PAYLOADS[:60])))
    await asyncio.gather(*(fill_poll(site, ann, session, text) for text in PAYLOADS[:10]))
    assert len(PAYLOADS) >= 300
    for who in (None, secret):
        page, wrong = await page_of(chromium, site, session, who)
        for tab in ("chat", "polls", *(["moderation"] if who else []), "questions"):
            await page.click(f"#audience-{tab}-tab")
        await page.wait_for_function("document.querySelectorAll('.audience-line').length >= 200")
        await page.wait_for_function("document.querySelectorAll('.question').length >= 60")
        shown = await page.evaluate("[...document.querySelectorAll('.audience-said')].map((one) => one.textContent)")
        assert set(shown) <= {cleaned(text) for text in PAYLOADS}
        for selector in (".question-vote", ".audience-act", ".moderated-item", ".choice"):
            for element in (await page.query_selector_all(selector))[:3]:
                await element.hover(force=True, timeout=2000) if await element.is_visible() else None
        assert await page.evaluate("[window.canary, window.violations]") == [None, None]
        assert wrong == []
        await page.context.close()


SHORT = [text for text in PAYLOADS if len(text) <= 40][:12]


def cleaned(text: str) -> str:
    """As the server keeps a line: without control characters, blanks merged."""
    return " ".join(text.replace("\x0b", "").replace("\t", " ").split())


async def fill_poll(site: Site, ann: Agent, session: SessionId, text: str) -> None:
    await polls.open_poll(site.house, ann, session, text, [text[:80], "other"], client_id())


async def filled(site: Site) -> tuple[SessionId, str]:
    """An audience in the middle of a broadcast."""
    session = SessionId(await plan_broadcast(site))
    secret, ann = await agents_of(site)
    house = site.house
    people: list[Fan] = [
        await join(house, session, name, f"192.0.2.{n}")
        for n, name in enumerate(("Mina", "Jörg", "Abdul", "Li Wei", "Franziska"))
    ]
    for n, text in enumerate(
        (
            "Hello everybody!",
            "Mine restarts every night at three.",
            "Same here, since the update.",
            LONG,
        )
    ):
        await say(house, session, people[n], text)
    await say(house, session, ann, "Welcome! Ask your questions here; we answer those with most votes first.")
    asked = [
        await ask(house, session, people[n], text)
        for n, text in enumerate(
            (
                "Does it lose my settings?",
                "Why does it restart at night?",
                "Can I go back to the old version?",
                "Which lamp says that it is done?",
            )
        )
    ]
    for n, question in enumerate(asked):
        for fan in people[n:]:
            await questions.vote_question(house, fan.principal, session, question.id, wanted=True)
    await questions.moderate_question(house, ann, session, asked[1].id, QuestionState.PINNED)
    await questions.moderate_question(house, ann, session, asked[3].id, QuestionState.ANSWERED)
    poll = await polls.open_poll(
        house, ann, session, "Does your router restart by itself?", ["Yes, often", "Now and then", "Never"], client_id()
    )
    for n, fan in enumerate(people):
        await polls.vote_in_poll(house, fan.principal, session, poll.id, n % 3)
    await members.moderate_member(house, ann, session, people[2].id, muted=True)
    await set_broadcast(house, session, words=["idiot*"])
    await say(house, session, people[3], "These idiots again")
    return session, secret


@pytest.mark.parametrize("language", ["de", "en"])
async def test_panels_are_accessible(site: Site, chromium: Browser, language: str) -> None:
    session, secret = await filled(site)
    wrong: list[Any] = []
    for who, tabs in ((None, ("questions", "chat", "polls")), (secret, ("questions", "chat", "moderation"))):
        page, errors = await page_of(chromium, site, session, who)
        await page.goto(f"{site.url}/watch/{session}?lang={language}")
        await page.wait_for_selector("#audience:not([hidden])")
        for tab in tabs:
            await page.click(f"#audience-{tab}-tab")
            wrong += await look(
                page, f"audience-{'agent' if who else 'watcher'}-{tab}-{language}", small_targets=who is not None
            )
        wrong += errors
        await page.context.close()
    assert wrong == []
