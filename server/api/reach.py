"""Channels, their reach, and how a broadcast goes."""

from aiohttp import web

from server.api import requests as r
from server.api.call import Call, Handlers
from server.api.reach_export import as_csv, as_json
from server.service import reach, viewing
from server.service import reach_views as v

handlers = Handlers()

_CHANNEL = "/api/v1/channels/{channel}"


@handlers.on("GET /api/v1/channels")
async def list_channels(call: Call) -> v.ChannelsView:
    return await reach.list_channels(call.house, call.principal)


@handlers.on(f"PATCH {_CHANNEL}")
async def change_channel(call: Call) -> v.ChannelView:
    wish = call.body(r.SetChannel).model_dump(exclude_none=True)
    return await reach.change_channel(call.house, call.principal, call.request.match_info["channel"], wish)


@handlers.on(f"GET {_CHANNEL}/reach")
async def read_reach(call: Call) -> v.ReachView:
    return await reach.read_reach(call.house, call.principal, call.request.match_info["channel"])


@handlers.on(f"GET {_CHANNEL}/reach.csv")
async def export_csv(call: Call) -> web.Response:
    """For a spreadsheet, in the caller's language."""
    found = await reach.read_export(call.house, call.principal, call.request.match_info["channel"])
    return _file(as_csv(found, call.language), "text/csv", f"{_name(found)}.csv")


@handlers.on(f"GET {_CHANNEL}/reach.json")
async def export_json(call: Call) -> web.Response:
    """For programs."""
    found = await reach.read_export(call.house, call.principal, call.request.match_info["channel"])
    return _file(as_json(found, call.language).encode(), "application/json", f"{_name(found)}.json")


def _name(found: reach.Export) -> str:
    return f"reach-{found.reach.since:%Y-%m-%d}-{found.reach.until:%Y-%m-%d}"


def _file(body: bytes, kind: str, name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


@handlers.on("GET /api/v1/broadcasts/{session}/numbers")
async def read_numbers(call: Call) -> v.NumbersView:
    return await viewing.read_numbers(call.house, call.principal, call.session)
