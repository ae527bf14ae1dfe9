"""Broadcasts by HTTP and the socket: what agents ask for, what those on stage are told, and what everybody may read at the end."""

import asyncio
from typing import Any

import pytest

from server.domain.words import SessionId
from server.service.links import find_visitor
from server.service.sessions import admit
from server.store import channels
from tests.site import WAIT_S, Browser, Site, client_id


async def planned(ann: Browser, **more: Any) -> Any:
    topics = await ann.ok("GET", "/api/v1/topics")
    wish = {"title": "Meters", "topic": topics["topics"][0]["id"], "client_id": client_id()}
    return await ann.ok("POST", "/api/v1/broadcasts", wish | more)


async def test_a_plan_is_made_listed_and_changed(site: Site) -> None:
    ann = await site.agent("Ann")
    made = await planned(ann, starts_at="2030-01-02T18:00:00+01:00", visibility="unlisted", size=1080)
    assert (made["state"], made["visibility"], made["scene"]["size"]) == ("planned", "unlisted", 1080)
    assert made["starts_at"].startswith("2030-01-02T17:00:00")
    assert made["obstacles"] == ["imprint_missing", "nobody_on_stage"]
    one = f"/api/v1/broadcasts/{made['session']}"
    changed = await ann.call("PATCH", one, {"title": "Read a meter", "words": ["darn"], "holds": True})
    assert (changed.json["title"], changed.json["words"], changed.json["holds"]) == ("Read a meter", ["darn"], True)
    listed = await ann.ok("GET", "/api/v1/broadcasts")
    assert [(row["title"], row["by"]) for row in listed["broadcasts"]] == [("Read a meter", "Ann")]
    assert (await ann.ok("GET", f"/api/v1/broadcasts?before={made['starts_at'].replace('+', '%2B')}"))["next"] is None
    assert (await ann.get(one)).json == changed.json
    desk = await ann.ok("GET", "/api/v1/desk?state=mine")
    assert [row["summary"] for row in desk["cases"]] == ["Meters"]
    assert (await ann.ok("GET", "/api/v1/topics"))["waiting"] == 0


async def test_viewers_are_judged_by_what_has_just_been_changed(site: Site) -> None:
    ann, viewer = await site.agent("Ann"), site.browser()
    made = await planned(ann)
    one = f"/api/v1/broadcasts/{made['session']}"
    for change, status in (
        ({"visibility": "public"}, 200),
        ({"visibility": "private"}, 404),
        ({"visibility": "unlisted"}, 200),
        ({"removed": True}, 410),
        ({"removed": False, "title": "Again"}, 200),
    ):
        assert (await ann.call("PATCH", one, change)).status == 200
        reply = await viewer.get(f"{one}/public")
        assert reply.status == status, change
    assert reply.json["title"] == "Again"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"title": " "}),
        ("", {"title": "x" * 201}),
        ("", {"starts_at": "2030-01-02T18:00:00"}),
        ("", {"visibility": "everyone"}),
        ("/scene", {"layout": "mosaic"}),
        ("/scene", {"card": {"kind": "countdown"}}),
        ("/scene", {"logo": "/etc/passwd"}),
        ("/scene", {"agreed": ["somebody"]}),
        ("/countdown", {"seconds": 1}),
    ],
)
async def test_what_cannot_be_is_refused(site: Site, path: str, body: Any) -> None:
    ann = await site.agent("Ann")
    one = f"/api/v1/broadcasts/{(await planned(ann))['session']}"
    method = {"": "PATCH", "/scene": "PUT"}.get(path, "POST")
    reply = await ann.call(method, f"{one}{path}", body)
    assert (reply.status, reply.code) == (400, "bad_field"), reply.body


async def test_nothing_goes_public_without_an_imprint(site: Site) -> None:
    ann = await site.agent("Ann")
    one = f"/api/v1/broadcasts/{(await planned(ann))['session']}"
    for step in ("live", "countdown"):
        reply = await ann.post(f"{one}/{step}", {"seconds": 5} if step == "countdown" else None)
        assert (reply.status, reply.code) == (409, "imprint_missing")
        assert "channel" in reply.json["detail"]
    assert (await ann.post(f"{one}/resume")).code == "conflict"


async def test_change_of_the_scene_leaves_the_pinned_question(site: Site) -> None:
    """A page that has not heard of it yet sends what its agent changed, and nothing else."""
    ann = await site.agent("Ann")
    one = f"/api/v1/broadcasts/{(await planned(ann))['session']}"
    await ann.ok("PUT", f"{one}/scene", {"banner": {"text": "Why?", "name": "Bo"}})
    scene = (await ann.ok("PUT", f"{one}/scene", {"layout": "grid"}))["scene"]
    assert (scene["layout"], scene["banner"]) == ("grid", {"text": "Why?", "name": "Bo"})
    scene = (await ann.ok("PUT", f"{one}/scene", {"banner": None}))["scene"]
    assert (scene["layout"], scene["banner"]) == ("grid", None)


async def test_people_on_stage_are_asked_by_socket_and_hear_how_it_goes(site: Site) -> None:
    async with site.house.db.write() as db:
        (channel,) = await channels.list_channels(db)
        await channels.set_channel(db, channel.id, responsible_name="R", imprint_url="https://example.org/i")
    bo, ann = await site.customer(), await site.agent("Ann")
    await ann.ok("POST", f"/api/v1/cases/{bo.case}/take", {})
    await _seat(site, bo)
    await ann.ok("POST", f"/api/v1/sessions/{bo.session}/broadcast", {"title": "Live", "language": "en"})
    line = await bo.line()
    assert (await line.ask("watch", {"case": bo.case}))["ok"]
    one = f"/api/v1/broadcasts/{bo.session}"
    await ann.ok("POST", f"{one}/rehearse")
    (asked,) = await line.until("consent")
    assert (asked["purpose"], asked["wording_version"]) == ("public", "2026-1-public")
    assert "Everybody on the internet" in asked["wording"]
    case = await bo.ok("GET", f"/api/v1/cases/{bo.case}")
    assert case["broadcast"]["consent"]["asked"]
    assert case["consent"] is None
    given = {"answer": "given", "wording_version": asked["wording_version"]}
    assert (await bo.ok("POST", f"{one}/consent", given))["answer"] == "given"
    assert (await bo.post(f"/api/v1/sessions/{bo.session}/consent", given)).code == "conflict"
    live = await ann.ok("POST", f"{one}/live")
    assert [person["shown"] for person in live["people"]] == [True]
    async with asyncio.timeout(WAIT_S):
        while "live" not in [told["state"] for told in line.told("broadcast")]:
            await line.until("broadcast", len(line.told("broadcast")) + 1)
    assert (await bo.ok("GET", f"/api/v1/cases/{bo.case}"))["broadcast"]["shown"]
    for refused in (one, "/api/v1/broadcasts"):
        assert (await bo.get(refused)).status == 403
    assert (await ann.ok("POST", f"{one}/end"))["state"] == "ended"
    case = await bo.ok("GET", f"/api/v1/cases/{bo.case}")
    assert (case["broadcast"], case["session"]["state"]) == (None, "running")


async def _seat(site: Site, customer: Browser) -> None:
    """As if a browser had joined."""
    visitor = await find_visitor(site.house, customer.cookies().partition("=")[2])
    assert visitor is not None
    await admit(site.house, visitor, SessionId(customer.session))
