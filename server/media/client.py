"""The web process' end of the control interface: one typed async method for each route of `protocol.py`."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
import structlog

from server.errors import MediaAway, OaseError
from server.media.protocol import (
    Agreement,
    Answer,
    Event,
    Fragment,
    Health,
    Offer,
    RecordingFacts,
    Renewal,
    Restart,
    Seat,
    SessionView,
    Shown,
    StartRecording,
    Stats,
    Tile,
    Tiles,
)
from server.media.wire import dump, error_by_code, parse

log = structlog.get_logger(__name__)

ANSWER_LIMIT_S = 10.0
IDLE_S = 2.0  # They are used in turn: kept for longer, those of one burst would stay for ever.
BACK_OFF_S = (*[0.05] * 20, 0.2, 0.5, 1.0)  # A worker that died is back within the first second.
EVENT_LIMIT_BYTES = 1 << 20

_T = TypeVar("_T")


class MediaClient:
    """Talks to one media worker. Every method raises `MediaAway` when the worker does not answer, else the error with the worker's code.

    Belongs to one event loop; close it with `close()` or use it as an async context manager.
    """

    def __init__(self, control: str, secret: str = "") -> None:
        """`control` is `unix:/path/of/socket` or `http://host:port`, as `settings().media_control` says it; `secret` is sent with each request."""
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._unix = control.removeprefix("unix:") if control.startswith("unix:") else None
        self._base = "http://media" if self._unix else control.rstrip("/")
        self._http: aiohttp.ClientSession | None = None

    async def connect(self, offer: Offer) -> Answer:
        """A new connection for a browser's offer. Raises BadSdp, NoCommonCodec, Busy."""
        return await self._call("POST", "/connections", Answer, offer)

    async def restart(self, connection: str, restart: Restart) -> Answer:
        """New ICE credentials for a connection that keeps its keys. Raises NotFound, BadSdp."""
        return await self._call("PATCH", _path("connections", connection), Answer, restart)

    async def patch(self, connection: str, fragment: Fragment) -> Renewal:
        """What a trickled fragment changes: nothing, or new ICE credentials. Raises NotFound, BadSdp, EtagStale."""
        return await self._call("POST", _path("connections", connection, "fragments"), Renewal, fragment)

    async def see(self, connection: str, tiles: list[Tile]) -> None:
        """How large the page shows the pictures in its slots. Raises NotFound."""
        await self._send("PUT", _path("connections", connection, "tiles"), Tiles(tiles))

    async def close_connection(self, connection: str) -> None:
        """The connection is closed; unknown ones are not an error."""
        await self._send("DELETE", _path("connections", connection))

    async def seat(self, session: str, participant: str, seat: Seat) -> SessionView:
        """The participant sits as `seat` says. Raises NotFound when the connection is unknown or gone."""
        return await self._call("PUT", _path("sessions", session, "participants", participant), SessionView, seat)

    async def unseat(self, session: str, participant: str) -> None:
        """The participant has left the session; the connection stays until it is closed."""
        await self._send("DELETE", _path("sessions", session, "participants", participant))

    async def session(self, session: str) -> SessionView:
        """Who is in a session. Raises NotFound when nobody is."""
        return await self._call("GET", _path("sessions", session), SessionView)

    async def wake_cameras(self, session: str) -> None:
        """Key frames of everybody there, merged to one a second. Raises NotFound when nobody is."""
        await self._send("POST", _path("sessions", session, "key-frames"))

    async def end_session(self, session: str) -> None:
        """Everybody out, connections closed (`gone`, reason ended), recording stopped; an unknown session is not an error."""
        await self._send("DELETE", _path("sessions", session))

    async def start_recording(self, session: str, start: StartRecording) -> RecordingFacts:
        """A recording of the people named. Raises NotFound, AlreadyRecording, NoSpace."""
        return await self._call("POST", _path("sessions", session, "recordings"), RecordingFacts, start)

    async def show(self, session: str, programme: str | None, to_outsiders: list[str]) -> None:
        """The session's audience gets this programme, and who came from it on stage exactly these people, from now on. Raises NotFound."""
        await self._send("PUT", _path("sessions", session, "shown"), Shown(programme, to_outsiders))

    async def agree(self, recording: str, participants: list[str]) -> RecordingFacts:
        """From now on exactly these people's tracks are written. Raises NotFound."""
        return await self._call("PATCH", _path("recordings", recording), RecordingFacts, Agreement(participants))

    async def stop_recording(self, recording: str) -> RecordingFacts:
        """The recording is closed and its files are complete. Raises NotFound."""
        return await self._call("DELETE", _path("recordings", recording), RecordingFacts)

    async def health(self) -> Health:
        """How the worker is."""
        return await self._call("GET", "/health", Health)

    async def stats(self) -> Stats:
        """Counters since the worker's start."""
        return await self._call("GET", "/stats", Stats)

    async def events(self) -> AsyncIterator[Event]:
        """Events for ever: reconnects with a short back-off when the worker goes away; each new WebSocket begins with `hello`."""
        failures = 0
        while True:
            try:
                async for event in self._listen():
                    failures = 0
                    yield event
            except (aiohttp.ClientError, OSError, TimeoutError) as exc:
                log.debug("media_events_away", reason=type(exc).__name__)
            await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
            failures += 1

    async def _listen(self) -> AsyncIterator[Event]:
        url = self._base + "/events"
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        async with self._session().ws_connect(
            url, heartbeat=10.0, timeout=timeout, max_msg_size=EVENT_LIMIT_BYTES
        ) as ws:
            async for message in ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    yield parse(Event, message.data)

    @contextlib.asynccontextmanager
    async def packets(self, session: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """What the stage of a session sends, as `packet_wire.py` says it. Raises MediaAway, also when the worker does not know the session."""
        url, timeout = self._base + _path("sessions", session, "packets"), aiohttp.ClientWSTimeout(ws_close=1.0)
        try:
            ws = await self._session().ws_connect(url, heartbeat=10.0, timeout=timeout, max_msg_size=EVENT_LIMIT_BYTES)
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise MediaAway(reason=type(exc).__name__) from exc
        try:
            yield ws
        finally:
            await ws.close()

    async def _call(self, method: str, path: str, answer: type[_T], body: Any = None) -> _T:
        return parse(answer, await self._send(method, path, body))

    async def _send(self, method: str, path: str, body: Any = None) -> bytes:
        data = None if body is None else dump(body)
        headers = {} if data is None else {"Content-Type": "application/json"}
        try:
            async with self._session().request(method, self._base + path, data=data, headers=headers) as reply:
                text = await reply.read()
                status = reply.status
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise MediaAway(reason=type(exc).__name__) from exc
        if status in (401, 403):
            log.warning("media_refuses_us", status=status)  # A wrong OASE_MEDIA_SECRET is nothing that a person did.
            raise MediaAway(reason="refused")
        if status >= 400:
            raise _failure(text)
        return text

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None or self._http.closed:
            connector = (
                aiohttp.UnixConnector(path=self._unix, keepalive_timeout=IDLE_S)
                if self._unix
                else aiohttp.TCPConnector(keepalive_timeout=IDLE_S)
            )
            self._http = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=ANSWER_LIMIT_S, sock_connect=2.0),
            )
        return self._http

    async def close(self) -> None:
        """Ends all requests and event streams of this client."""
        if self._http is not None:
            await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _path(*parts: str) -> str:
    return "".join("/" + quote(part, safe="") for part in parts)


def _failure(text: bytes) -> OaseError:
    with contextlib.suppress(ValueError):
        problem = json.loads(text)
        if isinstance(problem, dict):
            return error_by_code(problem)
    return MediaAway(reason="bad_answer")
