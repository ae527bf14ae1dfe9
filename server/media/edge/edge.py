"""The door of the media worker: one port for everybody. Decides by the first byte and the sender's address who gets a datagram (RFC 7983).

Dropped before anything else sees it: empty and oversized datagrams, anything but STUN from an address that no authenticated check came from, checks
that are not ours or not authentic, and everything that comes faster than its limit. Nothing unauthenticated is ever answered.
"""

import asyncio
import ctypes
import functools
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog
from aioice.stun import Message

from server.media.edge import stun
from server.media.edge.addresses import network_of
from server.media.edge.counters import Counters
from server.media.edge.guard import DATAGRAM_MAX_BYTES
from server.media.edge.paths import Path
from server.media.edge.tcp import (
    STREAMS_MAX,
    STREAMS_OF_A_PEER,
    UNPROVEN_MAX,
    UNPROVEN_OF_AN_ADDRESS,
    TcpStream,
)
from server.media.edge.udp import READS_AT_ONCE, UdpPort, open_ports
from server.media.native.forwarder import Forwarder
from server.media.seam import Inbox

log = structlog.get_logger(__name__)

ROUTES_MAX = 8
"""Addresses of one peer. A phone that changes networks has two or three; more is somebody playing."""

Address = tuple[str, int]


class Peer(Protocol):
    """What the edge needs of a connection. `state` is what compiled code sees of it, as long as it lives."""

    @property
    def state(self) -> ctypes.Structure:
        """See above."""

    def password(self, ufrag: str) -> str | None:
        """The ICE password that belongs to one of the peer's own ufrags."""

    def may_check(self, now: float) -> bool:
        """False when the peer's checks come too fast."""

    def is_live(self, now: float) -> bool:
        """True while the peer's checks come: nobody else gets an address of it."""

    def checked(self, path: Path, nominated: bool, now: float) -> None:
        """An authenticated check came over `path`."""

    def path_lost(self, path: Path, now: float) -> None:
        """The TCP connection of `path` is closed."""

    def failed(self) -> None:
        """A bug of ours was met with this peer's packets: it has to go."""

    def dtls(self, datagram: bytes) -> None:
        """A DTLS datagram came from a known address."""

    def media(self, length: int, now: float) -> None:
        """SRTP or SRTCP of `length` bytes is in the inbox."""

    def report(self, length: int, now: float) -> None:
        """RTCP of `length` bytes, opened already, is in the inbox."""


