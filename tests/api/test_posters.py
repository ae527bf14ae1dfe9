"""Pictures of broadcasts by HTTP: who may send and see them, what is refused, and where else they are named."""

import json
from pathlib import Path
from typing import Any

from server.domain.pictures import PICTURE_BYTES
from server.domain.words import BroadcastState
from tests.broadcasts import kept_broadcast, made_broadcast, set_broadcast
from tests.pictures import SECRET, picture, with_facts
from tests.site import Browser, Reply, Site, running_site, settings_for

PNG = {"Content-Type": "image/png"}


async def sends(browser: Browser, session: str, data: bytes, **more: str) -> Reply:
    return await browser.call("PUT", f"/api/v1/broadcasts/{session}/poster", data, headers={**PNG, **more})


async def test_picture_is_sent_and_seen_by_everybody(site: Site) -> None:
    ann, row = await site.agent(), await made_broadcast(site.house, state=BroadcastState.PLANNED)
    made = await sends(ann, row.session_id, with_facts(picture("jpeg", 640, 360)))
    assert made.status == 200
    poster = made.json["poster"]
    assert (poster["width"], poster["height"]) == (640, 360)
    seen = await site.browser().get(poster["path"])
    assert (seen.status, seen.headers["Content-Type"], SECRET in seen.body) == (200, "image/jpeg", False)
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert seen.headers["Cache-Control"] == "public, max-age=300"
    assert seen.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    for path in (f"/posters/{row.session_id}/other.jpg", f"/posters/nothing/{poster['path'].rpartition('/')[2]}"):
        assert (await site.browser().get(path)).status == 404
    taken = await ann.call("DELETE", f"/api/v1/broadcasts/{row.session_id}/poster")
    assert (taken.status, taken.json["poster"]) == (200, None)
    assert (await site.browser().get(poster["path"])).status == 404


async def test_others_send_nothing_and_agents_no_nonsense(site: Site) -> None:
    row = await made_broadcast(site.house)
    for browser, status in ((site.browser(), 401), (await site.customer(), 403)):
        assert (await sends(browser, row.session_id, picture())).status == status
    ann = await site.agent()
    assert (await sends(ann, row.session_id, picture(), Origin="https://evil.example")).code == "cross_origin"
    for data, code in ((b"GIF89a", "bad_picture"), (b"", "bad_picture"), (bytes(PICTURE_BYTES + 1), "too_large")):
        reply = await sends(ann, row.session_id, data)
        assert (reply.code, "5 MB" in reply.json["detail"] or code == "too_large") == (code, True)
    assert (await sends(ann, "nothing", picture())).code == "not_found"
    assert (await ann.ok("GET", f"/api/v1/broadcasts/{row.session_id}"))["poster"] is None


async def test_pages_lists_and_other_sites_show_it(tmp_path: Path, sqlite_with_tables: Path) -> None:
    (tmp_path / "oase.sqlite").write_bytes(sqlite_with_tables.read_bytes())
    async with running_site(settings_for(tmp_path, embed="https://www.example.org")) as site:
        ann, row = await site.agent(), await kept_broadcast(site.house)
        poster = (await sends(ann, row.session_id, picture("png", 1280, 720))).json["poster"]
        whole, anybody = f"{site.url}{poster['path']}", site.browser()
        text = (await anybody.get(f"/watch/{row.session_id}", headers={"Accept": "text/html"})).body.decode()
        assert f'poster="{poster["path"]}"' in text
        assert f'<meta property="og:image" content="{whole}">' in text
        assert '<meta property="og:image:width" content="1280">' in text
        assert f'"thumbnailUrl":["{whole}"]' in text.replace(": ", ":")
        for path in (f"/embed/{row.session_id}", "/watch"):
            assert poster["path"] in (await anybody.get(path, headers={"Accept": "text/html"})).body.decode()
        shown = await embedding(anybody, f"{site.url}/watch/{row.session_id}")
        assert (shown["thumbnail_url"], shown["thumbnail_width"], shown["thumbnail_height"]) == (whole, 1280, 720)
        small = await embedding(anybody, f"{site.url}/watch/{row.session_id}&maxwidth=480")
        assert small["thumbnail_url"] is None
        await set_broadcast(site.house, row.session_id, removed_at=site.house.now())
        site.house.streams.forget(row.session_id)
        assert (await anybody.get(poster["path"])).status == 410


async def embedding(browser: Browser, url: str) -> dict[str, Any]:
    return dict(json.loads((await browser.get(f"/oembed?url={url}")).body))
