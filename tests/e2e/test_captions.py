"""An agent adds captions to what was broadcast; the audience finds them in its player."""

import pytest
from playwright.async_api import Browser

from tests.broadcast.hls.material import Show
from tests.broadcasts import kept_broadcast, set_broadcast
from tests.e2e.browsers import chromium_path
from tests.e2e.looking import look, window
from tests.e2e.signed_in import agents_page, chromium, site
from tests.e2e.test_watch import until
from tests.shows import folder_of, kept_stream
from tests.site import Site

__all__ = ["chromium", "site"]
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.browser,
    pytest.mark.timeout(90),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]
FILE = b"WEBVTT\n\n00:00.000 --> 00:08.000\n<v Ann>Press the <b>red</b> one.\n"
CUES = "[...document.querySelector('video').textTracks].flatMap((one) => [...(one.cues ?? [])].map((cue) => cue.text))"


def upload(content: bytes) -> dict[str, object]:
    return {"name": "captions.vtt", "mimeType": "text/vtt", "buffer": content}


@pytest.mark.parametrize("language", ["de", "en"])
async def test_captions_are_added_and_shown(site: Site, chromium: Browser, language: str) -> None:
    row = await kept_broadcast(site.house)
    kept_stream(site, row.session_id, Show(8))
    await set_broadcast(site.house, row.session_id, directory=folder_of(site, row.session_id).name)
    page = await agents_page(chromium, site, f"/r/{row.recording_id}?lang={language}")
    await page.wait_for_selector("#captions-part:visible")
    await page.select_option("#captions-language", "en")
    await page.set_input_files("#captions-file", upload(b"WEBVTT\n\n00:01,000 --> 00:02,000\nComma\n"))  # type: ignore[arg-type]
    await page.click("#captions-go")
    failed = page.locator("#captions-failed:visible")
    assert {"de": "Zeile 3", "en": "Line 3"}[language] in await failed.inner_text()
    await page.set_input_files("#captions-file", upload(FILE))  # type: ignore[arg-type]
    await page.click("#captions-go")
    await page.wait_for_selector("[data-language=en]")
    assert await page.locator("video track[srclang=en]").count() == 1
    assert await look(page, f"captions-{language}", small_targets=True) == []
    viewer = await (await window(chromium, "phone")).new_page()
    await viewer.goto(f"{site.url}/watch/{row.session_id}?lang={language}")
    await viewer.click("#choices")
    await viewer.locator("#menu").get_by_role("button", name={"de": "Englisch", "en": "English"}[language]).click()
    assert await until(viewer, f"({CUES}).join()") == "Press the red one."
    await page.click("[data-language=en] button")
    await page.wait_for_selector("[data-language=en]", state="detached")
    assert await page.locator("video track").count() == 0
    for one in (viewer, page):
        await one.context.close()
