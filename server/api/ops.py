"""For those who run it: alive, ready, numbers, and the description of the API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from server.api.call import Call, Handlers
from server.api.metrics import METRICS
from server.api.openapi import description
from server.api.registry import EVENTS, ROUTES
from server.api.wire import to_text
from server.errors import OaseError

CHECK_LIMIT_S = 2.0

handlers = Handlers()

Check = Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class Readiness:
    """What has to answer before this process takes people: each check by its name. `is_ending`: SIGTERM came.

    Of the media workers one is enough: newcomers are sent there, and the others are being started again.
    """

    checks: Mapping[str, Check] = field(default_factory=dict)
    media: Sequence[Check] = ()
    is_ending: bool = False


READINESS = web.AppKey("readiness", Readiness)


@handlers.on("GET /healthz")
async def alive(call: Call) -> web.Response:
    """This process answers; nothing else is asked."""
    return web.Response(text="ok\n", headers={"Cache-Control": "no-store"})


@handlers.on("GET /readyz")
async def ready(call: Call) -> web.Response:
    """200 when everything answers, else 503; says of each part whether it does."""
    readiness = call.request.app[READINESS]
    looked_at = [*readiness.checks.values(), *readiness.media]
    answers = await asyncio.gather(*(_passes(check) for check in looked_at))
    parts = dict(zip(readiness.checks, answers, strict=False))
    workers = answers[len(parts) :]
    is_ready = all(parts.values()) and any(workers) and not readiness.is_ending
    told = {"ready": is_ready, "ending": readiness.is_ending, **parts, "media": any(workers), "workers": workers}
    text = to_text(told)
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=text, status=200 if is_ready else 503, content_type="application/json", headers=headers)


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_LIMIT_S):
            return await check()
    except (OaseError, TimeoutError, OSError):
        return False


@handlers.on("GET /metrics")
async def numbers(call: Call) -> web.Response:
    """All series in the text format of Prometheus."""
    body = generate_latest(METRICS.registry)
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    return web.Response(body=body, headers=headers)


@handlers.on("GET /api/openapi.json")
async def openapi(call: Call) -> web.Response:
    """The registry as OpenAPI 3.1."""
    text = to_text(description(ROUTES, EVENTS))
    return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "public, max-age=300"})
