"""Around every request: an id, one line in the log, numbers, safe headers, and failures turned into problem details or an error page."""

import asyncio
import functools
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import Counter

from server.api.call import ADDRESS, EDGE, FRAMED_BY, LIMITS, OPEN_SOCKETS
from server.api.door import Shape, Who
from server.api.language import COOKIE, of_request, words
from server.api.metrics import METRICS
from server.api.pages import error_page
from server.api.router import ROUTE
from server.api.wire import to_text
from server.errors import (
    BadKey,
    BadRequest,
    CrossOrigin,
    NotFound,
    NotSignedIn,
    OaseError,
    TooLarge,
    TooSlow,
    WrongMethod,
)

log = structlog.get_logger(__name__)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]
CORS = {  # Machines bring a key; cookies count from our own pages only, so that any origin may read the reply.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Patch, Retry-After",
}
SOCKET_PATH = "/socket.io/"
STREAM_PATH = "/live/"
YEAR_S = 365 * 24 * 3600


@web.middleware
async def around(request: web.Request, handler: Next) -> web.StreamResponse:
    """The outermost middleware. The log names the route's pattern, never ids, queries or bodies."""
    if request.path == SOCKET_PATH:
        return await _open_socket(request, handler)
    if request.path.startswith(STREAM_PATH):
        return await _stream(request, handler)
    started, number = time.perf_counter(), secrets.token_hex(6)
    structlog.contextvars.bind_contextvars(request=number)
    error: OaseError | None = None
    try:
        reply = await handler(request)
    except OaseError as failure:
        error = failure
        reply = failure_reply(request, failure)
    except web.HTTPException as failure:
        error = _of_http(failure)
        reply = failure_reply(request, error, _allow(failure)) if error else failure
    except (asyncio.CancelledError, ConnectionError):
        raise
    except Exception:  # The edge: a bug is logged once with its traceback, and the caller gets a sentence.
        log.exception("request_failed", route=_route_of(request))
        error = OaseError()
        reply = failure_reply(request, error)
    finally:
        structlog.contextvars.unbind_contextvars("request")
    _note(request, reply.status, error, time.perf_counter() - started, number)
    return reply


async def _open_socket(request: web.Request, handler: Next) -> web.StreamResponse:
    """The handshake of a socket: the same origin check as for changes, and a limit on open sockets of one address."""
    edge = request.app[EDGE]
    request[ADDRESS] = edge.caller(request)
    try:
        edge.check_same_origin(request)
        request.app[LIMITS].check_sockets(request.app[OPEN_SOCKETS].of(request[ADDRESS]))
    except OaseError as error:
        log.info("socket_refused", code=error.code)
        METRICS.requests.labels("GET /socket.io/", str(error.status)).inc()
        return failure_reply(request, error)
    return await handler(request)


async def _stream(request: web.Request, handler: Next) -> web.StreamResponse:
    """Playlists and parts, thousands a second: counted, but in no log unless something is wrong."""
    try:
        reply = await handler(request)
    except OaseError as failure:
        reply = failure_reply(request, failure)
    except web.HTTPException as failure:
        error = _of_http(failure)
        reply = failure_reply(request, error, _allow(failure)) if error else failure
    except (asyncio.CancelledError, ConnectionError):
        raise
    except Exception:  # The edge, as above.
        log.exception("request_failed", route=_route_of(request))
        reply = failure_reply(request, OaseError())
    _streams_of(reply.status).inc()
    return reply


@functools.cache
def _streams_of(status: int) -> Counter:
    """Finding a series by its labels takes longer than counting."""
    return METRICS.requests.labels("GET /live/{session}/{name}", str(status))


async def add_headers(request: web.Request, reply: web.StreamResponse) -> None:
    """Signal before the headers go out: whatever made the reply, it carries them."""
    route = request.get(ROUTE)
    if route is not None and route.shape is Shape.STREAM:
        reply.headers.popall("Server", None)
        return
    for name, value in request.app[EDGE].headers(request, request.get(FRAMED_BY, "")).items():
        reply.headers.setdefault(name, value)
    if route is None or route.shape is not Shape.BYTES or route.who is not Who.ANYONE:
        reply.headers.setdefault("Cache-Control", "no-store")
    if route is not None and route.shape is Shape.SDP:
        reply.headers.update(CORS)
    if reply.headers.get("Server"):
        del reply.headers["Server"]
    if "lang" in request.query and route is not None and route.shape is Shape.PAGE:
        # A header, not `set_cookie`: aiohttp has written the cookies by the time of this signal.
        cookie = f"{COOKIE}={of_request(request).value}; Max-Age={YEAR_S}; Path=/; SameSite=Lax"
        reply.headers.add("Set-Cookie", cookie)


def failure_reply(request: web.Request, error: OaseError, headers: dict[str, str] | None = None) -> web.Response:
    """An error page for pages, problem details for everything else."""
    route = request.get(ROUTE)
    language = of_request(request)
    sentence = words(language).sentence(error)
    headers = dict(headers or {})
    if isinstance(error, BadKey):
        headers["WWW-Authenticate"] = 'Bearer realm="Oase"'
    if error.status in {429, 503}:
        headers["Retry-After"] = str(int(float(error.facts.get("retry_after_s", 2))))
    wants_page = route.shape is Shape.PAGE if route else _wants_page(request)
    if wants_page:
        return error_page(request, error, sentence, language, headers)
    text = to_text(problem(error, sentence))
    reply = web.Response(text=text, status=error.status, headers=headers, content_type="application/problem+json")
    if isinstance(error, TooSlow | TooLarge):
        reply.force_close()  # The rest of its body is not waited for.
    return reply


def problem(error: OaseError, sentence: str) -> dict[str, Any]:
    """Problem details (RFC 9457) with the error's facts beside them."""
    title = (type(error).__doc__ or "").partition(";")[0].partition(".")[0].split("\n")[0]
    core = {"type": "about:blank", "title": title, "status": error.status, "code": error.code, "detail": sentence}
    return {**error.facts, **core}


def _wants_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api/")


def _of_http(failure: web.HTTPException) -> OaseError | None:
    """aiohttp's own refusals in our words; None for replies that are no failures."""
    if failure.status < 400:
        return None
    if failure.status == 404:
        return NotFound()
    if failure.status == 405:
        return WrongMethod()
    return TooLarge() if failure.status == 413 else BadRequest()


def _allow(failure: web.HTTPException) -> dict[str, str]:
    return {"Allow": failure.headers["Allow"]} if "Allow" in failure.headers else {}


def _route_of(request: web.Request) -> str:
    route = request.get(ROUTE)
    return route.key if route else f"{request.method} (none)" if len(request.method) < 10 else "(none)"


def _note(request: web.Request, status: int, error: OaseError | None, took_s: float, number: str) -> None:
    route = _route_of(request)
    METRICS.requests.labels(route, str(status)).inc()
    METRICS.request_s.labels(route).observe(took_s)
    quiet = route.endswith(("/healthz", "/readyz", "/metrics", "/static/{name}"))
    expected = isinstance(error, NotSignedIn | CrossOrigin | None)
    say = log.debug if quiet else log.info if expected or status < 500 else log.warning
    facts = {"code": error.code} if error else {}
    say("request", route=route, status=status, ms=round(took_s * 1000, 1), id=number, **facts)
