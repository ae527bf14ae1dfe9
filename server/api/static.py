"""Scripts and styles: read once from `web/dist`, compressed when first asked for, kept by browsers for ever, because their names carry a hash."""

import functools
import gzip
import hashlib
import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from server.api.call import EDGE, Call, Handlers
from server.config import ROOT
from server.errors import NotFound

log = structlog.get_logger(__name__)

DIST = ROOT / "web" / "dist"
CRAWLED = ("/$", "/watch", "/live/", "/static/", "/feed.xml", "/sitemap.xml")
handlers = Handlers()


@dataclass(frozen=True)
class File:
    """One file with its compressed forms (None where compressing does not help)."""

    type: str
    tag: str
    plain: bytes
    brotli: bytes | None

    @functools.cached_property
    def gzip(self) -> bytes | None:
        """Three milliseconds for one file; for all of a folder that keeps yesterday's files, too, a quarter of a second of each start."""
        packed = gzip.compress(self.plain, 9, mtime=0)
        return packed if len(packed) < 0.9 * len(self.plain) else None

    def best(self, accepted: str) -> tuple[bytes, str]:
        """The smallest form that the browser takes, and its Content-Encoding ("" for the plain one)."""
        if self.brotli is not None and "br" in accepted:
            return self.brotli, "br"
        if "gzip" in accepted and self.gzip is not None:
            return self.gzip, "gzip"
        return self.plain, ""


class Files:
    """All files of the folder, in memory; a few hundred kilobytes."""

    def __init__(self, folder: Path = DIST) -> None:
        self._manifest: dict[str, str] = {}
        self._files: dict[str, File] = {}
        if not (folder / "manifest.json").exists():
            log.warning("front_end_missing", do="python3 scripts/setup.py run")
            return
        self._manifest = json.loads((folder / "manifest.json").read_text())
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix not in {".br", ".gz", ".map"} and path.name != "manifest.json":
                self._files[path.name] = _read(path)

    def address(self, name: str) -> str:
        """Where `name` ("oase.css") is served."""
        return f"/static/{self._manifest.get(name, name)}"

    def find(self, name: str) -> File:
        """Raises NotFound."""
        if name not in self._files:
            raise NotFound
        return self._files[name]


FILES = web.AppKey("files", Files)


def _read(path: Path) -> File:
    plain = path.read_bytes()
    brotli = path.with_name(path.name + ".br")
    return File(
        type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        tag=hashlib.sha256(plain).hexdigest()[:16],
        plain=plain,
        brotli=brotli.read_bytes() if brotli.exists() else None,
    )


@handlers.on("GET /static/{name}")
async def read_static(call: Call) -> web.StreamResponse:
    file = call.request.app[FILES].find(call.request.match_info["name"])
    body, encoding = file.best(call.request.headers.get("Accept-Encoding", ""))
    reply = web.Response(body=body, content_type=file.type)
    if file.type.startswith("text/") or file.type.endswith(("javascript", "json")):
        reply.charset = "utf-8"
    reply.headers.update({"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"})
    reply.etag = file.tag
    if encoding:
        reply.headers["Content-Encoding"] = encoding
    return reply


@handlers.on("GET /robots.txt")
async def robots(call: Call) -> web.StreamResponse:
    """The first page and broadcasts are for crawlers, with what it takes to show them."""
    allowed = "".join(f"Allow: {path}\n" for path in CRAWLED)
    address = call.house.settings.url.rstrip("/") or str(call.request.app[EDGE].origin(call.request))
    text = f"User-agent: *\n{allowed}Disallow: /\nSitemap: {address}/sitemap.xml\n"
    return web.Response(text=text, headers={"Cache-Control": "public, max-age=86400"})


@handlers.on("GET /.well-known/security.txt")
async def security_text(call: Call) -> web.StreamResponse:
    """Whom to tell (RFC 9116); without an imprint there is nobody to name."""
    settings = call.house.settings
    if not settings.imprint_url:
        raise NotFound
    expires = call.house.now().replace(month=12, day=31, hour=23, minute=59, second=59, microsecond=0)
    text = f"Contact: {settings.imprint_url}\nExpires: {expires.isoformat()}\nPreferred-Languages: de, en\n"
    return web.Response(text=text)
