"""Personal links and the browsers that hold them. Secrets are stored as SHA-256 only."""

from server.domain.principal import Principal, Visitor
from server.domain.words import CaseId, LinkId, SessionId
from server.service.house import House
from server.service.views import LinkExchanged, LinkView


async def find_visitor(house: House, token: str) -> Visitor | None:
    """Whose cookie this is, with the links that are valid now; None for an unknown or expired one. Slides its 8 hours."""
    raise NotImplementedError


async def exchange_link(house: House, principal: Principal, secret: str) -> tuple[LinkExchanged, str | None]:
    """What the link leads to, and a visitor token for the cookie when the browser has none yet.

    Raises BadLink, the same for unknown, expired and revoked.
    """
    raise NotImplementedError


async def make_case_link(house: House, principal: Principal, case: CaseId) -> LinkView:
    """Another link of the customer's, for another device or to send again. Customer of the case, or an agent."""
    raise NotImplementedError


async def invite_guest(house: House, principal: Principal, session: SessionId, name: str) -> LinkView:
    """A link for one more person, to this session only. Agents. Raises SessionEnded, BadField."""
    raise NotImplementedError


async def revoke_link(house: House, principal: Principal, link: LinkId) -> None:
    """The link opens nothing any more, and who came by it is out of the call. Agents."""
    raise NotImplementedError
