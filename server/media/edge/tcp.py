"""Media over TCP on the same port number, for networks that drop UDP (RFC 6544, passive). Two bytes of length before each packet (RFC 4571)."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Protocol

from server.media.edge.addresses import family_of
from server.media.edge.batch import PACKET_BYTES, Batch
from server.media.edge.counters import Counters
from server.media.edge.guard import DATAGRAM_MAX_BYTES
from server.media.seam import Keys, Lengths, srtp_protect

UNCHECKED_LIMIT_S = 5.0
FAREWELL_S = 0.5
FAREWELL_LIMIT_S = 2.0
"""A peer that does not read would hold a connection that waits for its buffer to drain for ever."""
STREAMS_MAX = 700
"""Of peers that have proved themselves."""
STREAMS_OF_A_PEER = 4
UNPROVEN_MAX = 200
UNPROVEN_OF_AN_ADDRESS = 16
"""A browser proves itself within one round trip, also many behind one company's address."""
WAITING_MAX_BYTES = 256 * 1024
"""More than this unsent means that the line cannot carry it: packets are dropped, as UDP would."""


class TcpPath:
    """One accepted connection as a way to a peer, and as the batch that its packets are written to."""

    def __init__(self, transport: asyncio.Transport, counters: Counters) -> None:
        self.address: tuple[str, int] = transport.get_extra_info("peername")[:2]
        self.batch: Batch = self
        self.state = None
        self.target: Any = None
        self.memory = memoryview(bytearray(PACKET_BYTES))
        self.at = self.sealed = 0
        self._transport = transport
        self._counters = counters
        self._lengths = Lengths(self.memory, PACKET_BYTES, 1)

    def send(self, data: bytes | memoryview) -> None:
        """Writes one frame, or drops it when too much waits."""
        if self._transport.is_closing() or self._transport.get_write_buffer_size() > WAITING_MAX_BYTES:
            self._counters.add("frames_dropped_tcp")
            return
        self._transport.write(len(data).to_bytes(2, "big") + data)

    def seal(self, keys: Keys, target: Any, length: int) -> None:
        """See `Batch.seal`."""
        size = self._lengths.length
        size[0] = length
        if srtp_protect(keys.tx, self._lengths.pointers[0], size):
            self.sealed = 0
            self._counters.add("protect_failed")
            return
        self.sealed = size[0]
        self.send(self.memory[: self.sealed])
        self._counters.add("packets_out")

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """See `Batch.close`; the stream closes itself."""


class FrameTaker(Protocol):
    """The edge, as a stream sees it."""

    def frame(self, stream: "TcpStream", data: bytes) -> bool:
        """One frame came; False when its sender has to go."""

    def stream_ended(self, stream: "TcpStream") -> None:
        """The connection is closed."""


class TcpStream(asyncio.Protocol):
    """One accepted connection. It must prove itself by an authenticated check within five seconds; `peer` is whose it then is."""

    def __init__(self, taker: FrameTaker, counters: Counters, has_room: Callable[["TcpStream"], bool]) -> None:
        self.peer: Any = None
        self.path: TcpPath | None = None
        self._taker = taker
        self._counters = counters
        self._has_room = has_room
        self._waiting = bytearray()
        self._transport: asyncio.Transport | None = None
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(type(transport))
        self._transport = transport
        self.path = TcpPath(transport, self._counters)
        if not self._has_room(self):
            self._counters.add("dropped_tcp_full")
            self.close()
            return
        self._limit = asyncio.get_running_loop().call_later(UNCHECKED_LIMIT_S, self._expire)

    def _expire(self) -> None:
        if self.peer is None:
            self._counters.add("dropped_tcp_silent")
            self.close()

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        at = 0
        while len(self._waiting) - at >= 2:
            size = self._waiting[at] << 8 | self._waiting[at + 1]
            if not 1 <= size <= DATAGRAM_MAX_BYTES:
                self._counters.add("dropped_tcp_frame")
                self.close()
                return
            if len(self._waiting) - at - 2 < size:
                break
            frame = bytes(self._waiting[at + 2 : at + 2 + size])
            at += 2 + size
            if not self._taker.frame(self, frame):
                self.close()
                return
        del self._waiting[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._taker.stream_ended(self)

    def close_soon(self) -> None:
        """Ends the connection after what is written to it now, such as the farewell."""
        if self._transport is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(FAREWELL_S, self._transport.close)
            loop.call_later(FAREWELL_LIMIT_S, self._transport.abort)

    def close(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.abort()


def listening_socket(address: str, port: int) -> socket.socket:
    """A bound TCP socket. Raises OSError."""
    sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    try:
        if sock.family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock
