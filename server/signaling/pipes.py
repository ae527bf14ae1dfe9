"""One open websocket of a page, as light as it can be: thousands are open at once, and most only listen.

python-engineio gives each page a queue, a writer's task, a ping's task and timers around each wait: 0.8 ms of a core for every ping, and with
aiohttp's compression 300 kB. Here a page is one waiting task; what is said to it is written to its transport at once, and one task pings all.
Text that is for many is framed once (`text_frame`; frames of a server carry no mask, RFC 6455, 5.1) and the same bytes are given to each.
"""

import asyncio
import time
from typing import Any

from aiohttp import web
from engineio import async_server, async_socket, packet  # type: ignore[import-untyped]

PING_S = 10
PONG_LIMIT_S = 5
ROUND_S = 0.5
UNREAD_LIMIT_BYTES = 512 * 1024
PING_FRAME, PONG = b"\x81\x012", "3"
CLOSE_FRAME = b"\x88\x02\x03\xe8"  # 1000: a normal end.
_TEXT, _BINARY = 0x81, 0x82


def text_frame(text: str) -> bytes:
    """A text as one websocket frame of a server."""
    return _frame(_TEXT, text.encode())


def _frame(first: int, data: bytes) -> bytes:
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + data
    return bytes((first, 127)) + size.to_bytes(8, "big") + data


class Pipe(async_socket.AsyncSocket):  # type: ignore[misc]
    """python-engineio's socket without its tasks. Nothing here waits for the page: who does not read is cut by the sweep."""

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self._transport: asyncio.Transport | None = None
        self._before: list[bytes] = []  # Said before the websocket was open.
        self._ping_at = time.monotonic() + PING_S
        self._pinged_at: float | None = None

    @property
    def unread_bytes(self) -> int:
        """How much waits for a page that does not read; the system's own buffers not counted."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    def write(self, frame: bytes) -> None:
        """Sends a whole frame, now."""
        if self._transport is None:
            self._before.append(frame)
        elif not self._transport.is_closing():
            self._transport.write(frame)

    async def send(self, pkt: Any) -> None:
        said = pkt.encode()
        self.write(_frame(_BINARY, said) if isinstance(said, bytes) else text_frame(said))

    def schedule_ping(self) -> None:
        """Nothing: `beat` pings."""

    def beat(self, now: float) -> bool:
        """Pings when it is time; False when the last one was not answered."""
        if self._pinged_at is not None:
            return now - self._pinged_at <= PONG_LIMIT_S
        if now >= self._ping_at and not self.closed:
            self._ping_at, self._pinged_at = now + PING_S, now
            self.write(PING_FRAME)
        return True

    def finish(self) -> None:
        """Ends the connection after what was said before."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(CLOSE_FRAME)
            self._transport.close()

    def cut(self) -> None:
        """Ends the connection at once; what waits is thrown away."""
        if self._transport is not None:
            self._transport.abort()

    async def _websocket_handler(self, ws: "Websocket") -> None:
        """From the open websocket to its end: python-engineio's own is replaced."""
        self.connected = self.upgraded = True
        self._transport = ws.transport
        for frame in self._before:
            self.write(frame)
        self._before.clear()
        try:
            while (said := await ws.wait()) is not None:
                await self._take(said)
        finally:
            await self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            self.finish()

    async def _take(self, said: str | bytes) -> None:
        if said == PONG:
            self._pinged_at = None
        elif said:
            await self.receive(packet.Packet(encoded_packet=said))


class Websocket:
    """aiohttp's websocket as python-engineio wants it, without compression."""

    def __init__(self, handler: Any, server: Any) -> None:
        self._handler = handler
        self._socket = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False, timeout=PONG_LIMIT_S
        )
        self.transport: asyncio.Transport | None = None

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        request: web.Request = environ["aiohttp.request"]
        await self._socket.prepare(request)
        self.transport = request.transport
        await self._handler(self)
        return self._socket

    async def wait(self) -> str | bytes | None:
        """What the page says; None when it is gone."""
        said = (await self._socket.receive()).data
        return said if isinstance(said, str | bytes) else None


class PipeServer(async_server.AsyncServer):  # type: ignore[misc]
    """python-engineio's server with our sockets."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "monitor_clients": False})
        engine: Any = self
        engine._async = {**engine._async, "websocket": Websocket}

    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None) -> Any:
        """From a page's handshake to its end; the original, with our class."""
        sid = self.generate_id()
        pipe = self.sockets[sid] = Pipe(self, sid)
        hello = {
            "sid": sid,
            "upgrades": [],
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        await pipe.send(packet.Packet(packet.OPEN, hello))
        await self._trigger_event("connect", sid, environ, run_async=False)
        try:
            return await pipe.handle_get_request(environ)
        finally:
            self.sockets.pop(sid, None)

    async def beat_forever(self) -> None:
        """Pings everybody in turn, and ends those who do not answer. Run as a task."""
        while True:
            await asyncio.sleep(ROUND_S)
            now = time.monotonic()
            for pipe in list(self.sockets.values()):
                if not pipe.beat(now):
                    await pipe.close(wait=False, abort=True, reason=self.reason.PING_TIMEOUT)
                    pipe.finish()
