"""The media worker's edge with one peer behind it, fed as the network feeds it: by datagrams and by a TCP stream."""

import asyncio
from functools import cache
from typing import Any

from server.media.edge.counters import Counters
from server.media.edge.edge import Edge
from server.media.edge.guard import DATAGRAM_MAX_BYTES, Bucket
from server.media.edge.paths import Path
from server.media.edge.udp import UdpPort, open_ports
from server.media.native.forwarder import LinkState
from server.media.seam import Inbox
from tests.fuzz import wire


class Guest:
    """The peer that the edge knows. It notes what gets through to it, and nothing may before its first check."""

    def __init__(self) -> None:
        self.checks = self.failures = 0
        self.state = LinkState()
        self._bucket = Bucket()

    def password(self, ufrag: str) -> str | None:
        return wire.PASSWORD if ufrag == wire.UFRAG else None

    def may_check(self, now: float) -> bool:
        return self._bucket.take(now)

    def is_live(self, now: float) -> bool:
        return True

    def checked(self, path: Path, nominated: bool, now: float) -> None:
        self.checks += 1

    def path_lost(self, path: Path, now: float) -> None:
        return

    def failed(self) -> None:
        self.failures += 1

    def dtls(self, datagram: bytes) -> None:
        assert self.checks
        assert 1 <= len(datagram) <= DATAGRAM_MAX_BYTES

    def media(self, length: int, now: float) -> None:
        assert self.checks
        assert 1 <= length <= DATAGRAM_MAX_BYTES

    def report(self, length: int, now: float) -> None:
        raise AssertionError("only compiled code opens anything at the door")


class Line(asyncio.Transport):
    """A TCP connection that keeps nothing."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 9)})
        self.is_gone = False

    def is_closing(self) -> bool:
        return self.is_gone

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: Any) -> None:
        return

    def abort(self) -> None:
        self.is_gone = True


def _edge() -> tuple[Edge, Guest]:
    edge, guest = Edge(Counters(), lambda: 1.0, plain=True), Guest()
    edge.expect(wire.UFRAG, guest)
    return edge, guest


@cache
def _port() -> UdpPort:
    return open_ports(["127.0.0.1"], 0, Inbox(), Counters(), plain=True, forwarder=None)[0]


def through_edge(data: bytes) -> None:
    """Framed datagrams. The first byte of each: 0..3 which address it comes from, 16 signed as a check by somebody who knows the password."""
    edge, guest = _edge()
    port = _port()
    port.routes.clear()
    for each in wire.unframed(data):
        kind, body = (each[0], each[1:]) if each else (0, b"")
        datagram = wire.signed(body) if kind & 16 else body
        size = min(len(datagram), len(edge.inbox.data))
        edge.inbox.data[:size] = datagram[:size]
        edge._datagram(port, size, ("127.0.0.1", 1 + (kind & 3)))
    assert not guest.failures


def through_tcp(data: bytes) -> None:
    """One stream, whole and then byte by byte: both must come to the same."""
    ends = []
    for size in (max(1, len(data)), 7):
        edge, guest = _edge()
        line, stream = Line(), edge._stream()
        stream.connection_made(line)
        for at in range(0, len(data), size):
            if line.is_gone:
                break
            stream.data_received(data[at : at + size])
        ends.append((line.is_gone, guest.checks, stream.peer is guest))
        stream.connection_lost(None)
        assert not guest.failures
    assert ends[0] == ends[1]
