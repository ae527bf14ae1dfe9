"""Pairs the registry with its handlers, and leads each request through its door: origin, limits, caller, body, handler, reply."""

import asyncio
import functools
from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import web

from server.api.call import EDGE, HOUSE, LIMITS, Call, Handler, Handlers
from server.api.callers import check_door, holder_of, principal_of
from server.api.door import Route, Shape, Who
from server.api.language import DEFAULT, of_request
from server.api.limits import PER_ADDRESS, PER_COOKIE
from server.api.requests import Request
from server.api.security import SAFE_METHODS
from server.api.wire import adapter, parse
from server.domain.principal import Agent, Anonymous, Principal, Visitor
from server.errors import NotJson, TooLarge, TooSlow

BODY_LIMIT_S = 14.0
ROUTE = web.RequestKey("route", Route)
_UNCOUNTED = frozenset({"/healthz", "/readyz", "/metrics", "/static/{name}"})


def add_routes(app: web.Application, routes: Sequence[Route], groups: Iterable[Handlers]) -> None:
    """Adds every route of the registry. Raises RuntimeError for a route without a handler, or a handler without a route."""
    by_key: dict[str, Handler] = {}
    for group in groups:
        by_key.update(group.by_key)
    known = {route.key for route in routes}
    if known != by_key.keys():
        raise RuntimeError(f"registry and handlers differ: {sorted(known ^ by_key.keys())}")
    for route in routes:
        app.router.add_route(route.method, route.path, endpoint(route, by_key[route.key]))
    check_complete(app, routes)


def check_complete(app: web.Application, routes: Sequence[Route]) -> None:
    """Raises RuntimeError when the application answers anything that is not in the registry (the socket's own path aside)."""
    known = {(route.method, route.path) for route in routes}
    known |= {("HEAD", path) for method, path in known if method == "GET"}
    for added in app.router.routes():
        path = added.resource.canonical if added.resource else ""
        if (added.method, path) not in known and path != "/socket.io/":
            raise RuntimeError(f"{added.method} {path} is not in the registry")


def endpoint(route: Route, handler: Handler) -> Any:
    """The aiohttp handler of a route."""
    if route.shape is Shape.STREAM:
        return _lean_endpoint(route, handler)

    async def answer(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        edge, house = request.app[EDGE], request.app[HOUSE]
        if route.method not in SAFE_METHODS and route.who not in {Who.KEY, Who.AUDIENCE}:
            edge.check_same_origin(request)
        address = edge.caller(request)
        if route.path not in _UNCOUNTED:
            await request.app[LIMITS].spend("address", address, route.cost, PER_ADDRESS)
        principal: Principal = Anonymous()
        if route.who in {Who.KEY, Who.AUDIENCE}:
            principal = await holder_of(house, edge, request)
        elif route.shape in {Shape.JSON, Shape.PAGE} or route.who is not Who.ANYONE:
            principal = await principal_of(house, edge, request)
        await _spend_of(request, principal, route)
        check_door(route.who, principal)
        call = Call(request, route, house, principal, of_request(request), address)
        call.parsed = await read_body(request, route)
        return _reply(call, await handler(call))

    return functools.update_wrapper(answer, handler)


def _lean_endpoint(route: Route, handler: Handler) -> Any:
    """Of live streams: nobody is asked for, and no words are said, unless the handler does."""

    async def answer(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        reply: web.StreamResponse = await handler(Call(request, route, request.app[HOUSE], Anonymous(), DEFAULT, ""))
        return reply

    return functools.update_wrapper(answer, handler)


async def _spend_of(request: web.Request, principal: Principal, route: Route) -> None:
    if isinstance(principal, Visitor):
        await request.app[LIMITS].spend("visitor", principal.visitor_id, route.cost, PER_COOKIE)
    elif isinstance(principal, Agent):
        await request.app[LIMITS].spend("agent", principal.session_hash, route.cost, PER_COOKIE)


async def read_body(request: web.Request, route: Route) -> Request | None:
    """The parsed body. Raises TooLarge, BadRequest (no JSON), BadField (names the first wrong field)."""
    if route.method in SAFE_METHODS or route.shape is not Shape.JSON:
        return None
    if (request.content_length or 0) > route.limit_bytes:
        raise TooLarge(limit_bytes=route.limit_bytes)
    data = await read_at_most(request, route.limit_bytes)
    if route.body is None:
        return None
    if request.content_type != "application/json":
        raise NotJson
    return parse(route.body, data)


async def read_at_most(request: web.Request, limit_bytes: int, limit_s: float = BODY_LIMIT_S) -> bytes:
    """The body as it came. Raises TooLarge, TooSlow."""
    data = bytearray()
    try:
        async with asyncio.timeout(limit_s):
            async for chunk in request.content.iter_chunked(8192):
                data += chunk
                if len(data) > limit_bytes:
                    raise TooLarge(limit_bytes=limit_bytes)
    except TimeoutError:
        raise TooSlow from None
    return bytes(data)


def _reply(call: Call, value: Any) -> web.StreamResponse:
    """The handler's result as a response, with the cookies it gave."""
    route = call.route
    reply: web.StreamResponse
    if isinstance(value, web.StreamResponse):
        reply = value
    elif route.answer is None:
        reply = web.Response(status=call.status or 204)
    else:
        body = adapter(route.answer).dump_json(value)
        reply = web.Response(body=body, status=call.status or route.status, content_type="application/json")
    for kind, secret in call.cookies.items():
        call.request.app[EDGE].set_cookie(call.request, reply, kind, secret)
    return reply
