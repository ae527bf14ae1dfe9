"""The audience's page as programs read it: without JavaScript, by search engines, in other sites."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from server.config import Settings
from server.domain.words import BroadcastState, Openness
from tests.shows import plan_broadcast
from tests.site import Browser, Site, running_site, settings_for

WORLD = "https://www.example.org"


async def page(browser: Browser, path: str, language: str = "en") -> str:
    reply = await browser.get(path, headers={"Accept": "text/html", "Accept-Language": language})
    assert reply.status == 200, reply.body[:500]
    return reply.body.decode()


def about(text: str) -> dict[str, Any]:
    """What the page says to search engines."""
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


async def test_page_makes_sense_without_javascript(site: Site) -> None:
    session = await plan_broadcast(site)
    for language, words in (("en", "Responsible for the content"), ("de", "Verantwortlich für den Inhalt")):
        text = await page(site.browser(), f"/watch/{session}", language)
        assert f'<html lang="{language}">' in text
        for part in ("When the router restarts", "Ann shows where to look first.", "Ada Muster, Am Markt 1", words):
            assert part in text
        assert "https://example.org/impressum" in text
        assert f"/live/{session}/index.m3u8" in text.partition("<noscript>")[2].partition("</noscript>")[0]


async def test_planned_page_says_when(site: Site) -> None:
    begins = datetime(2027, 3, 1, 17, 30, tzinfo=UTC)
    session = await plan_broadcast(site, state=BroadcastState.PLANNED, starts_at=begins, live_at=None)
    assert "1 March 2027, 17:30 UTC" in await page(site.browser(), f"/watch/{session}")
    told = await site.browser().ok("GET", f"/api/v1/broadcasts/{session}/public")
    assert (told["state"], told["stream"]) == ("planned", None)


async def test_private_and_unknown_pages_are_the_same(site: Site) -> None:
    session = await plan_broadcast(site, visibility=Openness.PRIVATE)
    for path in ("/watch/{}", "/embed/{}", "/api/v1/broadcasts/{}/public"):
        theirs, missing = [await site.browser().get(path.format(one)) for one in (session, "nobodys")]
        assert (theirs.status, missing.status) == (404, 404)
    holder = site.browsers[0]
    assert "When the router restarts" in await page(holder, f"/watch/{session}")
    assert (await holder.get(f"/embed/{session}")).status == 404, "in a frame nobody is anybody"


async def test_search_engines_read_a_live_video(site: Site) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    session = await plan_broadcast(site, live_at=began, title='</script><b>"Router" & more')
    text = await page(site.browser(), f"/watch/{session}")
    video = about(text)
    assert (video["@type"], video["name"]) == ("VideoObject", '</script><b>"Router" & more')
    assert video["contentUrl"] == f"{site.url}/live/{session}/index.m3u8"
    assert video["publication"]["@type"] == "BroadcastEvent"
    assert video["publication"]["isLiveBroadcast"] is True
    assert datetime.fromisoformat(video["publication"]["startDate"]) == began
    assert "endDate" not in video["publication"]
    assert "<b>" not in text
    assert 'name="robots"' not in text
    assert f'property="og:url" content="{site.url}/watch/{session}"' in text


async def test_unlisted_page_asks_not_to_be_listed(site: Site) -> None:
    session = await plan_broadcast(site, visibility=Openness.UNLISTED)
    assert '<meta name="robots" content="noindex">' in await page(site.browser(), f"/watch/{session}")


async def test_nobody_frames_the_player_unless_the_operator_says_who(site: Site, tmp_path: Path) -> None:
    session = await plan_broadcast(site)
    for path in (f"/watch/{session}", f"/embed/{session}"):
        reply = await site.browser().get(path)
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Frame-Options"] == "DENY"
    async with running_site(settings_for(tmp_path / "other", embed=f"{WORLD}, https://*.example.net")) as other:
        session = await plan_broadcast(other)
        reply = await other.browser().get(f"/embed/{session}")
        assert f"frame-ancestors {WORLD} https://*.example.net;" in reply.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in reply.headers
        reply = await other.browser().get(f"/watch/{session}")
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]


async def test_other_sites_learn_how_to_show_it(site: Site, tmp_path: Path) -> None:
    session = await plan_broadcast(site)
    text = await page(site.browser(), f"/watch/{session}")
    found = re.search(r'type="application/json\+oembed" href="([^"]+)"', text)
    assert found
    link = await site.browser().ok("GET", found[1].removeprefix(site.url))
    assert (link["type"], link["title"], link["html"]) == ("link", "When the router restarts", None)
    async with running_site(settings_for(tmp_path / "other", embed=WORLD)) as other:
        session = await plan_broadcast(other, title='Say "hello"')
        address = quote(f"{other.url}/watch/{session}", safe="")
        shown = await other.browser().ok("GET", f"/oembed?url={address}&maxwidth=480&format=json")
        assert (shown["type"], shown["width"], shown["height"]) == ("video", 480, 270)
        assert f'src="{other.url}/embed/{session}"' in shown["html"]
        assert "Say &#34;hello&#34;" in shown["html"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("url=https://elsewhere.example/watch/x", 404),
        ("url=OURS/watch/nobodys", 404),
        ("url=OURS/r/x", 404),
        ("url=javascript:alert(1)", 404),
        ("", 404),
        ("url=OURS/watch/SESSION&format=xml", 501),
    ],
)
async def test_addresses_that_are_not_ours_are_nothing(site: Site, query: str, status: int) -> None:
    session = await plan_broadcast(site)
    reply = await site.browser().get("/oembed?" + query.replace("OURS", site.url).replace("SESSION", session))
    assert reply.status == status


@pytest.mark.parametrize(
    "wrong", ["example.org", "https://a.example/path", "'none'", "https://a.example; script-src *"]
)
def test_frame_list_takes_sites_only(wrong: str) -> None:
    with pytest.raises(ValueError, match="OASE_EMBED_ORIGINS"):
        Settings(embed=wrong)
