"""The list of broadcasts for everybody, feed and sitemap, chapters, and what was taken down."""

from datetime import timedelta
from xml.etree import ElementTree as xml

from server.domain.words import BroadcastState, Openness, Role
from tests.broadcasts import answered, kept_broadcast, made_broadcast, set_broadcast
from tests.site import Browser, Site

HTML = {"Accept": "text/html"}
MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


async def page(browser: Browser, path: str, status: int = 200) -> str:
    reply = await browser.get(path, headers=HTML)
    assert reply.status == status, reply.body[:300]
    return reply.body.decode()


async def test_list_shows_what_is_live_coming_and_kept_and_nothing_else(site: Site) -> None:
    house, soon = site.house, site.house.now() + timedelta(days=2)
    await made_broadcast(house, "Now on air")
    await made_broadcast(house, "Next week", state=BroadcastState.PLANNED, live_at=None, starts_at=soon)
    await kept_broadcast(house, "The old meter", topic="strom")
    hidden = {
        "Secret": {"visibility": Openness.PRIVATE},
        "By link": {"visibility": Openness.UNLISTED},
        "Not in the list": {"listed": False},
        "Taken down": {"removed_at": house.now()},
    }
    for title, more in hidden.items():
        await kept_broadcast(house, title, **more)
    await made_broadcast(
        house, "Never came", state=BroadcastState.PLANNED, live_at=None, starts_at=soon - timedelta(days=9)
    )
    await made_broadcast(house, "No date", state=BroadcastState.PLANNED, live_at=None)
    text = await page(site.browser(), "/watch")
    order = [text.index(words) for words in ("Now on air", "Next week", ">Electricity</h2>", "The old meter", "2:00")]
    assert order[:4] == sorted(order[:4])
    assert not [title for title in (*hidden, "Never came", "No date") if title in text]


async def test_words_and_topics_narrow_the_list(site: Site) -> None:
    for title, topic in (
        ("Größe des Zählers", "strom"),
        ("Router <neu> starten", "internet"),
        ("Router tauschen", "internet"),
    ):
        await kept_broadcast(site.house, title, topic=topic)
    browser = site.browser()
    found = await page(browser, "/watch?q=router%20NEU")
    assert "Router &lt;neu&gt; starten" in found
    assert "1 recording found" in found
    assert "tauschen" not in found
    assert "Größe" in await page(browser, "/watch?q=GRÖSSE")
    assert "Größe" not in await page(browser, "/watch?topic=internet")
    for path in ("/watch?q=nothing", "/watch?topic=nothing"):
        assert "Nothing fits" in await page(browser, path)


async def test_list_names_who_answers_for_it(site: Site) -> None:
    admin = await site.agent("Bob", Role.ADMIN)
    wish = {"responsible_name": "Erika Muster", "responsible_address": "Weg 1", "imprint_url": "https://x.org/imprint"}
    await admin.ok("PATCH", "/api/v1/channels/main", wish)
    text = await page(site.browser(), "/watch")
    assert all(
        words in text for words in ("Responsible for the content: Erika Muster", "Weg 1", "https://x.org/imprint")
    )


async def test_empty_list_says_so(site: Site) -> None:
    assert "Nothing here yet" in await page(site.browser(), "/watch")


async def test_feed_and_sitemap_name_what_everybody_may_see(site: Site) -> None:
    row = await kept_broadcast(site.house, "Fish & <chips>")
    live = await made_broadcast(site.house, "On air")
    await kept_broadcast(site.house, "Secret", visibility=Openness.UNLISTED)
    reply = await site.browser().get("/feed.xml")
    assert reply.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    (item,) = xml.fromstring(reply.body).findall("channel/item")
    assert item.findtext("title") == "Fish & <chips>"
    assert item.findtext("link") == f"{site.url}/r/{row.recording_id}"
    assert item.findtext("guid") == f"{site.url}/watch/{row.session_id}"
    enclosure = item.find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib["url"] == f"{site.url}/live/{row.session_id}/index.m3u8"
    assert enclosure.attrib["length"] == "9000000"
    found = [one.text for one in xml.fromstring((await site.browser().get("/sitemap.xml")).body).iter(f"{MAPS}loc")]
    assert found == [
        f"{site.url}{path}" for path in ("/", "/watch", f"/watch/{live.session_id}", f"/watch/{row.session_id}")
    ]
    robots = (await site.browser().get("/robots.txt")).body.decode()
    assert f"Sitemap: {site.url}/sitemap.xml" in robots


async def test_answered_questions_are_chapters_of_the_recording(site: Site) -> None:
    row = await kept_broadcast(site.house)
    await answered(site.house, row.session_id, "And <why>?", 3725.4)
    await answered(site.house, row.session_id, "How?", 65.0)
    text = await page(site.browser(), f"/watch/{row.session_id}")
    assert text.index("1:05") < text.index("1:02:05")
    assert f'href="/watch/{row.session_id}?t=1m5s"' in text
    assert "And &lt;why&gt;?" in text
    assert f'"startOffset":65,"url":"{site.url}/watch/{row.session_id}?t=1m5s","endOffset":3725' in text.replace(
        ": ", ":"
    ).replace(", ", ",")
    agent = await site.agent()
    assert f'href="/r/{row.recording_id}?t=1h2m5s"' in await page(agent, f"/r/{row.recording_id}")


async def test_recording_of_a_broadcast_is_watched_on_its_page(site: Site) -> None:
    row = await kept_broadcast(site.house)
    reply = await site.browser().get(f"/r/{row.recording_id}?t=28m", headers=HTML)
    assert (reply.status, reply.headers["Location"]) == (302, f"/watch/{row.session_id}?t=28m")


async def test_what_an_agent_removes_is_gone_and_its_addresses_say_so(site: Site) -> None:
    row, private = await kept_broadcast(site.house, "Old advice"), await kept_broadcast(site.house)
    await set_broadcast(site.house, private.session_id, visibility=Openness.PRIVATE)
    agent, viewer = await site.agent(), site.browser()
    for one in (row, private):
        await agent.ok("DELETE", f"/api/v1/recordings/{one.recording_id}")
    for path in (f"/watch/{row.session_id}", f"/r/{row.recording_id}", f"/embed/{row.session_id}"):
        assert "taken down" in await page(viewer, path, 410)
    assert (await viewer.get(f"/api/v1/broadcasts/{row.session_id}/public")).code == "removed"
    assert (await viewer.get(f"/live/{row.session_id}/index.m3u8")).status == 404
    assert (await viewer.get(f"/watch/{private.session_id}", headers=HTML)).status == 404
    assert (await viewer.get(f"/r/{private.recording_id}", headers=HTML)).status == 401
    assert "Old advice" not in await page(viewer, "/watch")
    assert b"Old advice" not in (await viewer.get("/feed.xml")).body


async def test_only_agents_remove(site: Site) -> None:
    row, customer = await kept_broadcast(site.house), await site.customer()
    for one, status in ((site.browser(), 401), (customer, 403)):
        assert (await one.call("DELETE", f"/api/v1/recordings/{row.recording_id}")).status == status
    assert (
        await (await site.agent("Bob", Role.ADMIN)).call("DELETE", f"/api/v1/recordings/{row.recording_id}")
    ).status == 204
