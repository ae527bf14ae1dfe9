"""The audience's page in a real browser: live near the edge, back in time, through an outage, from planned to kept, and what it looks like."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, Route
from playwright.async_api import Error as PlaywrightError

from server.domain.words import BroadcastState, SessionId
from server.service.airing import announce_broadcast
from tests.broadcast.hls.material import Show
from tests.e2e.browsers import chromium_path
from tests.e2e.looking import Wire, look, window
from tests.e2e.signed_in import chromium
from tests.shows import change, kept_stream, live_stream, plan_broadcast
from tests.site import Site, running_site, settings_for

__all__ = ["chromium"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(90),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]

STANDING = "document.getElementById('player').dataset.standing"
AT = "document.getElementById('video').currentTime"
LIVE = "document.getElementById('to-live-word').textContent === 'Live'"
BEGINNING = """
window.seeks = [];
const add = MediaSource.prototype.addSourceBuffer;
MediaSource.prototype.addSourceBuffer = function (type) {
  const one = add.call(this, type);
  one.addEventListener('updateend', () => { if (one.buffered.length) window.there_ms ??= performance.now(); });
  return one;
};
document.addEventListener('seeking', ({ target }) => { window.begun_ms ??= performance.now(); seeks.push(target.currentTime); }, true);
"""  # When the first pictures were there, when the player went to them, and where else it went.
LIMIT_BYTES = 200_000  # Over the wire, with the player's code and without pictures.


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path, sqlite_with_tables: Path) -> AsyncIterator[Site]:
    shutil.copyfile(sqlite_with_tables, tmp_path / "oase.sqlite")
    async with running_site(settings_for(tmp_path, embed="*")) as site:
        yield site


async def until(page: Page, expression: str, limit_s: float = 20.0) -> Any:
    """Waits until the expression is true in the page; its value."""
    async with asyncio.timeout(limit_s):
        while not (value := await page.evaluate(expression)):
            await asyncio.sleep(0.05)
    return value


async def opened(chromium: Browser, address: str, size: str = "laptop") -> tuple[Page, list[str]]:
    """A page, and everything that goes wrong in it."""
    context = await window(chromium, size)
    context.set_default_timeout(15_000)
    page, wrong = await context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.add_init_script(
        "addEventListener('securitypolicyviolation', (one) => { throw Error(one.violatedDirective); })"
    )
    await page.goto(address)
    return page, wrong


async def test_live_is_near_the_edge_and_the_beginning_one_key_away(site: Site, chromium: Browser) -> None:
    session = await plan_broadcast(site)
    async with live_stream(site, session, [Show(60)]) as on_air:
        page, wrong = await opened(chromium, f"{site.url}/watch/{session}")
        await until(page, f"{STANDING} === 'live' && {LIVE}")
        at = float(await until(page, AT))
        assert on_air.writer.tape.stream.end / 90_000 - at < 4
        await page.keyboard.press("ArrowLeft")
        await until(page, f"!({LIVE})")
        assert float(await page.evaluate(AT)) < at
        assert "behind live" in await page.evaluate("document.getElementById('seek').getAttribute('aria-valuetext')")
        await page.focus("#seek")
        await page.keyboard.press("Home")
        await until(page, f"{AT} < 3 && !document.getElementById('video').seeking")
        await page.keyboard.press("l")
        await until(page, f"{LIVE} && {AT} > {at}")
        await page.keyboard.press("m")
        assert await page.evaluate("document.getElementById('video').muted")
        await page.keyboard.press(" ")
        assert await page.evaluate("document.getElementById('video').paused")
        assert wrong == []
    await page.context.close()


async def test_first_parts_are_a_picture_while_others_are_on_their_way(site: Site, chromium: Browser) -> None:
    session, come, parts = await plan_broadcast(site), asyncio.Event(), set[str]()

    async def hand_over(route: Route) -> None:
        parts.add(route.request.url)
        if len(parts) > 2:
            await come.wait()
        with contextlib.suppress(PlaywrightError):  # The page is closed already.
            await route.continue_()

    async with live_stream(site, session, [Show(60)]):
        page, _wrong = await opened(chromium, "about:blank")
        await page.route("**/live/*/p*.m4s", hand_over)
        await page.add_init_script(BEGINNING)
        await page.goto(f"{site.url}/watch/{session}")
        at = float(await until(page, f"document.getElementById('video').readyState >= 2 && {AT}"))
        assert await page.evaluate("begun_ms - there_ms") < 1000, "not by the help that a stuck player gets"
        come.set()
        await until(page, f"{AT} > {at} + 1.5")
        seeks = await page.evaluate("seeks")
        assert seeks == sorted(seeks), "and never back"
    await page.context.close()


async def test_page_waits_for_the_beginning_and_stays_for_the_recording(site: Site, chromium: Browser) -> None:
    """Planned, live, ended, all again from the beginning: nobody reloads."""
    begins = datetime.now(UTC) + timedelta(minutes=5)
    session = await plan_broadcast(site, state=BroadcastState.PLANNED, starts_at=begins, live_at=None)
    page, wrong = await opened(chromium, f"{site.url}/watch/{session}", "phone")
    await until(page, f"{STANDING} === 'soon' && document.getElementById('card-figure').textContent.startsWith('4:')")
    async with live_stream(site, session, [Show(60)]) as on_air:
        await change(site, session, here=True, state=BroadcastState.LIVE, live_at=datetime.now(UTC))
        await page.evaluate("dispatchEvent(new Event('online'))")  # Or it asks by itself, some seconds later.
        await until(page, f"{STANDING} === 'live' && {AT} > 1")
        await on_air.end()
        await change(site, session, here=True, state=BroadcastState.ENDED, ended_at=datetime.now(UTC))
        await until(page, f"{STANDING} === 'over'")
        assert "The broadcast has ended" in await page.inner_text("#card")
        await page.click("#card .button-main")
        await until(page, f"{STANDING} === 'recording' && {AT} > 0.5 && {AT} < 3")
    assert wrong == []
    await page.context.close()


async def test_outage_is_said_and_over_by_itself(site: Site, chromium: Browser) -> None:
    session = await plan_broadcast(site)
    async with live_stream(site, session, [Show(90)]):
        page, wrong = await opened(chromium, f"{site.url}/watch/{session}")
        await until(page, f"{STANDING} === 'live' && {AT} > 1")
        await page.context.set_offline(True)
        await until(page, f"{STANDING} === 'lost'", 40)
        assert "offline" in await page.inner_text("#card")
        before = await page.evaluate(AT)
        await page.context.set_offline(False)
        await until(page, f"{STANDING} === 'live' && {LIVE} && {AT} > {before} + 1")
        assert wrong == []
    await page.context.close()


async def test_link_to_a_moment_plays_from_there(site: Site, chromium: Browser) -> None:
    session = await plan_broadcast(site, state=BroadcastState.ENDED, ended_at=datetime.now(UTC))
    kept_stream(site, session, Show(30))
    page, wrong = await opened(chromium, f"{site.url}/watch/{session}?t=20s")
    await until(page, f"{STANDING} === 'recording' && {AT} >= 20")
    await until(page, "document.getElementById('audience').childElementCount > 0")
    assert await page.locator("#audience").is_hidden(), "nobody is invited to ask when it is over"
    await page.click("#choices")
    await page.click("#menu button:last-child")
    assert await page.evaluate("document.getElementById('video').playbackRate") == 2
    assert wrong == []
    await page.context.close()


@contextlib.asynccontextmanager
async def other_site(content: str) -> AsyncIterator[str]:
    """The address of a page of another origin."""

    async def home(_: web.Request) -> web.Response:
        return web.Response(text=content, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", home)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://localhost:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def framed(page: Page, expression: str, limit_s: float = 20.0) -> None:
    """Waits until the expression is true in the page's frame."""
    async with asyncio.timeout(limit_s):
        while len(page.frames) < 2 or not await page.frames[1].evaluate(expression):
            await asyncio.sleep(0.1)


