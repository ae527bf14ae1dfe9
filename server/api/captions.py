"""Captions of recordings: sent by agents, read by players."""

from aiohttp import web

from server.api.call import Call, Handlers
from server.api.router import read_at_most
from server.service import captions
from server.service.views import RecordingView

handlers = Handlers()


@handlers.on("PUT /api/v1/recordings/{recording}/captions/{name}")
async def set_captions(call: Call) -> RecordingView:
    data = await read_at_most(call.request, call.route.limit_bytes)
    return await captions.set_captions(call.house, call.principal, call.recording, _name(call), data)


@handlers.on("DELETE /api/v1/recordings/{recording}/captions/{name}")
async def remove_captions(call: Call) -> RecordingView:
    return await captions.remove_captions(call.house, call.principal, call.recording, _name(call))


@handlers.on("GET /recordings/{recording}/captions/{name}")
async def read_captions(call: Call) -> web.Response:
    text = await captions.read_captions_of(call.house, call.principal, call.recording, _name(call))
    return web.Response(text=text, content_type="text/vtt", charset="utf-8")


def _name(call: Call) -> str:
    return call.request.match_info["name"]
