"""Who calls: one principal for each request and each socket, from its cookies."""

from aiohttp import web

from server.api.door import Who
from server.api.security import Edge
from server.domain.principal import Agent, Anonymous, Principal
from server.domain.rights import admin_only, agent_only
from server.errors import NotSignedIn
from server.service.agents import find_agent
from server.service.house import House
from server.service.links import find_visitor

AS_HEADER = "Oase-As"


async def principal_of(house: House, edge: Edge, request: web.BaseRequest, wish: str = "") -> Principal:
    """The agent, the visitor, or nobody.

    A browser may hold both cookies (an agent who opens a customer's link): `wish` ("visitor" or "agent", from the page)
    then says as whom it calls. It chooses between what the cookies prove and gives nothing by itself.
    """
    wish = wish or request.headers.get(AS_HEADER, "")
    kinds = ("visitor", "agent") if wish == "visitor" else ("agent", "visitor")
    for kind in kinds:
        secret = edge.cookie(request, kind)
        if not secret:
            continue
        found = await (find_agent(house, secret) if kind == "agent" else find_visitor(house, secret))
        if found is not None:
            return found
    return Anonymous()


def check_door(who: Who, principal: Principal) -> None:
    """Raises NotSignedIn or Forbidden when this kind of person may not use the route at all."""
    if who is Who.ADMIN:
        admin_only(principal)
    elif who is Who.AGENT:
        agent_only(principal)
    elif who is Who.VISITOR and isinstance(principal, Anonymous):
        raise NotSignedIn


def describe(principal: Principal) -> dict[str, str] | None:
    """The caller for templates and page data."""
    if isinstance(principal, Agent):
        return {"kind": "agent", "id": principal.agent_id, "name": principal.name, "role": principal.role.value}
    return None if isinstance(principal, Anonymous) else {"kind": "visitor"}
