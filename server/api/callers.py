"""Who calls: one principal for each request and each socket, from its cookies."""

from aiohttp import web

from server.api.door import Who
from server.api.security import Edge
from server.domain.principal import Agent, Anonymous, Principal
from server.domain.rights import admin_only, agent_only
from server.errors import BadKey, NotSignedIn
from server.service.agents import find_agent
from server.service.house import House
from server.service.keys import find_holder
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


async def holder_of(house: House, edge: Edge, request: web.BaseRequest) -> Principal:
    """Who brings a key. Without one a cookie counts, but only from a page of our own; with one it never does. Raises BadKey."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not key.strip():
            raise BadKey
        return await find_holder(house, key.strip()[:128])
    if not edge.is_same_origin(request):
        return Anonymous()
    return await principal_of(house, edge, request)


def check_door(who: Who, principal: Principal) -> None:
    """Raises NotSignedIn, BadKey or Forbidden when this kind of person may not use the route at all."""
    if who is Who.KEY and isinstance(principal, Anonymous):
        raise BadKey
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
