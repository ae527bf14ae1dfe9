"""Short ways to write a route of the registry."""

from server.api.door import Route, Shape, Thing, Who
from server.api.requests import Request

API = "/api/v1"


def get(path: str, who: Who, summary: str, answer: object, thing: Thing = Thing.NOTHING, cost: int = 1) -> Route:
    """A route that answers JSON."""
    return Route("GET", path, who, summary, answer=answer, thing=thing, cost=cost)


def page(path: str, summary: str, who: Who = Who.ANYONE, thing: Thing = Thing.NOTHING) -> Route:
    """A page for people."""
    return Route("GET", path, who, summary, thing=thing, shape=Shape.PAGE)


def plain_bytes(path: str, summary: str, who: Who = Who.ANYONE, thing: Thing = Thing.NOTHING) -> Route:
    """A file, or numbers for another program."""
    return Route("GET", path, who, summary, thing=thing, shape=Shape.BYTES)


def post(
    path: str,
    who: Who,
    summary: str,
    body: type[Request] | None,
    answer: object,
    thing: Thing = Thing.NOTHING,
    *,
    status: int = 200,
    cost: int = 2,
    limit_bytes: int = 8 * 1024,
) -> Route:
    """A route that changes something; without an `answer` it says nothing (204)."""
    code = status if answer is not None else 204
    return Route("POST", path, who, summary, body, answer, thing, code, cost, limit_bytes)
