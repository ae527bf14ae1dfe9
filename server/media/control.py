"""The control interface: the routes of `protocol.py` on a Unix socket or TCP, for the web process only."""

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import WSMsgType, web

from server.errors import BadField, CrossOrigin, NotSignedIn, OaseError
from server.media.events import Listener
from server.media.house import House
from server.media.protocol import (
    Agreement,
    Event,
    Fragment,
    Health,
    Offer,
    Restart,
    Seat,
    Shown,
    StartRecording,
    Stats,
    Tiles,
)
from server.media.wire import dump, parse, problem
from server.tasks import Tasks

log = structlog.get_logger(__name__)

BODY_MAX_BYTES = 256 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Handlers of all routes. `is_ready` is set by the worker; with a `secret` every request must bring it."""

    def __init__(self, house: House, secret: str = "") -> None:
        self.is_ready = False
        self._house = house
        self._load = house.load
        self._proof = f"Bearer {secret}".encode() if secret else b""
        self._streams: set[web.WebSocketResponse] = set()

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=BODY_MAX_BYTES, middlewares=[_failures, self._guard])
        app.add_routes(
            [
                web.post("/connections", self.connect),
                web.patch("/connections/{connection}", self.restart),
                web.post("/connections/{connection}/fragments", self.patch),
                web.put("/connections/{connection}/tiles", self.see),
                web.delete("/connections/{connection}", self.close_connection),
                web.put("/sessions/{session}/participants/{participant}", self.seat),
                web.delete("/sessions/{session}/participants/{participant}", self.unseat),
                web.get("/sessions/{session}", self.session),
                web.post("/sessions/{session}/key-frames", self.wake_cameras),
                web.put("/sessions/{session}/shown", self.show),
                web.delete("/sessions/{session}", self.end_session),
                web.get("/sessions/{session}/packets", self.packets),
                web.post("/sessions/{session}/recordings", self.start_recording),
                web.patch("/recordings/{recording}", self.agree),
                web.delete("/recordings/{recording}", self.stop_recording),
                web.get("/health", self.health),
                web.get("/stats", self.stats),
                web.get("/events", self.events),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A page of any browser on this machine can post here too, so a request that names an origin is refused."""
        if "Origin" in request.headers:
            raise CrossOrigin
        brought = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if self._proof and not hmac.compare_digest(brought, self._proof):
            raise NotSignedIn
        return await handler(request)

    async def connect(self, request: web.Request) -> web.Response:
        return _json(await self._house.connect(parse(Offer, await request.read())), 201)

    async def restart(self, request: web.Request) -> web.Response:
        body = parse(Restart, await request.read())
        return _json(self._house.restart(request.match_info["connection"], body))

    async def patch(self, request: web.Request) -> web.Response:
        body = parse(Fragment, await request.read())
        return _json(self._house.patch(request.match_info["connection"], body))

    async def see(self, request: web.Request) -> web.Response:
        body = parse(Tiles, await request.read())
        self._house.see(request.match_info["connection"], body)
        return web.Response(status=204)

    async def close_connection(self, request: web.Request) -> web.Response:
        await self._house.close_connection(request.match_info["connection"])
        return web.Response(status=204)

    async def seat(self, request: web.Request) -> web.Response:
        body = parse(Seat, await request.read())
        return _json(self._house.seat(request.match_info["session"], request.match_info["participant"], body))

    async def unseat(self, request: web.Request) -> web.Response:
        self._house.unseat(request.match_info["session"], request.match_info["participant"])
        return web.Response(status=204)

    async def session(self, request: web.Request) -> web.Response:
        return _json(self._house.session(request.match_info["session"]).view())

    async def wake_cameras(self, request: web.Request) -> web.Response:
        self._house.wake_cameras(request.match_info["session"])
        return web.Response(status=204)

    async def show(self, request: web.Request) -> web.Response:
        body = parse(Shown, await request.read())
        self._house.show(request.match_info["session"], body)
        return web.Response(status=204)

    async def end_session(self, request: web.Request) -> web.Response:
        await self._house.end_session(request.match_info["session"])
        return web.Response(status=204)

    async def start_recording(self, request: web.Request) -> web.Response:
        body = parse(StartRecording, await request.read())
        session = self._house.session(request.match_info["session"])
        return _json(await self._house.recordings.start(session, body), 201)

    async def agree(self, request: web.Request) -> web.Response:
        body = parse(Agreement, await request.read())
        return _json(self._house.recordings.agree(request.match_info["recording"], body.participants))

    async def stop_recording(self, request: web.Request) -> web.Response:
        return _json(await self._house.recordings.stop(request.match_info["recording"]))

    async def health(self, request: web.Request) -> web.Response:
        boot = self._house.events.boot
        return _json(Health(self.is_ready, boot, self._load.share(), len(self._house.connections), self._house.is_full))

    async def stats(self, request: web.Request) -> web.Response:
        gauges = {
            "connections": float(len(self._house.connections)),
            "sessions": float(len(self._house.sessions)),
            "load": self._load.share(),
            "late_s_max": self._house.lateness.most_s(),
            "tasks": float(len(asyncio.all_tasks())),
            "late_s_usual": self._house.lateness.usual_s(),
            "full": float(self._house.is_full),
        }
        boot = self._house.events.boot
        return _json(Stats(boot, self._load.uptime_s(), self._load.cpu_s(), self._house.counters.view(), gauges))

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(heartbeat=10.0, max_msg_size=4096)
        await ws.prepare(request)
        sending = Tasks("events")
        with self._house.events.listen() as listener:
            sending.start(_pass_on(ws, listener), "send")
            self._streams.add(ws)
            try:
                async for _ in ws:
                    pass  # Nothing is expected; reading answers pings and sees the end.
            finally:
                self._streams.discard(ws)
                await sending.close()
        return ws

    async def packets(self, request: web.Request) -> web.WebSocketResponse:
        session = self._house.session(request.match_info["session"])
        ws = web.WebSocketResponse(heartbeat=10.0, max_msg_size=BODY_MAX_BYTES, compress=False)
        with self._house.packet_feeds.open(session) as feed:
            await ws.prepare(request)
            sending = Tasks("packets")
            sending.start(feed.send_to(ws), "send")
            self._streams.add(ws)
            try:
                async for message in ws:
                    if message.type is WSMsgType.TEXT:
                        self._house.packet_feeds.hear(feed, parse(Event, message.data))
                    elif message.type is WSMsgType.BINARY:
                        self._house.packet_feeds.read(feed, message.data)
            except BadField:
                log.warning("packets_bad_wish", session=request.match_info["session"])
            finally:
                self._streams.discard(ws)
                await sending.close()
        return ws

    async def close(self) -> None:
        """Ends the event streams, so that the server can stop at once."""
        for ws in list(self._streams):
            await ws.close()


async def _pass_on(ws: web.WebSocketResponse, listener: Listener) -> None:
    with contextlib.suppress(ConnectionError):
        while not listener.is_late:
            event = await listener.queue.get()
            await ws.send_str(dump(event).decode())
        await ws.close()


@web.middleware
async def _failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except OaseError as exc:
        return _problem(exc)
    except web.HTTPException:
        raise
    except Exception:  # The edge towards the web process.
        log.exception("control_failed", route=request.path.split("/")[1], method=request.method)
        return _problem(OaseError())


def _problem(error: OaseError) -> web.Response:
    return web.Response(status=error.status, body=dump(problem(error)), content_type="application/problem+json")


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=dump(value), content_type="application/json")
