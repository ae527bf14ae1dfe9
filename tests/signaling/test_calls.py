"""What the media worker sees of a running call, on its way to the pages that are in it."""

from server.domain.words import ConnectionId, ParticipantId, PersonKind, SessionId
from server.service.media_views import Speaking
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
    await site.house.announcer.layers(mine, {"0": ["m"]})
    await site.house.announcer.layers(mine, {"0": ["m", "h"]})
    told = await line.until("layers", 2)
    assert told[-1] == {"connection": mine, "sources": [{"mid": "0", "rids": ["m", "h"]}]}
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
