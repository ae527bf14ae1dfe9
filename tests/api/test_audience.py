"""Taking part by HTTP: who may use which route of the registry, floods, and bodies that nobody sends."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server.api.audience_routes import AUDIENCE
from server.api.door import Route
from server.domain.words import MemberRole, Openness, SessionId
from server.service.agents import find_agent
from server.service.audience import hands, members, polls
from server.service.audience.views import MemberView
from tests.api.scene import SAMPLES
from tests.audience import Fan, ask, join, open_broadcast, say, set_broadcast
from tests.desk import client_id
from tests.site import Browser, Reply, Site, running_site, settings_for

FOR_MODERATORS = {
    "PATCH audience", "GET members", "PATCH members/{member}", "PATCH lines/{line}", "PATCH questions/{question}",
    "POST polls", "PATCH polls/{poll}", "GET hands", "PATCH hands/{member}", "DELETE hands/{member}",
}  # fmt: skip
FOR_MEMBERS = {
    "POST lines", "POST questions", "PUT questions/{question}/vote", "DELETE questions/{question}/vote", "PUT polls/{poll}/vote",
    "POST hands", "DELETE hands",
}  # fmt: skip
FOR_AGENTS = {"POST questions/{question}/case", "POST members/{member}/case", "POST members/{member}/stage"}
OFF_STAGE = "DELETE members/{member}/stage"  # For agents, and for the member.
ON_STAGE = "GET stage"  # For who is called there, which nobody here is.
FOR_ALL = {"GET audience", "GET events", "GET invitations", "POST members", "POST me-too", "DELETE me-too"}
SPEAKING = {"POST lines", "POST questions", "POST hands"}
MEMBERS_ONLY = (FOR_MEMBERS | {"POST members", "POST me-too", "DELETE me-too"}) - {"POST lines"}


@dataclass
class Hall:
    site: Site
    session: SessionId
    ids: dict[str, str]
    people: dict[str, Browser]


async def browser_of(site: Site, fan: Fan) -> Browser:
    browser = site.browser("visitor")
    browser.carried = f"__Host-oase-visitor={fan.token}"
    return browser


@pytest.fixture
async def hall(site: Site) -> Hall:
    customer, agent = await site.customer(), await site.agent()
    house = site.house
    session = await open_broadcast(house, customer.case)
    fans = {
        name: await join(house, session, name, f"192.0.2.{n}")
        for n, name in enumerate(("member", "muted", "moderator", "banned"))
    }
    line, question = await say(house, session, fans["member"]), await ask(house, session, fans["member"])
    ann = await find_agent(site.house, agent.cookies().partition("=")[2])
    assert ann is not None
    poll = await polls.open_poll(house, ann, session, "Which?", ["A", "B"], client_id())
    await hands.raise_hand(house, fans["member"].principal, session)
    await members.moderate_member(house, ann, session, fans["muted"].id, muted=True)
    await members.moderate_member(house, ann, session, fans["moderator"].id, role=MemberRole.MODERATOR)
    await members.moderate_member(house, ann, session, fans["banned"].id, banned=True)
    ids = {"session": session, "member": fans["member"].id, "line": line.id, "question": question.id, "poll": poll.id}
    people = {name: await browser_of(site, fan) for name, fan in fans.items()}
    return Hall(site, session, ids, {**people, "nobody": site.browser(), "customer": customer, "agent": agent})


def name_of(route: Route) -> str:
    return f"{route.method} {route.path.partition('{session}/')[2]}"


async def knock(browser: Browser, route: Route, ids: dict[str, str]) -> Reply:
    path = re.sub(r"\{(\w+)\}", lambda found: ids[found.group(1)], route.path)
    body = dict(SAMPLES[route.body]) if route.body else None
    if body and "client_id" in body:
        body["client_id"] = client_id()
    return await browser.call(route.method, path, body)


def code_expected(who: str, name: str) -> str:
    """What the reply has to say; "" for success."""
    if name == ON_STAGE:
        return "not_found"
    if who == "agent":
        return "forbidden" if name in MEMBERS_ONLY - {"DELETE hands/{member}"} else ""
    if name in {"GET audience", "GET events", "GET invitations"}:
        return ""
    if name in FOR_AGENTS:
        return "not_signed_in" if who == "nobody" else "forbidden"
    if name == OFF_STAGE:
        return "" if who == "member" else "forbidden"
    if who == "banned":
        return "banned"
    if name in FOR_ALL:
        return ""
    if who in {"nobody", "customer"}:
        return "not_a_member"
    if name in FOR_MODERATORS:
        return "" if who == "moderator" else "forbidden"
    return "muted" if who == "muted" and name in SPEAKING else ""


@pytest.mark.parametrize("who", ["nobody", "customer", "member", "muted", "banned", "moderator", "agent"])
async def test_each_route_is_open_to_whom_it_is_for(hall: Hall, who: str) -> None:
    last = [
        "PATCH polls/{poll}",
        "DELETE hands",
        "DELETE hands/{member}",
        "POST members",
    ]  # What would change the others' answers.
    order = sorted(AUDIENCE, key=lambda route: last.index(name_of(route)) if name_of(route) in last else -1)
    known = FOR_MODERATORS | FOR_MEMBERS | FOR_ALL | FOR_AGENTS | {OFF_STAGE, ON_STAGE}
    assert {name_of(route) for route in AUDIENCE} == known
    for route in order:
        reply = await knock(hall.people[who], route, hall.ids)
        expected = code_expected(who, name_of(route))
        assert reply.code == expected, (who, route.key, reply.body[:200])
        assert (reply.status < 300) == (not expected), (who, route.key, reply.status)


@pytest.mark.parametrize("who", ["nobody", "member", "moderator", "banned"])
async def test_private_audience_does_not_exist_for_strangers(hall: Hall, who: str) -> None:
    await set_broadcast(hall.site.house, hall.session, visibility=Openness.PRIVATE)
    missing = {**hall.ids, "session": secrets.token_urlsafe(16)}
    for route in AUDIENCE:
        theirs, nothing = await knock(hall.people[who], route, hall.ids), await knock(hall.people[who], route, missing)
        assert (theirs.status, theirs.body) == (nothing.status, nothing.body), route.key
        assert theirs.status in ({401, 403} if name_of(route) in FOR_AGENTS else {404}), route.key


async def test_things_of_another_audience_are_not_found(hall: Hall) -> None:
    other = await open_broadcast(hall.site.house, hall.people["customer"].case)
    ids = {**hall.ids, "session": other}
    for route in AUDIENCE:
        if "{" in route.path.partition("{session}/")[2] and name_of(route) != "DELETE hands/{member}":
            reply = await knock(hall.people["agent"], route, ids)
            assert reply.code in {"not_found", "forbidden"}, (route.key, reply.body[:200])


async def test_first_name_gives_a_cookie_and_a_second_browser_is_somebody_else(hall: Hall) -> None:
    path = f"/api/v1/broadcasts/{hall.session}"
    one, two = hall.site.browser(), hall.site.browser()
    first = await one.ok("POST", f"{path}/members", {"name": "Bo"})
    assert (await one.ok("POST", f"{path}/members", {"name": "Bo B."}))["id"] == first["id"]
    assert (await two.ok("POST", f"{path}/members", {"name": "Bo"}))["id"] != first["id"]
    assert (await one.ok("GET", f"{path}/audience"))["me"]["name"] == "Bo B."


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\U0001f600" * 501])
async def test_line_of_a_megabyte_is_refused_and_nothing_else_happens(hall: Hall, text: str) -> None:
    path = f"/api/v1/broadcasts/{hall.session}"
    reply = await hall.people["member"].post(f"{path}/lines", {"text": text, "client_id": client_id()})
    assert (reply.status, reply.code) in {(413, "too_large"), (400, "bad_field")}
    assert reply.json["detail"]
    again = await hall.people["member"].post(f"{path}/lines", {"text": "\U0001f600" * 500, "client_id": client_id()})
    assert again.status == 201, again.body


async def test_flood_of_one_is_stopped_and_others_write_on(tmp_path: Path) -> None:
    async with running_site(settings_for(tmp_path, rate=1.0)) as site:
        customer = await site.customer()
        session = await open_broadcast(site.house, customer.case)
        path = f"/api/v1/broadcasts/{session}"
        loud, calm = [
            await browser_of(site, await join(site.house, session, name, f"192.0.2.{n}")) for n, name in enumerate("ab")
        ]

        async def write(browser: Browser) -> Reply:
            return await browser.post(f"{path}/lines", {"text": "hey", "client_id": client_id()})

        replies = await asyncio.gather(*(write(loud) for _ in range(60)))
        refused = [one for one in replies if one.status == 429]
        assert 20 <= len(refused) <= 40
        assert all(one.code == "too_many_requests" and int(one.headers["Retry-After"]) > 0 for one in refused)
        assert (await write(calm)).status == 201


async def test_what_people_type_comes_back_as_they_typed_it(hall: Hall) -> None:
    """No markup is known, none is taken away: pages show it as text."""
    path = f"/api/v1/broadcasts/{hall.session}"
    text = "<img src=x onerror=alert(1)> & \"quotes\" 'n' <b>so</b>"
    said = await hall.people["member"].ok("POST", f"{path}/lines", {"text": text, "client_id": client_id()})
    assert said["text"] == text


async def test_ban_by_http_keeps_a_new_browser_of_the_address_out(hall: Hall) -> None:
    path = f"/api/v1/broadcasts/{hall.session}"
    bad, new = hall.site.browser(), hall.site.browser()
    member: dict[str, Any] = await bad.ok("POST", f"{path}/members", {"name": "Bad"})
    assert set(member) == set(MemberView.__slots__)
    await hall.people["moderator"].ok("PATCH", f"{path}/members/{member['id']}", {"banned": True})
    assert (await new.post(f"{path}/members", {"name": "New"})).code == "banned"
    assert (await bad.post(f"{path}/members", {"name": "Bad"})).code == "banned"
    assert (await new.ok("GET", f"{path}/events"))["seq"] > 0  # Reading and watching stay open.
