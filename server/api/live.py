"""Live streams by HTTP: playlists and parts, asked for several times a second by each viewer, and each answer shared by all of them.

What passes here pays no limit, since a whole office may watch behind one address; only what is not there, or cannot be understood, does.
"""

from aiohttp import web

from server.api.call import EDGE, LIMITS, Call, Handlers
from server.api.callers import principal_of
from server.api.limits import PER_ADDRESS
from server.domain.principal import Principal
from server.service import live
from server.service.live import Shown

handlers = Handlers()

NAMES_MAX = 40
MISS_COST = 2
SAFE = {"X-Content-Type-Options": "nosniff"}
FOR_ALL = {
    **SAFE,
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
FOR_US = {**SAFE, "Cross-Origin-Resource-Policy": "same-origin"}


@handlers.on("GET /live/{session}/{name}")
@handlers.on("HEAD /live/{session}/{name}")
@handlers.on("GET /live/{session}/small/{name}")
@handlers.on("HEAD /live/{session}/small/{name}")
async def read_stream(call: Call) -> web.Response:
    """A playlist or a part: now, or once it is there."""
    request = call.request
    name = request.match_info["name"]

    async def asking() -> Principal:
        return await principal_of(call.house, request.app[EDGE], request)

    if len(name) > NAMES_MAX:
        shown = live.NOTHING
    else:
        shown = await live.show(call.house, asking, call.session, name, request.query, folder_of(request.path))
    if shown.answer.status == 200 and name.endswith(".m3u8") and request.method == "GET":
        viewers, address = call.house.viewers, request.app[EDGE].caller(request)
        viewers.saw(call.session, viewers.watcher(address, request.headers.get("User-Agent", "")))
    if shown.answer.status in (400, 404):
        await request.app[LIMITS].spend("stream", request.app[EDGE].caller(request), MISS_COST, PER_ADDRESS)
    return await _reply(request, shown)


def folder_of(path: str) -> str:
    """Of the smaller rendition, or ""."""
    return "small" if "/small/" in path else ""


async def _reply(request: web.Request, shown: Shown) -> web.Response:
    answer = shown.answer
    body, headers = answer.body, {**answer.headers, **(FOR_ALL if shown.is_public else FOR_US)}
    if answer.may_be_packed and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = await answer.packed()
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=answer.status, body=body, headers=headers)
