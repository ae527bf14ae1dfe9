"""The audience's pages, the player for other sites, and what other programs read of a broadcast.

    GET /watch/{session}     watch.html.jinja   asset("watch.js")     the audience's page
    GET /embed/{session}     embed.html.jinja   asset("watch.js")     the player alone; sites in OASE_EMBED_ORIGINS may frame it

Both templates get `broadcast` (BroadcastPublic), `standing` (soon, starting, recording, gone: what the page shows without JavaScript), `address` (the
page's whole address) and `utc(moment)`; `page.broadcast`, `page.session`, `page.hls` and `page.on_stage` are for the script.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, unquote, urlsplit

from aiohttp import web
from babel.dates import format_datetime
from markupsafe import escape

from server.api.call import EDGE, FRAMED_BY, Call, Handlers
from server.api.callers import describe
from server.api.shell import SHELL, data_script
from server.api.static import FILES
from server.api.wire import adapter, to_plain
from server.domain.moments import clock_words, write_moment
from server.domain.principal import Agent
from server.domain.words import BroadcastState, Language, Openness, SessionId
from server.errors import NotFound, NotOffered
from server.service import archive, watching
from server.service.watch_views import BroadcastPublic, Embedding

handlers = Handlers()

WIDTH, HEIGHT = 960, 540
WIDEST = 4096
EMBED_AGE_S = 3600
"""How long other sites may keep what oEmbed said."""
PAGES = ("/watch/", "/embed/")


@handlers.on("GET /api/v1/broadcasts/{session}/public")
async def read_public(call: Call) -> web.Response:
    """For the page that waits: how it stands. A thousand pages ask at once, so caches may keep it for a second."""
    found = await watching.read_public(call.house, call.principal, call.session)
    reply = web.Response(body=adapter(BroadcastPublic).dump_json(found), content_type="application/json")
    if found.visibility is not Openness.PRIVATE:
        reply.headers["Cache-Control"] = "public, max-age=1"
    return reply


@handlers.on("GET /watch/{session}")
async def watch(call: Call) -> web.Response:
    found = await watching.read_public(call.house, call.principal, call.session)
    address = _address(call, "/watch/", found)
    picture = _whole(call, found.poster.path if found.poster else None)
    chapters = await archive.list_chapters(call.house, found.session) if found.state is BroadcastState.ENDED else []
    about = watching.described(found, call.house.settings.company, address, _address(call, "/embed/", found), picture)
    if chapters:
        about["hasPart"] = archive.clips(chapters, address)
    more = {
        "oembed": _whole(call, f"/oembed?url={quote(address, safe='')}"),
        "embed": _address(call, "/embed/", found),
        "picture": picture,
        "may_embed": bool(call.house.settings.embed_origins) and found.visibility is not Openness.PRIVATE,
        "may_be_found": watching.may_be_found(found),
        "json_ld": data_script(about, "application/ld+json"),
        "chapters": chapters,
        "place": write_moment,
        "span": clock_words,
    }
    return _page(call, "watch", found, more)


@handlers.on("GET /embed/{session}")
async def embed(call: Call) -> web.Response:
    """Nobody's cookie counts in somebody else's page, so this shows what everybody may see."""
    found = await watching.read_for_all(call.house, call.session)
    call.request[FRAMED_BY] = " ".join(call.house.settings.embed_origins)
    return _page(call, "embed", found, {})


def _page(call: Call, name: str, found: BroadcastPublic, more: dict[str, Any]) -> web.Response:
    as_whom = "agent" if isinstance(call.principal, Agent) else "visitor"
    files = call.request.app[FILES]
    scripts = {"hls": files.address("hls.js"), "on_stage": files.address(f"on_stage.{call.language}.js")}
    data = {"as": as_whom, "session": found.session, "broadcast": to_plain(found), **scripts}
    facts = {
        "broadcast": found,
        "standing": _standing(found),
        "address": _address(call, "/watch/", found),
        "utc": lambda moment: _utc(moment, call.language),
    }
    me = describe(call.principal)
    return call.request.app[SHELL].page(name, call.language, call.request.path, me, data, {**facts, **more})


def _standing(found: BroadcastPublic) -> str:
    if found.state in {BroadcastState.PLANNED, BroadcastState.REHEARSAL}:
        return "soon"
    if found.state is BroadcastState.ENDED:
        return "recording" if found.stream else "gone"
    return "starting"


def _utc(moment: datetime, language: Language) -> str:
    """For readers without JavaScript: nobody knows their time zone."""
    return f"{format_datetime(moment, 'd MMMM yyyy, HH:mm', locale=language.value)} UTC"


def _address(call: Call, path: str, found: BroadcastPublic) -> str:
    return f"{own_address(call)}{path}{found.session}"


def _whole(call: Call, path: str | None) -> str | None:
    return f"{own_address(call)}{path}" if path else None


def own_address(call: Call) -> str:
    """OASE_URL where it is set: what other programs keep must not depend on who asked."""
    return call.house.settings.url.rstrip("/") or str(call.request.app[EDGE].origin(call.request))


@handlers.on("GET /oembed")
async def read_embedding(call: Call) -> Embedding:
    """How another site shows one of our pages (oembed.com). Raises NotFound (not ours, or not for everybody), NotOffered (XML)."""
    if call.text("format") not in {"", "json"}:
        raise NotOffered
    found = await watching.read_for_all(call.house, _session_of(call, call.text("url", 500)))
    if not call.house.settings.embed_origins:
        return _embedding(call, found, "link")
    width = min(WIDTH, call.number("maxwidth", WIDTH, WIDEST) or WIDTH)
    height = min(width * HEIGHT // WIDTH, call.number("maxheight", HEIGHT, WIDEST) or HEIGHT)
    width = min(width, height * WIDTH // HEIGHT)
    source, title = escape(_address(call, "/embed/", found)), escape(found.title)
    allow = "autoplay; fullscreen; picture-in-picture"
    html = f'<iframe src="{source}" width="{width}" height="{height}" title="{title}" allow="{allow}" allowfullscreen></iframe>'
    return replace(_embedding(call, found, "video"), html=html, width=width, height=height)


def _embedding(call: Call, found: BroadcastPublic, kind: Literal["video", "link"]) -> Embedding:
    poster = found.poster
    if poster and (
        poster.width > call.number("maxwidth", WIDEST, WIDEST)
        or poster.height > call.number("maxheight", WIDEST, WIDEST)
    ):
        poster = None  # What is larger than was asked for is not named at all (oembed.com, 2.3.4).
    return Embedding(
        version="1.0",
        type=kind,
        title=found.title,
        author_name=found.channel.name,
        provider_name=call.house.settings.company,
        provider_url=own_address(call),
        cache_age=EMBED_AGE_S,
        thumbnail_url=_whole(call, poster.path) if poster else None,
        thumbnail_width=poster.width if poster else None,
        thumbnail_height=poster.height if poster else None,
    )


def _session_of(call: Call, url: str) -> SessionId:
    """The session that an address of ours names. Raises NotFound."""
    parts = urlsplit(url)
    ours = {urlsplit(own_address(call)).netloc.lower(), str(call.request.app[EDGE].origin(call.request).host)}
    path = next((path for path in PAGES if parts.path.startswith(path)), None)
    if parts.scheme not in {"http", "https"} or parts.netloc.lower() not in ours or path is None:
        raise NotFound
    return SessionId(unquote(parts.path.removeprefix(path).rstrip("/")))
