"""What the media worker sees of a running call, on its way to the pages that are in it."""

import dataclasses
from typing import Any

import pytest

from server.domain.words import ConnectionId, LineState, ParticipantId, PersonKind, SessionId, Trouble
from server.media.protocol import LayersView, LineView
from server.service.media_views import PersonLine, Speaking
from tests.api.scene import add_connection, first_link
from tests.site import Browser, Line, Site


async def holding(site: Site, browser: Browser) -> tuple[Line, ConnectionId]:
    """A customer's page that holds a media connection."""
    kept = await add_connection(site, PersonKind.CUSTOMER, browser.case, await first_link(site, browser.case))
    line = await browser.line()
    assert await line.ask("hold", {"connection": kept}) == {"ok": True}
    return line, ConnectionId(kept)


async def test_who_speaks_is_told_to_the_pages_in_the_call_and_to_no_other(site: Site) -> None:
    customer, other = await site.customer(), await site.customer()
    (line, mine), (strange, _) = await holding(site, customer), await holding(site, other)
    speaking = Speaking(SessionId(customer.session), [ParticipantId("p1")], ParticipantId("p1"))
    await site.house.announcer.speaking([mine], speaking)
    assert await line.until("speaking") == [{"session": customer.session, "participants": ["p1"], "main": "p1"}]
    again = await customer.line()
    await again.ask("hold", {"connection": mine})
    assert len(await again.until("speaking")) == 1  # A page that comes later hears it, too.
    assert strange.told("speaking") == []


async def test_layers_that_are_watched_are_told_to_the_page_that_sends_them(site: Site) -> None:
    customer, other = await site.customer(), await site.customer()
    (line, mine), (strange, _) = await holding(site, customer), await holding(site, other)
    await site.house.announcer.layers(mine, [LayersView("0", ["m"]), LayersView("2", [], 400_000)])
    await site.house.announcer.layers(mine, [LayersView("0", ["m", "h"])])
    told = await line.until("layers", 2)
    camera, screen = (
        {"mid": "0", "rids": ["m", "h"], "limit_bps": None},
        {"mid": "2", "rids": [], "limit_bps": 400_000},
    )
    assert told[-1] == {"connection": mine, "sources": [camera, screen]}
    again = await customer.line()
    await again.ask("hold", {"connection": mine})
    assert await again.until("layers") == told[-1:]
    assert strange.told("layers") == []


async def test_only_who_holds_a_connection_says_how_large_it_shows_pictures(site: Site) -> None:
    customer, other = await site.customer(), await site.customer()
    (line, mine), (strange, _) = await holding(site, customer), await holding(site, other)
    said = {"connection": mine, "tiles": [{"mid": "3", "width": 640, "height": 360}]}
    assert (await strange.ask("tiles", said))["code"] == "not_found"
    assert (await line.ask("tiles", said))[
        "code"
    ] == "media_away"  # It would go to the worker, which this site does not have.
    for tile in ({"mid": "3", "width": -1, "height": 1}, {"mid": "x" * 17, "width": 1, "height": 1}, {"mid": "3"}):
        assert (await line.ask("tiles", {"connection": mine, "tiles": [tile]}))["code"] == "bad_field"
    assert (await line.ask("tiles", {**said, "tiles": said["tiles"] * 25}))["code"] == "bad_field"


def seen(participant: str, **more: Any) -> PersonLine:
    nothing: dict[str, Any] = {one.name: None for one in dataclasses.fields(PersonLine)}
    line = {
        "participant": participant,
        "state": LineState.GOOD,
        "trouble": Trouble.NONE,
        "lowered": False,
        "twice": False,
    }
    return PersonLine(**{**nothing, **line, **more})


async def test_lines_of_all_are_told_to_agents_and_to_others_their_own(site: Site) -> None:
    customer, agent = await site.customer(), await site.agent()
    line, mine = await holding(site, customer)
    hers = ConnectionId(await add_connection(site, PersonKind.AGENT, agent.agent_id, None))
    desk = await agent.line()
    await desk.ask("hold", {"connection": hers})
    weak = seen("p1", state=LineState.WEAK, trouble=Trouble.DELAY, rtt_ms=500.0)
    await site.house.announcer.lines(SessionId(customer.session), {mine: weak, hers: seen("p2")})
    (told,) = await line.until("lines")
    assert [one["participant"] for one in told["lines"]] == ["p1"]
    (told,) = await desk.until("lines")
    assert [(one["participant"], one["state"], one["trouble"]) for one in told["lines"]] == [
        ("p1", "weak", "delay"),
        ("p2", "good", "none"),
    ]
    numbers = (await agent.get("/metrics")).body.decode()
    assert 'oase_line_looks_total{state="weak",trouble="delay"}' in numbers
    assert "p1" not in numbers


async def test_page_tells_what_it_saw_of_a_connection_that_it_holds(site: Site) -> None:
    customer, other = await site.customer(), await site.customer()
    (line, mine), (strange, _) = await holding(site, customer), await holding(site, other)
    view = LineView("p1", mine, 0, 0, None, None, None, None, None, 0)
    lines, now = site.house.lines, site.house.now()
    lines.see(SessionId(customer.session), view, 5.0, now, now)
    look = {"connection": mine, "seconds": 10.0, "frozen_s": 2.5, "made_up": 0.1, "fps": 30, "height": 360}
    assert (await strange.ask("looked", look))["code"] == "not_found"
    assert await line.ask("looked", look) == {"ok": True}
    seen_now = lines.see(SessionId(customer.session), view, 5.0, now, site.house.now())
    assert (seen_now.frozen, seen_now.made_up, seen_now.height) == (0.25, 0.1, 360)


@pytest.mark.parametrize(
    "wrong",
    [{"seconds": 0}, {"seconds": 1e9}, {"made_up": 2}, {"fps": -1}, {"height": 1e6}, {"frozen_s": "NaN"}, {"x": 1}],
)
async def test_look_that_no_page_makes_is_refused(site: Site, wrong: dict[str, Any]) -> None:
    line, mine = await holding(site, await site.customer())
    answer = await line.ask("looked", {"connection": mine, "seconds": 10.0, **wrong})
    assert answer["code"] == "bad_field"
