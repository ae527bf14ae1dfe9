"""The socket server with its limits. The one file that knows python-socketio's private names; `tests/signaling` fails when they move.

Released python-socketio lets an admitted client announce any number of binary attachments, send without pause, and nest JSON as deep as it likes
(each costs memory or a traceback). Here a page may send text events only, 30 a second with a burst of 60, and five broken packets.
"""

import collections
import functools
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import socketio  # type: ignore[import-untyped]
import structlog

from server.api.call import ADDRESS
from server.api.metrics import METRICS
from server.signaling.pipes import PING_S, PONG_LIMIT_S, UNREAD_LIMIT_BYTES, Pipe, PipeServer, text_frame

log = structlog.get_logger(__name__)

MESSAGE_LIMIT_BYTES = 64 * 1024
EVENTS_PER_S = 30.0
BURST = 60.0
BROKEN_LIMIT = 5
HELLO_LIMIT_S = 10.0


@dataclass(slots=True)
class Meter:
    """What one client has sent: a bucket that fills with EVENTS_PER_S up to BURST, and the count of broken packets."""

    opened: float
    filled: float
    tokens: float = BURST
    broken: int = 0
    said_hello: bool = False
    is_out: bool = field(default=False)

    def take(self, now: float) -> bool:
        """Whether one more event fits now (seconds of any steady clock)."""
        self.tokens = min(BURST, self.tokens + (now - self.filled) * EVENTS_PER_S)
        self.filled = now
        self.tokens -= 1.0
        return self.tokens >= 0.0


class GuardedServer(socketio.AsyncServer):  # type: ignore[misc]
    """python-socketio's server: websocket only, one event of a client after the other, limits before anything is parsed."""

    def __init__(self) -> None:
        super().__init__(
            async_mode="aiohttp",
            transports=["websocket"],
            async_handlers=False,
            cors_allowed_origins=[],  # The same-origin check is ours, for pages and sockets alike.
            ping_interval=PING_S,
            ping_timeout=PONG_LIMIT_S,
            max_http_buffer_size=MESSAGE_LIMIT_BYTES,
            namespaces=["/"],
        )
        self._meters: dict[str, Meter] = {}
        self._open_from: collections.Counter[str] = collections.Counter()

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        now = time.monotonic()
        self._meters[eio_sid] = Meter(opened=now, filled=now)
        self._open_from[environ["aiohttp.request"].get(ADDRESS, "")] += 1
        await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._meters.pop(eio_sid, None)
        if eio_sid in self.environ:
            self._forget_address(self.environ[eio_sid]["aiohttp.request"].get(ADDRESS, ""))
        await super()._handle_eio_disconnect(eio_sid, reason)

    def _forget_address(self, address: str) -> None:
        self._open_from[address] -= 1
        if self._open_from[address] <= 0:
            del self._open_from[address]

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        meter = self._meters.get(eio_sid)
        if meter is None or meter.is_out:
            return
        if not meter.take(time.monotonic()):
            await self._drop(eio_sid, meter, "too_fast")
            return
        if not isinstance(data, str) or data[:1] not in {"0", "1", "2"}:
            await self._drop(eio_sid, meter, "not_text")  # Binary packets and attachments; acks, since we ask for none.
            return
        meter.said_hello = meter.said_hello or data[:1] == "0"
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, RecursionError, TypeError, KeyError, IndexError, AttributeError) as error:
            meter.broken += 1
            log.info("socket_packet_broken", error=type(error).__name__, broken=meter.broken)
            if meter.broken >= BROKEN_LIMIT:
                await self._drop(eio_sid, meter, "broken")

    async def _drop(self, eio_sid: str, meter: Meter, reason: str) -> None:
        meter.is_out = True
        METRICS.dropped.labels(reason).inc()
        log.warning("socket_dropped", reason=reason)
        environ = self.environ.get(eio_sid)
        await self._close(eio_sid)
        if environ and (transport := environ["aiohttp.request"].transport):
            transport.abort()  # Its unread packets are not waited for.

    async def _close(self, eio_sid: str) -> None:
        """Ends a connection after what was said to it: python-engineio alone would keep the websocket until the next ping."""
        socket: Pipe | None = self.eio.sockets.get(eio_sid)
        if socket is not None:
            await socket.close(wait=False, abort=True)
            socket.finish()

    async def dismiss(self, sid: str) -> None:
        """Ends one page's socket for good, after the events that were queued before."""
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        await self.disconnect(sid)
        if eio_sid is not None:
            await self._close(eio_sid)

    async def sweep(self) -> None:
        """Closes clients that never said hello, and those that do not read what they are sent. Call every few seconds."""
        now = time.monotonic()
        for eio_sid, meter in list(self._meters.items()):
            socket = self.eio.sockets.get(eio_sid)
            if socket is None or meter.is_out:
                continue
            if not meter.said_hello and now - meter.opened > HELLO_LIMIT_S:
                await self._drop(eio_sid, meter, "no_hello")
            elif socket.unread_bytes > UNREAD_LIMIT_BYTES:
                await self._drop(eio_sid, meter, "does_not_read")

    def open_from(self, address: str) -> int:
        """How many sockets are open from this address."""
        return self._open_from[address]

    def shout(self, event: str, body: Any) -> Callable[[Iterable[str]], None]:
        """Says one event to as many pages as it is given: encoded once, and the same bytes to all."""
        frame = text_frame("42" + json.dumps([event, body], ensure_ascii=False, separators=(",", ":")))
        return functools.partial(self._shout, frame)

    def _shout(self, frame: bytes, sids: Iterable[str]) -> None:
        """Who does not read what was said before is cut."""
        for sid in sids:
            pipe: Pipe | None = self.eio.sockets.get(self.manager.eio_sid_from_sid(sid, "/"))
            if pipe is None:
                continue
            if pipe.unread_bytes > UNREAD_LIMIT_BYTES:
                pipe.cut()
                METRICS.dropped.labels("does_not_read").inc()
            else:
                pipe.write(frame)

    async def beat_forever(self) -> None:
        """Pings all pages. Run as a task."""
        await self.eio.beat_forever()

    def _engineio_server_class(self) -> type[PipeServer]:
        return PipeServer
