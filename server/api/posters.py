"""Pictures that stand for broadcasts: sent by agents, seen by whoever may see the broadcast's page."""

from aiohttp import web

from server.api.call import Call, Handlers
from server.api.router import read_at_most
from server.domain.words import Openness
from server.service import posters
from server.service.broadcast_views import BroadcastView

handlers = Handlers()

UPLOAD_S = 60.0
KEPT_S = 300
"""How long caches may show a picture that was replaced or taken away."""


@handlers.on("PUT /api/v1/broadcasts/{session}/poster")
async def set_poster(call: Call) -> BroadcastView:
    data = await read_at_most(call.request, call.route.limit_bytes, UPLOAD_S)
    return await posters.set_poster(call.house, call.principal, call.session, data)


@handlers.on("DELETE /api/v1/broadcasts/{session}/poster")
async def remove_poster(call: Call) -> BroadcastView:
    return await posters.remove_poster(call.house, call.principal, call.session)


@handlers.on("GET /posters/{session}/{name}")
async def read_poster(call: Call) -> web.Response:
    name = call.request.match_info["name"]
    image, visibility = await posters.read_poster(call.house, call.principal, call.session, name)
    headers = {}
    if visibility is not Openness.PRIVATE:
        headers = {"Cache-Control": f"public, max-age={KEPT_S}", "Cross-Origin-Resource-Policy": "cross-origin"}
    return web.Response(body=image, content_type="image/jpeg", headers=headers)
