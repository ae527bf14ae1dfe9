"""The sockets of this process: who is behind each, what it watches, and how it is told something."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from server.api.metrics import METRICS
from server.api.wire import to_plain
from server.domain.principal import Agent, Principal, Visitor
from server.domain.rights import may_join, sees_all
from server.domain.words import CaseId, ConnectionId, Language, SessionId
from server.signaling.feed import Watcher

T = TypeVar("T")

AT_ONCE = 250  # Pages told without letting others have their turn.

Emit = Callable[[str, dict[str, Any], str], Awaitable[None]]  # event, body, sid
Shout = Callable[[str, Any], Callable[[Iterable[str]], None]]  # event, body: encoded once, to be said to any sids


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
    """All sockets by their id, by the cases that they watch and by the stage on which they are: an audience of thousands is passed over."""

    def __init__(self, emit: Emit, disconnect: Callable[[str], Awaitable[None]], shout: Shout) -> None:
        self._emit = emit
        self._disconnect = disconnect
        self._shout = shout
        self._by_sid: dict[str, Socket] = {}
        self._by_case: dict[CaseId, dict[str, Socket]] = {}
        self._by_stage: dict[SessionId, dict[str, Socket]] = {}

    def add(self, socket: Socket) -> None:
        self._by_sid[socket.sid] = socket
        METRICS.sockets.labels(socket.kind).inc()

    def remove(self, sid: str) -> Socket | None:
        """The socket that was there."""
        socket = self._by_sid.pop(sid, None)
        if socket:
            for case in list(socket.watching):
                self.unwatch(socket, case)
            self.leave_stage(socket)
            METRICS.sockets.labels(socket.kind).dec()
        return socket

    def find(self, sid: str) -> Socket | None:
        return self._by_sid.get(sid)

    def all(self) -> list[Socket]:
        return list(self._by_sid.values())

    def watch(self, socket: Socket, watcher: Watcher) -> None:
        """The page follows a case from now on. One that is gone follows nothing."""
        if socket.sid in self._by_sid:
            socket.watching[watcher.case] = watcher
            self._by_case.setdefault(watcher.case, {})[socket.sid] = socket

    def unwatch(self, socket: Socket, case: CaseId) -> None:
        """The page follows a case no longer."""
        socket.watching.pop(case, None)
        _drop(self._by_case, case, socket.sid)

    def enter_stage(self, socket: Socket, session: SessionId) -> None:
        """The page is on a stage without its case."""
        self.leave_stage(socket)
        if socket.sid in self._by_sid:
            socket.stage = session
            self._by_stage.setdefault(session, {})[socket.sid] = socket

    def leave_stage(self, socket: Socket) -> None:
        """The page is on no stage."""
        session, socket.stage = socket.stage, None
        if session is not None:
            _drop(self._by_stage, session, socket.sid)

    def watching(self, cases: Iterable[CaseId]) -> list[tuple[Socket, CaseId]]:
        """Who watches any of these cases; each socket once, with the first of the cases that it watches."""
        found: dict[str, tuple[Socket, CaseId]] = {}
        for case in cases:
            for sid, socket in self._by_case.get(case, {}).items():
                found.setdefault(sid, (socket, case))
        return list(found.values())

    def in_session(self, cases: Iterable[CaseId], session: SessionId) -> list[Socket]:
        """The pages of those who may be on the stage of a session of these cases, and follow it."""
        wanted = list(cases)
        watchers = [socket for socket, case in self.watching(wanted) if sees_all(socket.principal, case, session)]
        return watchers + [
            socket
            for socket in self._by_stage.get(session, {}).values()
            if any(may_join(socket.principal, case, session) for case in wanted)
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

    async def tell_all(self, sockets: Sequence[Socket], event: str, body: Any) -> None:
        """One event to many pages, encoded once. Others have their turn in between."""
        METRICS.told.labels(event).inc(len(sockets))
        say = self._shout(event, to_plain(body))
        for start in range(0, len(sockets), AT_ONCE):
            say([socket.sid for socket in sockets[start : start + AT_ONCE]])
            await asyncio.sleep(0)

    async def close(self, socket: Socket) -> None:
        """Ends the socket; python-socketio's client does not come back by itself after this."""
        await self._disconnect(socket.sid)


def _drop(index: dict[T, dict[str, Socket]], key: T, sid: str) -> None:
    sids = index.get(key)
    if sids is not None:
        sids.pop(sid, None)
        if not sids:
            del index[key]
