"""Other people's things, by every route and socket event of the registry: nothing readable, nothing changed, no sign that it exists.

Generated from the registry: a new route or event without a sample body here fails.
"""

import re
import secrets
from typing import Any

import pytest

from server.api.door import Route, Shape, Thing, Who
from server.api.registry import EVENTS, ROUTES
from tests.api.scene import CANARY, SAMPLES, Scene, make_scene
from tests.site import Browser, Reply, Site

OPEN = {"/static/{name}", "/c/{case}"}
NAMED = [route for route in ROUTES if "{" in route.path and route.path not in OPEN and route.method != "OPTIONS"]
FOR_AGENTS = [route for route in ROUTES if route.who in {Who.AGENT, Who.ADMIN}]
FOR_ADMINS = [route for route in ROUTES if route.who is Who.ADMIN]
REFUSED = {401, 403, 404}
PARTS = ("anonymous", "customer_of_another_case", "guest_of_another_session", "revoked_guest", "expired_customer")


@pytest.fixture
async def scene(site: Site) -> Scene:
    return await make_scene(site)


def path_of(route: Route, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: ids[match.group(1)], route.path)


def missing_ids() -> dict[str, str]:
    named = (
        "case",
        "session",
        "recording",
        "connection",
        "link",
        "agent",
        "channel",
        "member",
        "line",
        "question",
        "poll",
    )
    made = {name: secrets.token_urlsafe(16) for name in named}
    return {**made, "name": "view.mp4"}


async def knock(browser: Browser, route: Route, ids: dict[str, str], **more: Any) -> Reply:
    body = dict(SAMPLES[route.body]) if route.body is not None else None
    headers = {"Accept": "text/html"} if route.shape is Shape.PAGE else {}
    return await browser.call(route.method, path_of(route, ids), body, headers={**headers, **more.get("headers", {})})


def told(reply: Reply, ids: dict[str, str]) -> tuple[int, bytes]:
    """Status and body, without the ids that the caller gave."""
    body = reply.body
    for value in ids.values():
        body = body.replace(value.encode(), b"ID")
    return reply.status, body


@pytest.mark.parametrize("who", PARTS)
async def test_strangers_find_nothing_behind_any_route(scene: Scene, who: str) -> None:
    stranger, nothing = scene.strangers[who], missing_ids()
    before = await scene.everything()
    for route in NAMED:
        theirs, missing = await knock(stranger, route, scene.ids), await knock(stranger, route, nothing)
        assert theirs.status in REFUSED, (who, route.key, theirs.status, theirs.body[:300])
        assert told(theirs, scene.ids) == told(missing, nothing), (who, route.key)
        assert CANARY.encode() not in theirs.body, (who, route.key)
    assert await scene.everything() == before


@pytest.mark.parametrize("who", PARTS)
async def test_ids_elsewhere_in_the_request_open_nothing(scene: Scene, who: str) -> None:
    """The victim's ids in query, headers and body, on every route that the stranger may use with ids of its own or none."""
    stranger = scene.strangers[who]
    own = {**missing_ids(), "case": stranger.case or "x", "session": stranger.session or "x"}
    smuggled = {f"X-{name}": value for name, value in scene.ids.items()}
    query = "&".join(f"{name}={value}" for name, value in scene.ids.items())
    for route in ROUTES:
        if route.method == "GET":
            reply = await stranger.get(f"{path_of(route, {**own, 'name': 'x'})}?{query}", headers=smuggled)
        elif route.body is not None:
            body = {**SAMPLES[route.body], **scene.ids, "name": "x"}
            reply = await stranger.call(route.method, path_of(route, {**own, "name": "x"}), body, headers=smuggled)
            assert reply.status >= 400, route.key
        else:
            continue
        assert CANARY.encode() not in reply.body, (who, route.key)


