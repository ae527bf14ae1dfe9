"""Agents change what is known of a broadcast, and take a recording from the public, after a question."""

import pytest
from playwright.async_api import Browser

from server.domain.words import BroadcastState, SessionId
from server.store import broadcasts as store
from server.store.broadcast_rows import BroadcastRow
from tests.broadcasts import kept_broadcast, made_broadcast
from tests.e2e.browsers import chromium_path
from tests.e2e.looking import look, window
from tests.e2e.signed_in import agents_page, chromium, site
from tests.pictures import picture
from tests.site import Site

__all__ = ["chromium", "site"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(90),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]


async def row_of(site: Site, session: SessionId) -> BroadcastRow:
    async with site.house.db.read() as db:
        row = await store.find_broadcast(db, session)
    assert row is not None
    return row


async def test_recording_is_renamed_unlisted_and_taken_from_the_public(site: Site, chromium: Browser) -> None:
    """One may say no to the question, and give back what was taken away."""
    session = (await kept_broadcast(site.house)).session_id
    page = await agents_page(chromium, site, "/desk/broadcasts?lang=en")
    change = page.locator(f"[data-broadcast='{session}'] [data-act=edit]")
    await change.click()
    await page.wait_for_selector("#editing[open]")
    assert await look(page, "edit-broadcast") == []
    await page.fill("#edit-title", "Routers, once more")
    await page.fill("#edit-words", "What to do first.")
    await page.uncheck("#edit-listed")
    await page.click("#edit-go")
    await page.wait_for_selector("#editing", state="hidden")
    await page.wait_for_selector(".broadcast-title:has-text('Routers, once more')")
    row = await row_of(site, session)
    assert (row.title, row.description, row.listed, row.removed_at) == (
        "Routers, once more",
        "What to do first.",
        False,
        None,
    )
    await change.click()
    await page.click("#edit-remove")
    assert await look(page, "remove-recording") == []
    await page.click("#removing [data-close] >> text=Keep it")
    assert (await row_of(site, session)).removed_at is None
    await page.click("#edit-remove")
    await page.click("#removing-yes")
    await page.wait_for_selector("#edit-remove-word:has-text('Give it back')")
    assert (await row_of(site, session)).removed_at is not None
    assert (await site.browser().get(f"/watch/{session}")).status == 410
    await page.click("#edit-remove")
    await page.wait_for_selector("#edit-remove-word:has-text('Take it from')")
    assert (await row_of(site, session)).removed_at is None
    await page.context.close()


async def test_picture_is_chosen_seen_and_taken_away(site: Site, chromium: Browser) -> None:
    """A refused file is said in the form; the audience sees the picture before the beginning, and no longer once it is taken away."""
    row = await made_broadcast(site.house, state=BroadcastState.PLANNED, live_at=None)
    page = await agents_page(chromium, site, "/desk/broadcasts?lang=en")
    change = page.locator(f"[data-broadcast='{row.session_id}'] [data-act=edit]")
    await change.click()
    await page.wait_for_selector("#editing[open]")
    await page.set_input_files("#edit-poster", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    await page.click("#edit-go")
    await page.wait_for_selector("#edit-failed:has-text('JPEG, PNG or WebP')")
    await page.set_input_files(
        "#edit-poster", {"name": "b.png", "mimeType": "image/png", "buffer": picture("png", 640, 360)}
    )
    await page.wait_for_selector("#edit-poster-picture:visible")
    assert await look(page, "edit-poster", small_targets=True) == []
    await page.click("#edit-go")
    await page.wait_for_selector("#editing", state="hidden")
    viewer = await (await window(chromium, "phone")).new_page()
    await viewer.goto(f"{site.url}/watch/{row.session_id}?lang=en")
    await viewer.wait_for_selector("video[poster^='/posters/']")
    assert (
        await viewer.evaluate(
            "fetch(document.getElementById('video').poster).then((got) => got.headers.get('Content-Type'))"
        )
        == "image/jpeg"
    )
    await viewer.wait_for_selector("#player[data-standing=soon]")
    assert await look(viewer, "watch-poster-soon") == []
    await change.click()
    await page.wait_for_selector("#edit-poster-picture[src^='/posters/']")
    await page.click("#edit-poster-remove")
    await page.click("#edit-go")
    await page.wait_for_selector("#editing", state="hidden")
    assert (await row_of(site, row.session_id)).poster is None
    await viewer.evaluate("dispatchEvent(new Event('online'))")
    await viewer.wait_for_selector("video:not([poster])", state="attached")
    for one in (viewer, page):
        await one.context.close()


async def test_picture_is_chosen_while_planning(site: Site, chromium: Browser) -> None:
    page = await agents_page(chromium, site, "/desk/broadcasts?lang=en")
    await page.click("#plan")
    await page.fill("#plan-title", "Meters")
    await page.set_input_files("#plan-poster", {"name": "a.png", "mimeType": "image/png", "buffer": b"nonsense"})
    await page.click("#plan-go")
    await page.wait_for_selector("#plan-failed:has-text('JPEG, PNG or WebP')")
    await page.set_input_files("#plan-poster", {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    await page.click("#plan-go")
    await page.wait_for_selector("#linking[open]")
    async with site.house.db.read() as db:
        (row,) = await store.list_newest(db, None, 5)
    assert (row.title, (row.poster or "").endswith("-320x180.jpg")) == ("Meters", True)
    await page.context.close()
