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
