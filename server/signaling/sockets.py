"""The socket events of the registry: who may come in, what they may follow and hold, and what they are told when it fails."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refused  # type: ignore[import-untyped]

from server.api.answers import AudienceJoined, Bye, Watching
from server.api.audience_requests import JoinAudience, React, WatchStage
from server.api.call import EDGE
from server.api.callers import check_door, principal_of
from server.api.door import SocketEvent
from server.api.language import of_request, words
from server.api.metrics import METRICS
from server.api.registry import EVENTS
from server.api.requests import Hold, Looked, Request, Tiles, Unwatch, Watch
from server.api.wire import parse, to_plain
from server.domain.principal import Agent, Anonymous, Principal, Visitor
from server.domain.quality import Look
from server.domain.rights import may_read_case
from server.domain.words import Language
from server.errors import NotFound, NotSignedIn, OaseError
from server.service.agents import touch_agent
from server.service.house import House
from server.service.sessions import case_of_session, owns_connection, show_tiles
from server.service.views import Entry
from server.signaling.announcer import SocketAnnouncer
from server.signaling.audience import Rooms
from server.signaling.crowd import Crowd, Socket
from server.signaling.feed import Watcher
from server.signaling.guard import HELLO_LIMIT_S, GuardedServer
from server.signaling.holds import Holds
from server.signaling.listener import Listener
from server.signaling.settled import Settled

log = structlog.get_logger(__name__)

WATCHED_AT_MOST = 20
SWEEP_S = 5.0
TOUCH_S = 30.0

EventHandler = Callable[[Socket, Any], Awaitable[Any]]


class Sockets:
    """The edge between python-socketio and the house."""

    def __init__(
        self,
        server: GuardedServer,
        house: House,
        crowd: Crowd,
        holds: Holds,
        announcer: SocketAnnouncer,
        listener: Listener,
        rooms: Rooms,
    ) -> None:
        self._server = server
        self._house = house
        self._crowd = crowd
        self._holds = holds
        self._announcer = announcer
        self._listener = listener
        self._rooms = rooms
        self._settled = Settled()

    def attach(self) -> None:
        """Registers all events. Raises RuntimeError when registry and handlers differ."""
        handlers: Mapping[str, EventHandler] = {
            "watch": self._watch,
            "unwatch": self._unwatch,
            "watch_desk": self._watch_desk,
            "hold": self._hold,
            "tiles": self._tiles,
            "looked": self._looked,
            "audience": self._audience,
            "watch_stage": self._watch_stage,
            "react": self._react,
        }
        if handlers.keys() != {event.name for event in EVENTS}:
            raise RuntimeError("registry and socket handlers differ")
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        for event in EVENTS:
            self._server.on(event.name, self._door(event, handlers[event.name]))

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        request: web.Request = environ["aiohttp.request"]
        wish = str(auth.get("as", "")) if isinstance(auth, dict) else ""
        is_audience = isinstance(auth, dict) and auth.get("audience") is True
        language = of_request(request)
        try:
            principal = await self._principal(request, wish, or_nobody=is_audience)
        except OaseError as error:
            raise Refused(error.code, _failure(error, language)) from None
        self._crowd.add(Socket(sid, principal, request, language, wish))
        self._settled.opened()

    async def _principal(self, request: web.Request, wish: str, *, or_nobody: bool = False) -> Principal:
        """Who is behind a socket, now. Raises NotSignedIn, but for an audience."""
        principal = await principal_of(self._house, request.app[EDGE], request, wish)
        if isinstance(principal, Anonymous) and not or_nobody:
            raise NotSignedIn
        return principal

    async def _disconnect(self, sid: str, reason: str = "") -> None:
        socket = self._crowd.remove(sid)
        if socket is not None:
            self._holds.let_go(sid, socket.holds)
            self._rooms.leave(socket)
            self._settled.closed()

    def _door(self, event: SocketEvent, handler: EventHandler) -> Callable[..., Awaitable[dict[str, Any]]]:
        async def answer(sid: str, *said: Any) -> dict[str, Any]:
            socket = self._crowd.find(sid)
            code = "ok"
            try:
                if socket is None:
                    raise NotSignedIn
                check_door(event.who, socket.principal)
                result = await handler(socket, _body(event, said))
                return {"ok": True, **(to_plain(result) if result is not None else {})}
            except OaseError as error:
                code = error.code
                log.info("socket_event_refused", name=event.name, code=code)
                return {"ok": False, **_failure(error, socket.language if socket else Language.DE)}
            except Exception:  # The edge: a bug is logged, and the page gets a sentence.
                code = "internal"
                log.exception("socket_event_failed", name=event.name)
                return {"ok": False, **_failure(OaseError(), socket.language if socket else Language.DE)}
            finally:
                METRICS.events.labels(event.name, code).inc()

        return answer

    async def _watch(self, socket: Socket, body: Watch) -> Watching:
        """First the bell, then the backlog: whatever is written meanwhile is in one of them, and the numbers say which is new."""
        if not may_read_case(socket.principal, body.case):
            socket.is_now(await self._principal(socket.request, socket.wish))  # A link may have been swapped since.
        if not may_read_case(socket.principal, body.case) or len(socket.watching) >= WATCHED_AT_MOST:
            raise NotFound

        async def tell(entry: Entry) -> None:
            await self._crowd.tell(socket, "entry", entry)

        watcher = Watcher(body.case, socket.principal, body.after, tell)
        self._crowd.watch(socket, watcher)
        try:
            return Watching(await watcher.catch_up(self._house))
        except BaseException:  # Whatever it was: a feed that never began is not mended by the sweep.
            self._crowd.unwatch(socket, body.case)
            raise

    async def _unwatch(self, socket: Socket, body: Unwatch) -> None:
        self._crowd.unwatch(socket, body.case)

    async def _watch_desk(self, socket: Socket, body: Request) -> None:
        socket.at_desk = True

    async def _hold(self, socket: Socket, body: Hold) -> None:
        if not await owns_connection(self._house, socket.principal, body.connection):
            raise NotFound
        socket.holds.add(body.connection)
        await self._announcer.hold(body.connection, socket.sid)

    async def _tiles(self, socket: Socket, body: Tiles) -> None:
        if body.connection not in socket.holds:
            raise NotFound
        await show_tiles(self._house, body.connection, [(tile.mid, tile.width, tile.height) for tile in body.tiles])

    async def _looked(self, socket: Socket, body: Looked) -> None:
        if body.connection not in socket.holds:
            raise NotFound
        frozen = None if body.frozen_s is None else min(1.0, body.frozen_s / body.seconds)
        look = Look(body.seconds, frozen=frozen, made_up=body.made_up, fps=body.fps, height=body.height)
        self._house.lines.see_page(body.connection, look, self._house.now())

    async def _audience(self, socket: Socket, body: JoinAudience) -> AudienceJoined:
        return AudienceJoined(await self._rooms.join(socket, body.session))

    async def _watch_stage(self, socket: Socket, body: WatchStage) -> None:
        await case_of_session(self._house, socket.principal, body.session)
        self._crowd.enter_stage(socket, body.session)

    async def _react(self, socket: Socket, body: React) -> None:
        if socket.audience != body.session:
            raise NotFound
        self._rooms.react(body.session, body.reaction, body.count)

    async def beat_forever(self) -> None:
        """Notices pages that are gone without a word. Run as a task."""
        await self._server.beat_forever()

    async def sweep_forever(self) -> None:
        """Limits, feeds that stayed behind, sign-ins that ended. Run as a task."""
        since_touch = 0.0
        while True:
            await asyncio.sleep(SWEEP_S)
            since_touch += SWEEP_S
            is_touch_due = since_touch >= TOUCH_S
            since_touch = 0.0 if is_touch_due else since_touch
            for work in (
                self._server.sweep,
                self._mend_feeds,
                self._drop_idle,
                self._settle,
                *((self._touch,) if is_touch_due else ()),
            ):
                await self._try(work)

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        """One part of the sweep; its failure stops neither the others nor the next sweep."""
        try:
            await work()
        except OaseError as error:
            log.info("sweep_put_off", code=error.code)
        except Exception:  # The root of the sweep.
            log.exception("sweep_failed")

    async def _mend_feeds(self) -> None:
        for socket in self._crowd.all():
            if any(watcher.is_behind for watcher in socket.watching.values()):
                await self._listener.catch_up(socket)

    async def _drop_idle(self) -> None:
        """Who came for an audience and hears none."""
        now = time.monotonic()
        for socket in self._crowd.all():
            if socket.kind == "watcher" and socket.audience is None and now - socket.opened_at > HELLO_LIMIT_S:
                await self._crowd.close(socket)

    async def _settle(self) -> None:
        self._settled.sweep(len(self._crowd.all()))

    async def _touch(self) -> None:
        """Agents with an open page count as here; sign-ins and links that ended since close their sockets."""
        for sockets in self._crowd.agents().values():
            agent = sockets[0].principal
            if isinstance(agent, Agent) and not await touch_agent(self._house, agent):
                for socket in sockets:
                    await self._listener.dismiss(socket, "signed_out")
        for socket, visitor in self._crowd.visitors():
            if socket.audience is not None and not visitor.links:
                continue  # A member of an audience: nothing of theirs expires while the page is open.
            now = await principal_of(self._house, socket.request.app[EDGE], socket.request, "visitor")
            if isinstance(now, Visitor) and now.links:
                socket.is_now(now)
            else:
                await self._listener.dismiss(socket, "revoked")

    async def say_goodbye(self) -> None:
        """This process ends: pages are told to come back, spread over two seconds, so that they do not come all at once."""
        for socket in self._crowd.all():
            again_in_s = round(0.5 + random.random() * 2.0, 2)  # noqa: S311  Spread, not a secret.
            await self._crowd.tell(socket, "bye", Bye("restarting", again_in_s))


def _body(event: SocketEvent, said: tuple[Any, ...]) -> Request:
    """The event's one JSON object, by its model. Raises BadRequest, BadField."""
    return parse(event.body, said[0] if said and isinstance(said[0], dict) else {})


def _failure(error: OaseError, language: Language) -> dict[str, Any]:
    return {**error.facts, "code": error.code, "detail": words(language).sentence(error)}
