"""Channels and their reach by HTTP: who may, what the files for the authority hold, and what the sockets' bus carries."""

import csv
import io
from datetime import UTC, datetime, timedelta

from server.domain.viewers import Viewers
from server.domain.words import Openness, Role, SessionId
from tests.broadcast.hls.material import Show
from tests.broadcasts import first_channel, watched
from tests.shows import kept_stream, plan_broadcast
from tests.site import Site
from tests.worker_double import until

CHANNEL = "/api/v1/channels/main"


async def watch_lately(site: Site) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    channel = (await first_channel(site.house)).id
    await watched(site.house, channel, today - timedelta(days=40), today - timedelta(days=1), 1234.5, hours=0.5)


async def test_only_admins_change_a_channel(site: Site) -> None:
    agent, admin, customer = await site.agent(), await site.agent("Bob", Role.ADMIN), await site.customer()
    wish = {"responsible_name": "=Erika Muster", "warn_share": 0.5}
    assert [(await one.call("PATCH", CHANNEL, wish)).status for one in (site.browser(), customer, agent, admin)] == [
        401,
        403,
        403,
        200,
    ]
    refused = await admin.call("PATCH", CHANNEL, {"imprint_url": "ftp://x"})
    assert (refused.code, refused.json["field"]) == ("bad_field", "imprint_url")
    assert (await admin.call("PATCH", CHANNEL, {"warn_share": 0})).code == "bad_field"
    (one,) = (await agent.ok("GET", "/api/v1/channels"))["channels"]
    assert (one["channel"]["responsible_name"], one["channel"]["warn_share"], one["standing"]) == (
        "=Erika Muster",
        0.5,
        "below",
    )


async def test_spreadsheet_holds_law_definition_period_and_every_step(site: Site) -> None:
    await watch_lately(site)
    admin = await site.agent("Bob", Role.ADMIN)
    await admin.ok("PATCH", CHANNEL, {"responsible_name": "=Erika Muster"})
    for language, mark, average in (("de", ";", "1234,5"), ("en", ",", "1234.5")):
        reply = await admin.get(f"{CHANNEL}/reach.csv", headers={"Accept-Language": language})
        assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in reply.headers["Content-Disposition"]
        rows = list(csv.reader(io.StringIO(reply.body.decode("utf-8-sig")), delimiter=mark))
        facts, steps = rows[: rows.index([])], rows[rows.index([]) + 2 :]
        assert [row[1] for row in facts if "20000" in row] == ["20000"]
        assert any("MStV" in row[1] for row in facts)
        assert len([row for row in facts if row[0] == "Definition"]) == 7
        assert [row[1] for row in facts if "Erika" in row[1]] == ["'=Erika Muster"]
        assert len(steps) == 39 * 6
        assert {row[1] for row in steps} == {average}
        assert all(len(row) == 5 for row in steps)


async def test_file_for_programs_says_the_same(site: Site) -> None:
    await watch_lately(site)
    agent = await site.agent()
    found = (await agent.get(f"{CHANNEL}/reach.json")).json
    shown = await agent.ok("GET", f"{CHANNEL}/reach")
    assert (found["air_average"], found["limit"], len(found["definition"])) == (1234.5, 20_000, 7)
    assert found["weeks"] == shown["weeks"]
    assert sum(step["watch_s"] for step in found["steps"]) == found["watch_s"]
    for path in ("reach", "reach.csv", "reach.json"):
        assert (await site.browser().get(f"{CHANNEL}/{path}")).status == 401
        assert (await agent.get(f"/api/v1/channels/none/{path}")).status == 404


async def test_players_are_counted_by_the_playlists_that_they_get(site: Site) -> None:
    """One for each player that asks, however often; who gets nothing, or only a part, is no viewer."""
    session, secret = await plan_broadcast(site), await plan_broadcast(site, visibility=Openness.PRIVATE)
    for one in (session, secret):
        kept_stream(site, one, Show(8), ends=False)
    viewer = site.browser()
    for agent in ("VLC/3", "mpv", "VLC/3", "VLC/3"):
        for name in ("index.m3u8", "stream.m3u8"):
            assert (await viewer.get(f"/live/{session}/{name}", headers={"User-Agent": agent})).status == 200
    await viewer.get(f"/live/{session}/p0.m4s", headers={"User-Agent": "only parts"})
    assert (await viewer.get(f"/live/{secret}/index.m3u8")).status == 404
    here = site.house.viewers.look([], site.house.now())
    assert here == {session: Viewers(players=2)}


async def test_processes_hear_of_each_others_viewers(site: Site) -> None:
    """What another process says over the bus counts here; our own words, heard back, do not count twice."""
    session, house = SessionId("s"), site.house
    await house.announcer.viewers("another", {session: Viewers(5, 2)})
    await until(lambda: house.viewers.now(session) == Viewers(5, 2))
    house.viewers.connected(session, house.viewers.watcher("192.0.2.1", "Firefox"))
    await house.announcer.viewers(house.viewers.process, house.viewers.look([], house.now()))
    await until(lambda: house.viewers.now(session) == Viewers(6, 2))
    await house.announcer.viewers("another", {})
    await until(lambda: house.viewers.now(session) == Viewers(1, 0))


async def test_page_for_agents_says_the_definition(site: Site) -> None:
    agent = await site.agent()
    page = (await agent.get("/desk/channel")).body.decode()
    assert "§ 54 (1) MStV" in page
    assert "least squares" in page
    assert "readonly" in page
    assert "readonly" not in (await (await site.agent("Bob", Role.ADMIN)).get("/desk/channel")).body.decode()
    stranger = await site.browser().get("/desk/channel")
    assert (stranger.status, stranger.headers["Location"]) == (303, "/desk/sign-in?next=%2Fdesk%2Fchannel")