@pytest.mark.parametrize("who", [*PARTS, "victim", "guest"])
async def test_agents_routes_are_closed_to_everybody_else(scene: Scene, who: str) -> None:
    browser = {**scene.strangers, "victim": scene.victim, "guest": scene.guest}[who]
    before = await scene.everything()
    for route in FOR_AGENTS:
        reply = await knock(browser, route, scene.ids)
        assert reply.status in {*REFUSED, 303}, (who, route.key, reply.status)
        assert CANARY.encode() not in reply.body
    assert await scene.everything() == before


async def test_admins_routes_are_closed_to_agents(scene: Scene) -> None:
    before = await scene.everything()
    for route in FOR_ADMINS:
        reply = await knock(scene.ann, route, scene.ids)
        assert reply.status == 403, route.key
        assert route.shape is Shape.PAGE or reply.code == "forbidden", route.key
    assert await scene.everything() == before


async def test_guest_reaches_the_session_and_not_the_rest(scene: Scene) -> None:
    case = f"/api/v1/cases/{scene.victim.case}"
    view = await scene.guest.ok("GET", case)
    assert view["email"] is None
    assert view["recordings"] == []
    entries = (await scene.guest.ok("GET", f"{case}/timeline"))["entries"]
    assert all(entry["visibility"] == "everyone" for entry in entries)
    for path in (f"{case}/links", f"{case}/withdraw", f"{case}/queue"):
        assert (await scene.guest.post(path)).status in REFUSED, path
    recording = scene.ids["recording"]
    assert (await scene.guest.get(f"/api/v1/recordings/{recording}")).status == 404
    assert (await scene.guest.get(f"/recordings/{recording}/files/view.mp4")).status == 404


async def test_recording_is_the_customers_only_once_it_is_shared(scene: Scene) -> None:
    path = f"/api/v1/recordings/{scene.ids['recording']}"
    assert (await scene.victim.get(path)).status == 404
    await scene.ann.ok("POST", f"{path}/share", {"shared": True})
    assert (await scene.victim.get(path)).status == 200
    await scene.ann.ok("POST", f"{path}/share", {"shared": False})
    assert (await scene.victim.get(path)).status == 404


async def test_connection_of_another_agent_is_not_mine(scene: Scene) -> None:
    eve, nothing = await scene.site.agent("Eve"), missing_ids()
    for route in [route for route in NAMED if route.thing is Thing.CONNECTION]:
        theirs, missing = await knock(eve, route, scene.ids), await knock(eve, route, nothing)
        assert theirs.status == 404
        assert told(theirs, scene.ids) == told(missing, nothing)


@pytest.mark.parametrize("who", PARTS)
async def test_strangers_find_nothing_behind_any_event(scene: Scene, who: str) -> None:
    stranger = scene.strangers[who]
    if who == "anonymous":
        return  # Gets no socket at all (tests/signaling).
    before = await scene.everything()
    try:
        line = await stranger.line()
    except ConnectionError:
        return
    for event in EVENTS:
        theirs = await line.ask(event.name, _said(event.thing, scene.ids))
        missing = await line.ask(event.name, _said(event.thing, missing_ids()))
        assert theirs == missing, (who, event.name)
        assert theirs["ok"] is False or event.name == "unwatch", (who, event.name)
    assert line.heard == []
    assert await scene.everything() == before


def _said(thing: Thing, ids: dict[str, str]) -> dict[str, Any]:
    return {thing.value: ids[thing.value]} if thing is not Thing.NOTHING else {}


FOR_VISITORS = [route for route in NAMED if route.who is Who.VISITOR]


@pytest.mark.parametrize("route", FOR_VISITORS, ids=lambda route: route.key)
async def test_owner_gets_in_where_strangers_do_not(scene: Scene, route: Route) -> None:
    """The control of the matrix: the same requests are good ones when the right person makes them."""
    if route.thing is Thing.RECORDING:
        await scene.ann.ok("POST", f"/api/v1/recordings/{scene.ids['recording']}/share", {"shared": True})
    reply = await knock(scene.victim, route, scene.ids)
    fine = reply.status < 300 or reply.code in {"conflict", "media_away", "bad_field", "bad_sdp", "session_ended"}
    assert fine, (route.key, reply.status, reply.body[:300])
