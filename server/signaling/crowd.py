"""The sockets of this process: who is behind each, what it watches, and how it is told something."""

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from server.api.metrics import METRICS
from server.api.wire import to_plain
from server.domain.principal import Agent, Principal, Visitor
from server.domain.rights import may_join, sees_all
from server.domain.words import CaseId, ConnectionId, Language, SessionId
from server.signaling.feed import Watcher

Emit = Callable[[str, dict[str, Any], str], Awaitable[None]]  # event, body, sid


@dataclass(slots=True, eq=False)
class Socket:
    """One open page. `wish` says as whom it came ("visitor" or "agent"). `stage`: on which it is without the case, as one from the audience."""

    sid: str
    principal: Principal
    request: web.Request
    language: Language
    wish: str
    watching: dict[CaseId, Watcher] = field(default_factory=dict)
    holds: set[ConnectionId] = field(default_factory=set)
    at_desk: bool = False
    audience: SessionId | None = None
    stage: SessionId | None = None
    opened_at: float = field(default_factory=time.monotonic)
    kind: str = ""

    def __post_init__(self) -> None:
        kinds = {Agent: "agent", Visitor: "visitor"}
        self.kind = kinds.get(type(self.principal), "watcher")

    def is_now(self, principal: Principal) -> None:
        """The same person's links changed."""
        self.principal = principal
        for watcher in self.watching.values():
            watcher.principal = principal


class Crowd:
    """All sockets by their id."""

    def __init__(self, emit: Emit, disconnect: Callable[[str], Awaitable[None]]) -> None:
        self._emit = emit
        self._disconnect = disconnect
        self._by_sid: dict[str, Socket] = {}

    def add(self, socket: Socket) -> None:
        self._by_sid[socket.sid] = socket
        METRICS.sockets.labels(socket.kind).inc()

    def remove(self, sid: str) -> Socket | None:
        """The socket that was there."""
        socket = self._by_sid.pop(sid, None)
        if socket:
            METRICS.sockets.labels(socket.kind).dec()
        return socket

    def find(self, sid: str) -> Socket | None:
        return self._by_sid.get(sid)

    def all(self) -> list[Socket]:
        return list(self._by_sid.values())

    def watching(self, cases: Iterable[CaseId]) -> list[tuple[Socket, CaseId]]:
        """Who watches any of these cases; each socket once, with the first of the cases that it watches."""
        wanted = list(cases)
        found = []
        for socket in self._by_sid.values():
            case = next((case for case in wanted if case in socket.watching), None)
            if case is not None:
                found.append((socket, case))
        return found

    def in_session(self, cases: Iterable[CaseId], session: SessionId) -> list[Socket]:
        """The pages of those who may be on the stage of a session of these cases, and follow it."""
        wanted = list(cases)
        watchers = [socket for socket, case in self.watching(wanted) if sees_all(socket.principal, case, session)]
        return watchers + [
            socket
            for socket in self._by_sid.values()
            if socket.stage == session and any(may_join(socket.principal, case, session) for case in wanted)
        ]

    def at_desk(self) -> list[Socket]:
        return [socket for socket in self._by_sid.values() if socket.at_desk]

    def agents(self) -> dict[str, list[Socket]]:
        """Agents' sockets by their sign-in."""
        found: dict[str, list[Socket]] = {}
        for socket in self._by_sid.values():
            if isinstance(socket.principal, Agent):
                found.setdefault(socket.principal.session_hash, []).append(socket)
        return found

    def visitors(self) -> list[tuple[Socket, Visitor]]:
        return [(s, s.principal) for s in self._by_sid.values() if isinstance(s.principal, Visitor)]

    async def tell(self, socket: Socket, event: str, body: Any) -> None:
        """One event to one page; `body` is a dataclass of the registry's TOLD."""
        METRICS.told.labels(event).inc()
        await self._emit(event, to_plain(body), socket.sid)

    async def close(self, socket: Socket) -> None:
        """Ends the socket; python-socketio's client does not come back by itself after this."""
        await self._disconnect(socket.sid)
