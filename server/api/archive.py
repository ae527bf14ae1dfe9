"""The list of broadcasts for everybody, and the same for feed readers and search engines.

    GET /watch   watch_list.html.jinja   asset("watch_list.js")   live, coming, kept; ?q= words, ?topic= slug; makes sense without the script

The template gets `archive` (ArchiveView), `q`, `topic`, `topics` (TopicsView.topics), `utc(moment)` and `span(seconds)`.
"""

from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as xml

from aiohttp import web
from babel.dates import format_datetime as format_in_words

from server.api.call import Call, Handlers
from server.api.callers import describe
from server.api.shell import SHELL
from server.api.watch import own_address
from server.domain.moments import clock_words
from server.domain.words import Language
from server.service import archive, topics
from server.service.airing import HLS_TYPE
from server.service.archive_views import Listed

handlers = Handlers()

FEED_ITEMS = 50
SITEMAP_MAX = 5_000
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
ATOM = "http://www.w3.org/2005/Atom"


@handlers.on("GET /watch")
async def list_broadcasts(call: Call) -> web.Response:
    words, topic = call.text("q", 100).strip(), call.text("topic", 64)
    found = await archive.list_archive(call.house, call.language, words, topic)
    all_topics = await topics.list_topics(call.house, call.principal, call.language)
    more = {
        "archive": found,
        "q": words,
        "topic": topic,
        "topics": all_topics.topics,
        "utc": lambda moment: _in_words(moment, call.language),
        "span": clock_words,
        "feed": f"{own_address(call)}/feed.xml",
    }
    me = describe(call.principal)
    return call.request.app[SHELL].page("watch_list", call.language, "/watch", me, {"as": "visitor"}, more)


def _in_words(moment: datetime, language: Language) -> str:
    """For readers without JavaScript: nobody knows their time zone."""
    return f"{format_in_words(moment, 'd MMMM yyyy, HH:mm', locale=language.value)} UTC"


@handlers.on("GET /feed.xml")
async def feed(call: Call) -> web.Response:
    """The newest recordings as RSS 2.0; players that know HLS play the enclosure, all others follow the link."""
    origin, settings = own_address(call), call.house.settings
    kept = await archive.list_kept(call.house, call.language, FEED_ITEMS)
    xml.register_namespace("atom", ATOM)
    rss = xml.Element("rss", version="2.0")
    channel = xml.SubElement(rss, "channel")
    _texts(channel, title=settings.company, link=f"{origin}/watch", description=settings.company)
    _texts(channel, language=call.language.value)
    own = {"href": f"{origin}/feed.xml", "rel": "self", "type": "application/rss+xml"}
    xml.SubElement(channel, f"{{{ATOM}}}link", own)
    for one in kept:
        _item(xml.SubElement(channel, "item"), one, origin)
    return _answer(rss, "application/rss+xml")


def _item(item: xml.Element, one: Listed, origin: str) -> None:
    _texts(item, title=one.title, link=f"{origin}/r/{one.recording}", description=one.description or one.title)
    _texts(item, category=one.topic, pubDate=format_datetime(one.ended_at) if one.ended_at else "")
    _texts(item, guid=f"{origin}/watch/{one.session}")
    stream = f"{origin}/live/{one.session}/index.m3u8"
    xml.SubElement(item, "enclosure", url=stream, length=str(one.size_bytes or 0), type=HLS_TYPE)


@handlers.on("GET /sitemap.xml")
async def sitemap(call: Call) -> web.Response:
    """The addresses that search engines may list (sitemaps.org)."""
    origin = own_address(call)
    kept = await archive.list_kept(call.house, call.language, SITEMAP_MAX)
    pages = [*await archive.list_open(call.house, call.language), *kept]
    urls = xml.Element("urlset", xmlns=SITEMAP)
    for path in ("/", "/watch"):
        _texts(xml.SubElement(urls, "url"), loc=f"{origin}{path}")
    for one in pages:
        changed = one.ended_at or one.at
        url = xml.SubElement(urls, "url")
        _texts(
            url, loc=f"{origin}/watch/{one.session}", lastmod=changed.isoformat(timespec="seconds") if changed else ""
        )
    return _answer(urls, "application/xml")


def _texts(parent: xml.Element, **texts: str) -> None:
    """Children with these texts; empty ones are left out."""
    for name, text in texts.items():
        if text:
            xml.SubElement(parent, name).text = text


def _answer(root: xml.Element, kind: str) -> web.Response:
    body = xml.tostring(root, encoding="utf-8", xml_declaration=True)
    headers = {"Cache-Control": "public, max-age=300"}
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)
