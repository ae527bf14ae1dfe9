"""WHIP (RFC 9725) and WHEP: session descriptions over HTTP, for OBS, FFmpeg, cameras, and players."""

from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from server.api.call import Call, Handler, Handlers
from server.api.router import read_at_most
from server.domain.words import PersonKind
from server.errors import BadSdp, EtagMissing, NotAcceptable, NotSdp
from server.media.protocol import Answer, Fragment
from server.service import whip
from server.service.media_views import TurnView
from server.service.turn import turn_for

handlers = Handlers()

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
    "Accept-Post": SDP,
    "Accept-Patch": FRAGMENT,
}


@handlers.on("POST /whip/{session}")
async def publish(call: Call) -> web.Response:
    await whip.owner_of(
        call.house, call.principal, PersonKind.SOURCE, call.session
    )  # Before anything is said about the body.
    answer = await whip.publish(call.house, call.principal, call.session, await _read_offer(call))
    return _created(call, answer)


@handlers.on("POST /whep/{session}")
async def view(call: Call) -> web.Response:
    await whip.owner_of(call.house, call.principal, PersonKind.VIEWER, call.session)
    answer = await whip.view(call.house, call.principal, call.session, await _read_offer(call))
    return _created(call, answer)


def _created(call: Call, answer: Answer) -> web.Response:
    headers = CIMultiDict(
        {"Location": f"{call.request.path}/{answer.connection}", "ETag": f'"{answer.ice}"', "Accept-Patch": FRAGMENT}
    )
    if turn := turn_for(call.house, call.principal):
        headers.extend([("Link", _ice_server(url, turn)) for url in turn.urls])
    return web.Response(status=201, text=answer.sdp, content_type=SDP, headers=headers)


def _ice_server(url: str, turn: TurnView) -> str:
    """A `Link` header (RFC 9725, section 4.6). Addresses were checked at the start, and credentials are base64: nothing needs escaping."""
    parts = {
        "rel": "ice-server",
        "username": turn.username,
        "credential": turn.credential,
        "credential-type": "password",
    }
    return f"<{url}>" + "".join(f'; {name}="{value}"' for name, value in parts.items())


async def _read_offer(call: Call) -> str:
    takes = call.request.headers.get("Accept", "*/*").lower()
    if not any(kind in takes for kind in (SDP, "application/*", "*/*")):
        raise NotAcceptable
    return await _read(call, SDP)


async def _read(call: Call, kind: str) -> str:
    """The body as text. Raises NotSdp, TooLarge, BadSdp."""
    if call.request.content_type != kind:
        raise NotSdp(type=kind)
    try:
        return (await read_at_most(call.request, call.route.limit_bytes)).decode()
    except UnicodeDecodeError:
        raise BadSdp(reason="not_utf8") from None


def _patch(kind: PersonKind) -> Handler:
    async def patch(call: Call) -> web.Response:
        await whip.check_own(call.house, call.principal, kind, call.session, call.connection)
        text = await _read(call, FRAGMENT)
        match = call.request.headers.get("If-Match", "").strip()
        if not match:
            raise EtagMissing
        fragment = Fragment(text, match.strip('"'))
        renewal = await whip.patch(call.house, call.principal, kind, call.session, call.connection, fragment)
        if not renewal.sdp:
            return web.Response(status=204)
        headers = {"ETag": f'"{renewal.ice}"'}
        return web.Response(text=renewal.sdp, content_type=FRAGMENT, headers=headers)

    return patch


def _end(kind: PersonKind) -> Handler:
    async def end(call: Call) -> web.Response:
        await whip.end(call.house, call.principal, kind, call.session, call.connection)
        return web.Response(status=200)

    return end


async def _options(call: Call) -> Any:
    return web.Response(status=204, headers=PREFLIGHT)


for path, person in (("/whip/{session}", PersonKind.SOURCE), ("/whep/{session}", PersonKind.VIEWER)):
    handlers.on(f"PATCH {path}/{{connection}}")(_patch(person))
    handlers.on(f"DELETE {path}/{{connection}}")(_end(person))
    handlers.on(f"OPTIONS {path}")(_options)
    handlers.on(f"OPTIONS {path}/{{connection}}")(_options)