class Edge:
    """All sockets, and who is behind which address."""

    def __init__(
        self,
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
        plain: bool = False,
        forwarder: Forwarder | None = None,
    ) -> None:
        """`forwarder` fills the batches where it can; `plain` batches are not for it."""
        self.forwarder = None if plain else forwarder
        self.inbox = Inbox()
        self.counters = counters
        self._clock = clock
        self._plain = plain
        self._now = 0.0
        self._view = memoryview(self.inbox.data)
        self._ports: list[UdpPort] = []
        self._servers: list[asyncio.Server] = []
        self._streams: dict[TcpStream, None] = {}  # In the order in which they came.
        self._by_ufrag: dict[str, Peer] = {}
        self._routes: dict[Peer, list[tuple[UdpPort, Address]]] = {}

    @property
    def forwarding(self) -> str:
        """What walks over the receivers of a packet: `compiled` or `python`."""
        return "python" if self.forwarder is None else "compiled"

    def open(self, addresses: Iterable[str], port: int) -> int:
        """Listens on `port` of all `addresses` (0: any that is free everywhere); the port. Raises OSError when it is taken."""
        self._ports = open_ports(list(addresses), port, self.inbox, self.counters, self._plain, self.forwarder)
        for opened in self._ports:
            opened.listen(asyncio.get_running_loop(), self._readable)
        return self._ports[0].port

    async def open_tcp(self) -> None:
        """Accepts TCP connections on the same addresses and port."""
        loop = asyncio.get_running_loop()
        for port in self._ports:
            self._servers.append(await loop.create_server(self._stream, sock=port.tcp))

    def _stream(self) -> TcpStream:
        stream = TcpStream(self, self.counters, self._has_room)
        self._streams[stream] = None
        return stream

    def _has_room(self, stream: TcpStream) -> bool:
        """Strangers keep nobody out: a few for each address (IPv6: network), and of too many in all the oldest has to go."""
        unproven = [other for other in self._streams if other.peer is None and other is not stream]
        network = network_of(stream.path.address[0]) if stream.path is not None else ""
        near = [other for other in unproven if other.path is not None and network_of(other.path.address[0]) == network]
        if len(near) >= UNPROVEN_OF_AN_ADDRESS:
            return False
        if len(unproven) >= UNPROVEN_MAX:
            self.counters.add("dropped_tcp_full")
            unproven[0].close()
        return True

    def close(self) -> None:
        """Stops listening."""
        for server in self._servers:
            server.close()
        for stream in list(self._streams):
            stream.close()
        for port in self._ports:
            port.close(asyncio.get_running_loop())
        self._ports.clear()

    def expect(self, ufrag: str, peer: Peer) -> None:
        """Checks for `ufrag` belong to `peer` from now on. To be called before the answer leaves: the first check may overtake it."""
        self._by_ufrag[ufrag] = peer
        self._routes.setdefault(peer, [])

    def unexpect(self, ufrag: str) -> None:
        """Checks for this ufrag are nobody's any more."""
        self._by_ufrag.pop(ufrag, None)

    def forget(self, peer: Peer, ufrags: Iterable[str]) -> None:
        """Nothing of this peer is let in any more."""
        for ufrag in ufrags:
            self._by_ufrag.pop(ufrag, None)
        for stream in list(self._streams):
            if stream.peer is peer:
                stream.close_soon()
        for port, address in self._routes.pop(peer, []):
            port.shut_out(address, peer)

    def flush(self) -> None:
        """Sends what stands in the batches."""
        for port in self._ports:
            port.batch.flush()

    def _readable(self, port: UdpPort) -> None:
        self._now = self._clock()
        if port.door is None:
            port.read(self.inbox.data, self._datagram)
        else:
            port.door.read(READS_AT_ONCE, self._now, functools.partial(self._datagram, port), self._known)
        self.flush()

    def _datagram(self, port: UdpPort, length: int, address: Address) -> None:
        if not 1 <= length <= DATAGRAM_MAX_BYTES:
            self.counters.add("dropped_size")
            return
        first = self.inbox.data[0]
        if first < 4:
            self._check(port, bytes(self._view[:length]), address)
            return
        peer = port.routes.get(address)
        if peer is None:
            self.counters.add("dropped_unknown_address")
            return
        if port.door is not None and 128 <= first < 192:
            port.door.meet(address, peer)
        self.deliver(peer, first, length, self._now)

    def _known(self, peer: Peer, length: int, is_opened: bool) -> None:
        """Media of a peer that was met here, by compiled code."""
        try:
            if is_opened:
                peer.report(length, self._now)
            else:
                peer.media(length, self._now)
        except Exception:  # As in `deliver`.
            log.exception("peer_failed")
            peer.failed()

    def deliver(self, peer: Peer, first: int, length: int, now: float) -> None:
        """Hands what is in the inbox to the peer it belongs to, by its first byte. A bug ends that one peer."""
        try:
            if 128 <= first < 192:
                peer.media(length, now)
            elif 20 <= first < 64:
                peer.dtls(bytes(self._view[:length]))
            else:
                self.counters.add("dropped_unknown_kind")
        except Exception:  # The edge: a bug ends one connection, not the worker.
            log.exception("peer_failed")
            peer.failed()

    def _check(self, port: UdpPort, data: bytes, address: Address) -> None:
        found = self.authenticate(data, self._now)
        if found is None:
            return
        peer, message, password = found
        path = port.path(address)
        owner = port.routes.get(address)
        if owner is not peer:
            if owner is not None and owner.is_live(self._now):
                self.counters.add("dropped_stun_taken")  # The sender's address is easily forged.
                return
            self._admit(peer, port, address)
        path.send(stun.answer(message, address, password))
        peer.checked(path, stun.nominates(message), self._now)

    def frame(self, stream: TcpStream, data: bytes) -> bool:
        """One frame of a TCP connection, which is either a check or comes from a peer that has proved itself."""
        now = self._clock()
        first = data[0]
        if first < 4:
            return self._check_stream(stream, data, now)
        peer = stream.peer
        if peer is None or peer not in self._routes:
            self.counters.add("dropped_unknown_address")
            return False
        self._view[: len(data)] = data
        self.deliver(peer, first, len(data), now)
        self.flush()
        return True

    def _check_stream(self, stream: TcpStream, data: bytes, now: float) -> bool:
        found = self.authenticate(data, now)
        if found is None or stream.path is None:
            return stream.peer is not None
        peer, message, password = found
        if stream.peer is not peer and not self._prove(stream, peer):
            return False
        stream.path.send(stun.answer(message, stream.path.address, password))
        peer.checked(stream.path, stun.nominates(message), now)
        return True

    def _prove(self, stream: TcpStream, peer: Peer) -> bool:
        """The stream is this peer's from now on; of too many of one peer the oldest goes. False when there is no room."""
        if sum(other.peer is not None for other in self._streams) >= STREAMS_MAX:
            self.counters.add("dropped_tcp_full")
            return False
        mine = [other for other in self._streams if other.peer is peer]
        if len(mine) >= STREAMS_OF_A_PEER:
            self.counters.add("dropped_tcp_many")
            mine[0].close()
        stream.peer = peer
        return True

    def stream_ended(self, stream: TcpStream) -> None:
        """The peer may come back over another path."""
        self._streams.pop(stream, None)
        if stream.peer in self._routes and stream.path is not None:
            stream.peer.path_lost(stream.path, self._clock())

    def authenticate(self, data: bytes, now: float) -> tuple[Peer, Message, str] | None:
        """Whose check this is, parsed, with the password that signs the answer; None (and counted) when it is nobody's or forged."""
        ufrag = stun.requested_ufrag(data)
        peer = self._by_ufrag.get(ufrag) if ufrag is not None else None
        if ufrag is None or peer is None:
            self.counters.add("dropped_stun_unknown")
            return None
        password = peer.password(ufrag)
        if password is None or not peer.may_check(now):
            self.counters.add("dropped_stun_rate")
            return None
        message = stun.authenticated(data, password)
        if message is None:
            self.counters.add("dropped_stun_forged")
            return None
        return peer, message, password

    def _admit(self, peer: Peer, port: UdpPort, address: Address) -> None:
        routes = self._routes[peer]
        routes.append((port, address))
        port.let_in(address, peer)
        if len(routes) > ROUTES_MAX:
            old_port, old_address = routes.pop(0)
            old_port.shut_out(old_address, peer)