async def test_other_site_shows_the_player_and_hears_at_once(site: Site, chromium: Browser) -> None:
    """In a frame of another origin, as a visitor without cookies: pause and end are there long before it would have asked; it is one viewer."""
    session = await plan_broadcast(site)
    frame = (
        f'<!doctype html><iframe src="{site.url}/embed/{session}" allow="autoplay" width="640" height="360"></iframe>'
    )
    async with other_site(frame) as home, live_stream(site, session, [Show(60)]) as show:
        page, wrong = await opened(chromium, home)
        await framed(page, f"{STANDING} === 'live' && {AT} > 1")
        async with asyncio.timeout(20):
            while not site.house.viewers.now(SessionId(session)).pages:
                await asyncio.sleep(0.05)
        assert site.house.viewers.now(SessionId(session)).all == 1
        for state, standing in ((BroadcastState.PAUSED, "paused"), (BroadcastState.LIVE, "live")):
            await change(site, session, here=True, state=state)
            await announce_broadcast(site.house, SessionId(session))
            await framed(page, f"{STANDING} === '{standing}'", limit_s=3)
        await show.end()
        await change(site, session, here=True, state=BroadcastState.ENDED, ended_at=datetime.now(UTC))
        await announce_broadcast(site.house, SessionId(session))
        await framed(page, f"['recording', 'over'].includes({STANDING})", limit_s=6)
        assert wrong == []
        await page.context.close()


@pytest.mark.parametrize("language", ["de", "en"])
async def test_pages_of_the_audience_are_accessible_and_small(site: Site, chromium: Browser, language: str) -> None:
    live, soon = await plan_broadcast(site), await plan_broadcast(site, state=BroadcastState.PLANNED, live_at=None)
    kept = await plan_broadcast(site, state=BroadcastState.ENDED, ended_at=datetime.now(UTC))
    kept_stream(site, kept, Show(8))
    page = await (await window(chromium)).new_page()
    wire = await Wire.of(page)
    await page.goto(f"{site.url}/watch/{soon}?lang={language}")
    await until(page, f"{STANDING} === 'soon'")
    await page.wait_for_load_state("networkidle")
    assert 0 < wire.bytes < LIMIT_BYTES
    wrong = await look(page, f"watch-soon-{language}")
    await page.goto(f"{site.url}/watch/{kept}?lang={language}")
    await page.wait_for_selector("#bar:not([hidden])")
    wrong += await look(page, f"watch-kept-{language}")
    async with live_stream(site, live, [Show(60)]):
        await page.goto(f"{site.url}/watch/{live}?lang={language}")
        await until(page, f"{STANDING} === 'live'")
        wrong += await look(page, f"watch-live-{language}")
    assert wrong == []
    await page.context.close()
