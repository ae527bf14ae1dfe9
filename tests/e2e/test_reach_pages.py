"""Channel and reach, and the list of broadcasts, in a real browser: both languages, both schemes, phone and laptop."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from server.domain.reach import STEP, step_of
from server.domain.words import BroadcastState, Role
from server.store import viewers
from server.store.broadcast_rows import ViewerStepRow
from tests.broadcasts import answered, first_channel, kept_broadcast, made_broadcast, watched
from tests.e2e.browsers import chromium_path
from tests.e2e.looking import look, window
from tests.e2e.signed_in import chromium, made_secret, signs_in
from tests.site import Site, running_site, settings_for

__all__ = ["chromium"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(90),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path, sqlite_with_tables: Path) -> AsyncIterator[Site]:
    shutil.copyfile(sqlite_with_tables, tmp_path / "oase.sqlite")
    async with running_site(settings_for(tmp_path, company="Stadtwerke Musterstadt")) as site:
        yield site


async def until(page: Page, expression: str, limit_s: float = 15.0) -> Any:
    """Waits until the expression is true in the page; its value."""
    async with asyncio.timeout(limit_s):
        while not (value := await page.evaluate(expression)):
            await asyncio.sleep(0.05)
    return value


async def opened(
    chromium: Browser, site: Site, path: str, language: str, role: Role | None = None
) -> tuple[Page, list[str]]:
    """A page in the window of an agent with this role, or of nobody, and everything that goes wrong in it."""
    context = await window(chromium, "laptop", locale=language)
    page, wrong = await context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    if role:
        await signs_in(page, site, await made_secret(site, role))
    await page.goto(f"{site.url}{path}")
    return page, wrong


async def watch_for_months(site: Site, average: float) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    channel = (await first_channel(site.house)).id
    for month in range(4):
        since = today - timedelta(days=120 - month * 30)
        await watched(site.house, channel, since, since + timedelta(days=29), average * (0.7 + 0.2 * month), hours=0.5)


@pytest.mark.parametrize("language", ["de", "en"])
async def test_admin_names_who_answers_and_sees_how_near_the_limit_is(
    site: Site, chromium: Browser, language: str
) -> None:
    page, wrong = await opened(chromium, site, "/desk/channel", language, Role.ADMIN)
    await page.wait_for_selector("#incomplete:not([hidden])")
    await page.wait_for_selector("#no-weeks:not([hidden])")
    wrong += await look(page, f"channel-new-{language}", small_targets=True)
    await watch_for_months(site, 16_500)
    await page.fill("#responsible_name", "Erika Muster")
    await page.fill("#responsible_address", "Am Markt 1\n12345 Musterstadt")
    await page.fill("#imprint_url", "example.org")
    await page.keyboard.press("Enter")
    await until(page, "document.activeElement.id === 'imprint_url' && document.activeElement.ariaInvalid === 'true'")
    await page.fill("#imprint_url", "https://example.org/impressum")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#incomplete", state="hidden")
    await page.wait_for_selector("#standing:not([hidden])")
    await page.click("#weeks-part summary")
    wrong += await look(page, f"channel-{language}", small_targets=True)
    assert await page.locator("#weeks tr").count() >= 17
    assert await page.locator("#curve .plot-peak").count() == await page.locator("#weeks tr").count()
    async with page.expect_download() as started:
        await page.click("#export-csv")
    file = await (await started.value).path()
    assert "Erika Muster" in file.read_text("utf-8-sig")
    await page.goto(f"{site.url}/desk")
    await page.wait_for_selector("#reach-sign:not([hidden])")
    wrong += await look(page, f"desk-reach-{language}", small_targets=True)
    await page.click("#channel-link")
    await page.wait_for_url("**/desk/channel")
    assert wrong == []
    await page.context.close()


async def test_agents_read_and_change_nothing(site: Site, chromium: Browser) -> None:
    page, wrong = await opened(chromium, site, "/desk/channel", "en", Role.AGENT)
    await until(page, "document.getElementById('name').value !== ''")
    assert not await page.is_editable("#responsible_name")
    assert await page.locator("#save").count() == 0
    assert wrong == []
    await page.context.close()


async def test_agent_sees_how_a_broadcast_went(site: Site, chromium: Browser) -> None:
    row = await kept_broadcast(site.house)
    began = step_of(site.house.now() - timedelta(hours=2))
    counts = (40, 95, 120, 118, 122, 131, 90, 20)
    rows = [
        ViewerStepRow(row.session_id, began + STEP * n, "one", row.channel_id, True, count * 300.0, 300.0, count + 9)
        for n, count in enumerate(counts)
    ]
    async with site.house.db.write() as db:
        await viewers.keep_steps(db, rows)
    await answered(site.house, row.session_id, "Wo ist die Hauptsicherung?", 12.0)
    page, wrong = await opened(chromium, site, f"/r/{row.recording_id}", "de", Role.AGENT)
    await page.wait_for_selector("#numbers-part:not([hidden])")
    assert "140" in await page.inner_text("#numbers")
    assert await page.inner_text("h1") == "Router restarts"
    await page.click("#numbers summary")
    assert await page.locator("#numbers tbody tr").count() == len(counts)
    wrong += await look(page, "recording-numbers-de", small_targets=True)
    assert wrong == []
    await page.context.close()


@pytest.mark.parametrize("language", ["de", "en"])
async def test_list_of_broadcasts_is_found_searched_and_read(site: Site, chromium: Browser, language: str) -> None:
    house = site.house
    page, wrong = await opened(chromium, site, "/watch", language)
    wrong += await look(page, f"watch-list-empty-{language}")
    await made_broadcast(house, "Router startet neu: gemeinsam nachsehen")
    soon = house.now() + timedelta(days=2)
    await made_broadcast(
        house, "Zähler ablesen", state=BroadcastState.PLANNED, live_at=None, starts_at=soon, topic="strom"
    )
    row = await kept_broadcast(house, "Was tun, wenn der Strom weg ist?", topic="strom")
    await kept_broadcast(house, "Umzug: Vertrag mitnehmen in fünf Schritten, auch mitten im Jahr", topic="umzug")
    for text, at_s in (
        ("Wo ist die Hauptsicherung?", 12.0),
        ("Wie lese ich den Zähler ab, wenn die Anzeige dunkel ist?", 71.0),
    ):
        await answered(house, row.session_id, text, at_s)
    await page.goto(f"{site.url}/")
    await page.click("a[href='/watch']")
    await until(page, "!document.querySelector('time').textContent.includes('UTC')")
    wrong += await look(page, f"watch-list-{language}")
    await page.fill("input[name=q]", "STROM weg")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/watch?q=*")
    assert await page.locator(".shown").count() == 1
    wrong += await look(page, f"watch-list-found-{language}")
    await page.click(".shown-link")
    await page.wait_for_selector("#chapter-list a")
    wrong += await look(page, f"watch-chapters-{language}")
    await page.goto(f"{site.url}/watch?q=nichts+davon")
    assert await page.locator(".empty").count() == 1
    agent = await site.agent("Cem")
    await agent.ok("DELETE", f"/api/v1/recordings/{row.recording_id}")
    await page.goto(f"{site.url}/watch/{row.session_id}")
    wrong += await look(page, f"watch-removed-{language}")
    assert wrong == []
    await page.context.close()
