"""What every service function works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from server.config import Settings
from server.domain.words import ConnectionId
from server.media.workers import Workers
from server.service.announcer import Announcer
from server.service.audience.ledger import Ledger
from server.service.bell import Bell
from server.service.cookies import Cookies
from server.service.line_board import Lines
from server.service.stills import Stills
from server.service.streams import LiveStreams
from server.service.turns import Turns
from server.service.viewers import ViewerBoard
from server.store.database import Database


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """The house: database, media workers, the way to the sockets, settings, the clock,
    the bells of the work that follows a recording and of who keeps composers, the order of what concerns one session,
    what audiences do on its way into the database, whose cookies those are that come in, what was seen of people's lines,
    who watches broadcasts, who draws uploaded pictures, which connections were lost, and why, while the database could not be told,
    and the streams that are shown."""

    db: Database
    media: Workers
    announcer: Announcer
    settings: Settings
    finishing: Bell = field(default_factory=Bell)
    airing: Bell = field(default_factory=Bell)
    turns: Turns = field(default_factory=Turns)
    ledger: Ledger = field(default_factory=Ledger)
    cookies: Cookies = field(default_factory=Cookies)
    lines: Lines = field(default_factory=Lines)
    viewers: ViewerBoard = field(default_factory=ViewerBoard)
    stills: Stills = field(default_factory=Stills)
    untold: dict[ConnectionId, str] = field(default_factory=dict)
    streams: LiveStreams = field(default_factory=LiveStreams)
    now: Callable[[], datetime] = utc_now
