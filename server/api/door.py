"""The words of the registry: what one route or one socket event lets in, and what it gives back."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from server.api.requests import Request

SMALL = 8 * 1024
SDP = 64 * 1024


class Who(StrEnum):
    """Who may use a route. VISITOR: somebody with a personal link, or an agent; each one's own things only.

    KEY: a machine with a key of the session in `Authorization: Bearer`, else the cookie of somebody on our own pages. AUDIENCE: the same, and
    nobody known, for what is open to everybody.
    """

    ANYONE = "anyone"
    VISITOR = "visitor"
    AGENT = "agent"
    ADMIN = "admin"
    KEY = "key"
    AUDIENCE = "audience"


class Thing(StrEnum):
    """What a route names, in its path or (events) its body; the value is the field's name."""

    NOTHING = ""
    CASE = "case"
    SESSION = "session"
    RECORDING = "recording"
    CONNECTION = "connection"


class Shape(StrEnum):
    """What kind of reply comes: JSON and problem details, also to a file (read by its handler), a page, bytes of another type, a session
    description (read by its handler), or a live stream, for which the door does nothing: its handler asks who calls where that matters."""

    JSON = "json"
    UPLOAD = "upload"
    PAGE = "page"
    BYTES = "bytes"
    SDP = "sdp"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `answer` is the reply's type (None: 204, nothing); `cost` is in points of `limits.py`."""

    method: str
    path: str
    who: Who
    summary: str
    body: type[Request] | None = None
    answer: Any = None
    thing: Thing = Thing.NOTHING
    status: int = 200
    cost: int = 1
    limit_bytes: int = SMALL
    shape: Shape = Shape.JSON

    @property
    def key(self) -> str:
        """ "POST /api/v1/cases": its name in the code."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class SocketEvent:
    """One event that a page may send over the socket. `cost` is in points of the socket's own limit."""

    name: str
    who: Who
    summary: str
    body: type[Request]
    answer: Any
    thing: Thing = Thing.NOTHING
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Told:
    """One event that the server sends; `body` is its dataclass. Generated into `web/src/messages.ts`."""

    name: str
    summary: str
    body: Any
