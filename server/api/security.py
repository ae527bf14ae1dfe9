"""What the browser is told and asked for safety: headers of every reply, same-origin check of unsafe requests, our two cookies, who really called."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from server.config import Settings
from server.errors import CrossOrigin

log = structlog.get_logger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
VISITOR_COOKIE_S = 8 * 3600
AGENT_COOKIE_S = 12 * 3600


@dataclass(frozen=True, slots=True)
class Origin:
    """Our own address: scheme and host as browsers write them into `Origin`."""

    scheme: str
    host: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def is_https(self) -> bool:
        return self.scheme == "https"

    @property
    def takes_secure_cookies(self) -> bool:
        """HTTPS, or this machine itself: browsers treat http://localhost and http://127.0.0.1 as secure."""
        name = urlsplit(f"//{self.host}").hostname or ""
        return self.is_https or name in {"localhost", "127.0.0.1", "::1"}


class Edge:
    """What the settings say about the way here: trusted proxies, the public address."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = [
            ipaddress.ip_network(part.strip(), strict=False)
            for part in settings.trusted_proxies.split(",")
            if part.strip()
        ]
        self._url = urlsplit(settings.url) if settings.url else None
        self._warned = False

    def caller(self, request: web.BaseRequest) -> str:
        """The caller's address. X-Forwarded-For counts only from trusted proxies, read from its right end."""
        return self.caller_of(request.remote or "", request.headers.get("X-Forwarded-For", ""))

    def caller_of(self, here: str, forwarded: str) -> str:
        """The same of the address that a connection comes from, and the header that stands in its request."""
        if not self._is_proxy(here):
            return here
        for hop in reversed(forwarded.split(",")):
            address = hop.strip()
            if address and not self._is_proxy(address):
                return address if _is_address(address) else here
        return here

    def origin(self, request: web.BaseRequest) -> Origin:
        """Our own origin as this caller sees it: OASE_URL where it names this host, else the Host header."""
        scheme, host = "https" if request.secure else "http", request.host.lower()
        if self._is_proxy(request.remote or ""):
            scheme = request.headers.get("X-Forwarded-Proto", scheme).split(",")[0].strip().lower()
            host = request.headers.get("X-Forwarded-Host", host).split(",")[0].strip().lower()
        if self._url and host == self._url.netloc.lower():
            scheme = self._url.scheme
        return Origin("https" if scheme == "https" else "http", host)

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies or not _is_address(address):
            return False
        return any(ipaddress.ip_address(address) in network for network in self._proxies)

    def check_same_origin(self, request: web.BaseRequest) -> None:
        """Raises CrossOrigin unless a page of our own sent this."""
        if not self.is_same_origin(request):
            raise CrossOrigin

    def is_same_origin(self, request: web.BaseRequest) -> bool:
        """Whether a page of our own sent this. Without `Origin` the browser's Sec-Fetch-Site must say so."""
        origin = request.headers.get("Origin")
        if origin is not None:
            return origin.lower() == str(self.origin(request))
        return request.headers.get("Sec-Fetch-Site") == "same-origin"

    def cookie_name(self, request: web.BaseRequest, kind: str) -> str:
        """`kind` is "visitor" or "agent". The `__Host-` prefix needs Secure, which plain HTTP from elsewhere cannot have."""
        if self.origin(request).takes_secure_cookies:
            return f"__Host-oase-{kind}"
        if not self._warned:
            self._warned = True
            log.warning("insecure_address", host=request.host, do="use HTTPS: docker/README.md")
        return f"oase-{kind}"

    def cookie(self, request: web.BaseRequest, kind: str) -> str:
        """The secret in the caller's cookie of that kind, or ""."""
        return request.cookies.get(self.cookie_name(request, kind), "")[:128]

    def set_cookie(self, request: web.BaseRequest, reply: web.StreamResponse, kind: str, secret: str) -> None:
        """Gives the caller the cookie; an empty secret takes it away."""
        name = self.cookie_name(request, kind)
        reply.set_cookie(
            name,
            secret,
            path="/",
            secure=name.startswith("__Host-"),
            httponly=True,
            samesite="Lax",  # Links from mails and tickets open signed in; unsafe methods and sockets check the origin.
            max_age=(AGENT_COOKIE_S if kind == "agent" else VISITOR_COOKIE_S) if secret else 0,
        )

    def headers(self, request: web.BaseRequest, framed_by: str = "") -> dict[str, str]:
        """The headers of every reply. Nothing inline runs, nobody frames us but `framed_by`, no address leaks as a referrer."""
        origin = self.origin(request)
        socket = f"{'wss' if origin.is_https else 'ws'}://{origin.host}"
        headers = {
            "Content-Security-Policy": _POLICY.format(socket=socket, ancestors=framed_by or "'none'"),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
        }
        if framed_by:
            del headers["X-Frame-Options"]  # It knows no list; frame-ancestors says it.
        if origin.is_https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return headers


_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self' {socket}; worker-src 'self'; manifest-src 'self'; frame-ancestors {ancestors}; "
    "base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'"
)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
