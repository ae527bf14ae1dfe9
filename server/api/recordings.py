"""Recordings: reading, stopping, sharing, deleting, and their files."""

import asyncio

from aiohttp import web

from server.api import requests as r
from server.api.call import Call, Handlers
from server.errors import NotFound
from server.service import recordings
from server.service import views as v

handlers = Handlers()

_RECORDING = "/api/v1/recordings/{recording}"


@handlers.on(f"GET {_RECORDING}")
async def read_recording(call: Call) -> v.RecordingView:
    return await recordings.read_recording(call.house, call.principal, call.recording)


@handlers.on(f"POST {_RECORDING}/stop")
async def stop_recording(call: Call) -> v.RecordingView:
    return await recordings.stop_recording(call.house, call.principal, call.recording)


@handlers.on(f"POST {_RECORDING}/share")
async def share_recording(call: Call) -> v.RecordingView:
    return await recordings.share_recording(call.house, call.principal, call.recording, call.body(r.Share).shared)


@handlers.on(f"DELETE {_RECORDING}")
async def delete_recording(call: Call) -> None:
    await recordings.delete_recording(call.house, call.principal, call.recording)


@handlers.on("GET /recordings/{recording}/files/{name}")
async def read_file(call: Call) -> web.StreamResponse:
    """The file, or the range asked for (RFC 9110, section 14); aiohttp reads it in a thread. Rights are asked at each request."""
    name = call.request.match_info["name"]
    file = await recordings.find_file(call.house, call.principal, call.recording, name)
    if not await asyncio.to_thread(file.path.is_file):
        raise NotFound
    reply = web.FileResponse(file.path, chunk_size=256 * 1024)
    reply.content_type = file.type
    reply.headers["Cache-Control"] = "private, no-store"
    reply.headers["Content-Disposition"] = f'inline; filename="{_plain(name)}"'
    return reply


def _plain(name: str) -> str:
    """A file name without what could end a header's quoted string."""
    return "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "._-"))[:100]
