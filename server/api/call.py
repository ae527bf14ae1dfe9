"""One request on its way through the house: who calls, in which language, with what body; and what every handler can reach."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from server.api.door import Route
from server.api.limits import Limits
from server.api.requests import Request
from server.api.security import Edge
from server.domain.principal import Principal
from server.domain.words import CaseId, ConnectionId, Language, RecordingId, SessionId
from server.service.house import House

_Body = TypeVar("_Body", bound=Request)

HOUSE = web.AppKey("house", House)
EDGE = web.AppKey("edge", Edge)
LIMITS = web.AppKey("limits", Limits)
ADDRESS = web.RequestKey("address", str)  # Where a socket came from.
FRAMED_BY = web.RequestKey(
    "framed_by", str
)  # The sites that may show this page in a frame, as CSP writes them; unset or "": none.


@dataclass(slots=True)
class Call:
    """A request that passed the door. Ids in it are only names: the service decides whether the caller may see what they name."""

    request: web.Request
    route: Route
    house: House
    principal: Principal
    language: Language
    address: str
    parsed: Request | None = None
    status: int | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    def body(self, model: type[_Body]) -> _Body:
        """The parsed body; `model` is the one of the registry."""
        if not isinstance(self.parsed, model):
            raise TypeError(f"{self.route.key} has no body of type {model.__name__}")
        return self.parsed

    @property
    def case(self) -> CaseId:
        return CaseId(self.request.match_info["case"])

    @property
    def session(self) -> SessionId:
        return SessionId(self.request.match_info["session"])

    @property
    def recording(self) -> RecordingId:
        return RecordingId(self.request.match_info["recording"])

    @property
    def connection(self) -> ConnectionId:
        return ConnectionId(self.request.match_info["connection"])

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from the query, 0..`most`; the default where it is missing or no number."""
        text = self.request.query.get(name, "")
        return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 12 else default

    def text(self, name: str, most: int = 100) -> str:
        """A text from the query, cut at `most` characters."""
        return self.request.query.get(name, "")[:most]

    def keep_cookie(self, kind: str, secret: str) -> None:
        """The reply gives the caller this cookie ("visitor" or "agent"); "" takes it away."""
        self.cookies[kind] = secret


@dataclass(frozen=True, slots=True)
class OpenSockets:
    """How many sockets an address holds open now; the sockets' server counts."""

    of: Callable[[str], int]


OPEN_SOCKETS = web.AppKey("open_sockets", OpenSockets)

Handler = Callable[[Call], Awaitable[Any]]


class Handlers:
    """The handlers of one file, by the keys of the registry."""

    def __init__(self) -> None:
        self.by_key: dict[str, Handler] = {}

    def on(self, key: str) -> Callable[[Handler], Handler]:
        """`@handlers.on("POST /api/v1/cases")`. Raises ValueError when the key is taken."""

        def keep(handler: Handler) -> Handler:
            if key in self.by_key:
                raise ValueError(f"two handlers for {key}")
            self.by_key[key] = handler
            return handler

        return keep
