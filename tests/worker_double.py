"""A media worker without media: speaks `server/media/protocol.py` on a Unix socket, for tests in which no packet matters."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from server.errors import AlreadyRecording, Busy, MediaAway, NotFound, OaseError
from server.media.protocol import (
    Answer,
    Event,
    Health,
    ParticipantView,
    RecordingFacts,
    SessionView,
    Slot,
    new_connection_id,
)
from server.media.wire import problem


@dataclass
class Taped:
    """A recording as the worker has it; `history` is who was written, each time that changed."""

    session: str
    directory: str
    participants: list[str]
    history: list[list[str]] = field(default_factory=list)


class WorkerDouble:
    """Sessions, seats and recordings as JSON; people are connected when a test says so.

    By the name of a request's handler: `before` is done once before it, and what is `unanswered` is done, but the answer is lost.
    """

    def __init__(self, folder: Path, number: int = 0) -> None:
        self.number = number
        self.socket = folder / (f"media-{number}.sock" if number else "media.sock")
        self.load = 0.0
        self.is_full = False
        self.url = f"unix:{self.socket}"
        self.failure: OaseError | None = None
        self.connections: dict[str, tuple[str, str] | None] = {}
        self.connected: set[str] = set()
        self.sessions: dict[str, dict[str, dict[str, Any]]] = {}
        self.recordings: dict[str, Taped] = {}
        self.shown: dict[str, str | None] = {}
        self.shown_to_outsiders: dict[str, list[str]] = {}
        self.woken: list[str] = []
        self.seen: dict[str, list[dict[str, Any]]] = {}
        self.before: dict[str, Callable[[], Awaitable[None]]] = {}
        self.unanswered: set[str] = set()
        self.boot = "boot-1"
        self._boots = itertools.count(2)
        self._listeners: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(middlewares=[self._failures])
        app.router.add_post("/connections", self._connect)
        app.router.add_patch("/connections/{connection}", self._restart)
        app.router.add_put("/connections/{connection}/tiles", self._see)
        app.router.add_delete("/connections/{connection}", self._close)
        app.router.add_put("/sessions/{session}/participants/{participant}", self._seat)
        app.router.add_delete("/sessions/{session}/participants/{participant}", self._unseat)
        app.router.add_get("/sessions/{session}", self._session)
        app.router.add_post("/sessions/{session}/key-frames", self._wake)
        app.router.add_put("/sessions/{session}/shown", self._show)
        app.router.add_delete("/sessions/{session}", self._end)
        app.router.add_post("/sessions/{session}/recordings", self._record)
        app.router.add_patch("/recordings/{recording}", self._agree)
        app.router.add_delete("/recordings/{recording}", self._stop_recording)
        app.router.add_get("/health", self._health)
        app.router.add_get("/events", self._events)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self.socket)).start()

    async def stop(self) -> None:
        if self._runner is not None:
            for listener in list(self._listeners):
                await listener.close()
            await self._runner.cleanup()
            self._runner = None

    async def restart(self) -> None:
        """Dies with everything it knew, and is back as a new one."""
        await self.stop()
        self.connections, self.connected, self.sessions, self.recordings = {}, set(), {}, {}
        self.boot = f"boot-{next(self._boots)}"
        await self.start()

    async def say(self, kind: str, **data: Any) -> None:
        for listener in list(self._listeners):
            await listener.send_str(json.dumps(asdict(Event(kind, data))))

    async def come(self, connection: str) -> None:
        """The browser's packets arrive."""
        self.connected.add(connection)
        session, participant = self.connections[connection] or (None, None)
        await self.say("connected", connection=connection, session=session, participant=participant)

    async def lose(self, connection: str, reason: str = "no_check_30s") -> None:
        """The browser is not heard any more."""
        place = self.connections.pop(connection, None)
        self.connected.discard(connection)
        if place and self.sessions.get(place[0], {}).get(place[1], {}).get("connection") == connection:
            self.sessions[place[0]][place[1]]["connection"] = None
        session, participant = place or (None, None)
        await self.say("gone", connection=connection, session=session, participant=participant, reason=reason)

    def people(self, session: str) -> dict[str, dict[str, Any]]:
        return self.sessions.get(session, {})

    @web.middleware
    async def _failures(self, request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            if self.failure is not None and not request.path.startswith("/events"):
                raise self.failure
            if before := self.before.pop(handler.__name__, None):
                await before()
            response: web.StreamResponse = await handler(request)
            if handler.__name__ in self.unanswered:
                raise MediaAway
        except OaseError as failure:
            return web.json_response(problem(failure), status=failure.status)
        return response

    async def _connect(self, request: web.Request) -> web.Response:
        if self.is_full and not (await request.json())["returns"]:
            raise Busy(retry_after_s=10)
        connection = new_connection_id(self.number)
        self.connections[connection] = None
        return web.json_response(asdict(Answer(connection, "v=0", [Slot("3", "video")])))

    async def _restart(self, request: web.Request) -> web.Response:
        connection = request.match_info["connection"]
        if connection not in self.connections:
            raise NotFound
        return web.json_response(asdict(Answer(connection, "v=0 restarted", [])))

    async def _close(self, request: web.Request) -> web.Response:
        if request.match_info["connection"] in self.connections:
            await self.lose(request.match_info["connection"], "ended")
        return web.Response(status=204)

    async def _see(self, request: web.Request) -> web.Response:
        if request.match_info["connection"] not in self.connections:
            raise NotFound
        self.seen[request.match_info["connection"]] = (await request.json())["tiles"]
        return web.Response(status=204)

    async def _seat(self, request: web.Request) -> web.Response:
        session, participant = request.match_info["session"], request.match_info["participant"]
        wish = await request.json()
        people = self.sessions.setdefault(session, {})
        if participant not in people and wish["connection"] not in self.connections:
            raise NotFound
        seat = people.setdefault(participant, {"connection": None, "on_stage": False, "state": {}})
        old = seat["connection"]
        seat.update({name: value for name, value in wish.items() if value is not None})
        self.connections[seat["connection"]] = (session, participant)
        if old and old != seat["connection"]:
            await self.lose(old, "replaced")
        return web.json_response(self._view(session))

    async def _unseat(self, request: web.Request) -> web.Response:
        self.people(request.match_info["session"]).pop(request.match_info["participant"], None)
        return web.Response(status=204)

    async def _session(self, request: web.Request) -> web.Response:
        if request.match_info["session"] not in self.sessions:
            raise NotFound
        return web.json_response(self._view(request.match_info["session"]))

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(Health(True, self.boot, self.load, len(self.connections), self.is_full)))

    async def _wake(self, request: web.Request) -> web.Response:
        if request.match_info["session"] not in self.sessions:
            raise NotFound
        self.woken.append(request.match_info["session"])
        return web.Response(status=204)

    async def _end(self, request: web.Request) -> web.Response:
        for seat in self.sessions.pop(request.match_info["session"], {}).values():
            if seat["connection"] in self.connections:
                await self.lose(seat["connection"], "ended")
        return web.Response(status=204)

    async def _record(self, request: web.Request) -> web.Response:
        session, wish = request.match_info["session"], await request.json()
        if any(one.session == session for one in self.recordings.values()):
            raise AlreadyRecording
        taped = Taped(session, wish["directory"], wish["participants"], [wish["participants"]])
        self.recordings[wish["recording"]] = taped
        return web.json_response(self._facts(wish["recording"], taped))

    async def _show(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.shown[request.match_info["session"]] = body["programme"]
        self.shown_to_outsiders[request.match_info["session"]] = body["to_outsiders"]
        return web.Response(status=204)

    async def _agree(self, request: web.Request) -> web.Response:
        taped = self.recordings.get(request.match_info["recording"])
        if taped is None:
            raise NotFound
        taped.participants = (await request.json())["participants"]
        taped.history.append(taped.participants)
        return web.json_response(self._facts(request.match_info["recording"], taped))

    async def _stop_recording(self, request: web.Request) -> web.Response:
        taped = self.recordings.pop(request.match_info["recording"], None)
        if taped is None:
            raise NotFound
        return web.json_response(self._facts(request.match_info["recording"], taped))

    def _facts(self, recording: str, taped: Taped) -> dict[str, Any]:
        return asdict(RecordingFacts(recording, 1.0, 12.5, 1000, 2, taped.participants))

    def _view(self, session: str) -> dict[str, Any]:
        people = [
            ParticipantView(
                participant,
                seat["connection"],
                seat["on_stage"],
                seat["connection"] in self.connected,
                [],
                seat["state"],
            )
            for participant, seat in self.people(session).items()
        ]
        running = next((name for name, one in self.recordings.items() if one.session == session), None)
        return asdict(SessionView(session, people, running))

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        listener = web.WebSocketResponse()
        await listener.prepare(request)
        await listener.send_str(json.dumps(asdict(Event("hello", {"boot": self.boot}))))
        self._listeners.add(listener)
        try:
            async for message in listener:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._listeners.discard(listener)
        return listener


async def until(condition: Any, limit_s: float = 5.0) -> None:
    """Waits until a condition (a function, or one that gives an awaitable) holds."""
    async with asyncio.timeout(limit_s):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.01)
