"""UDP sockets of the worker: one for each own address, IPv4 or IPv6, all with the same port number.

One socket bound to all addresses would answer from the address the kernel likes best, which is not the one the browser checks (RFC 8445, 7.2.5.2.1).
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

from server.media.edge.addresses import family_of
from server.media.edge.counters import Counters
from server.media.edge.paths import UdpPath, new_batch
from server.media.edge.tcp import listening_socket
from server.media.native.door import CompiledDoor
from server.media.native.forwarder import Forwarder
from server.media.seam import Inbox

READS_AT_ONCE = 64
BUFFER_BYTES = 1 << 20
"""Room for 25 ms of a flood. More would only make real packets wait behind junk when the process gets little time."""
TRIES = 20


class UdpPort:
    """One socket, its outgoing batch, and the peers behind the addresses that it heard authenticated checks from. `tcp` listens beside it.

    `door` reads instead of `read` where there is compiled code.
    """

    def __init__(
        self,
        sock: socket.socket,
        tcp: socket.socket,
        inbox: Inbox,
        counters: Counters,
        plain: bool,
        forwarder: Forwarder | None,
    ) -> None:
        self.tcp = tcp
        self.batch = new_batch(sock, counters, plain, forwarder)
        self.door = None if plain or forwarder is None else CompiledDoor(sock, inbox, counters, forwarder)
        self.routes: dict[tuple[str, int], Any] = {}
        self.address: str = sock.getsockname()[0]
        self.port: int = sock.getsockname()[1]
        self._socket = sock
        self._counters = counters

    def listen(self, loop: asyncio.AbstractEventLoop, readable: Callable[["UdpPort"], None]) -> None:
        """Calls `readable(self)` whenever something is there."""
        loop.add_reader(self._socket, readable, self)

    def read(self, buffer: bytearray, handle: Callable[["UdpPort", int, tuple[str, int]], None]) -> None:
        """Reads up to 64 datagrams into `buffer`, one after the other, and calls `handle(self, length, address)` for each."""
        receive = self._socket.recvfrom_into
        for _ in range(READS_AT_ONCE):
            try:
                length, address = receive(buffer)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._counters.add("read_failed")
                return
            handle(self, length, address)

    def let_in(self, address: tuple[str, int], peer: Any) -> None:
        """What comes from `address` is this peer's, and nobody else's, from now on."""
        self.routes[address] = peer
        if self.door is not None:
            self.door.forget(address)

    def shut_out(self, address: tuple[str, int], peer: Any) -> None:
        """What comes from `address` is not this peer's any more."""
        if self.routes.get(address) is peer:
            del self.routes[address]
            if self.door is not None:
                self.door.forget(address)

    def path(self, address: tuple[str, int]) -> UdpPath:
        """The way to `address` through this socket."""
        return UdpPath(self._socket, self.batch, address, self._counters)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stops listening and closes the socket."""
        loop.remove_reader(self._socket)
        self.batch.close()  # Its number may soon be another file's.
        if self.door is not None:
            self.door.close()
        self._socket.close()


def open_ports(
    addresses: list[str], port: int, inbox: Inbox, counters: Counters, plain: bool, forwarder: Forwarder | None
) -> list[UdpPort]:
    """UDP and TCP sockets on each address, all on `port`; 0 takes one that is free on all. Raises OSError when there is none."""
    for attempt in range(TRIES):
        opened: list[tuple[socket.socket, socket.socket]] = []
        try:
            for address in addresses:
                number = opened[0][0].getsockname()[1] if opened else port
                opened.append(_pair(address, number))
            return [UdpPort(sock, tcp, inbox, counters, plain, forwarder) for sock, tcp in opened]
        except OSError:
            for sock in (sock for pair in opened for sock in pair):
                sock.close()
            if port or attempt == TRIES - 1:
                raise
    raise OSError("no free port")


def _pair(address: str, port: int) -> tuple[socket.socket, socket.socket]:
    sock = _bound(address, port)
    try:
        return sock, listening_socket(address, sock.getsockname()[1])
    except OSError:
        sock.close()
        raise


def _bound(address: str, port: int) -> socket.socket:
    sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    try:
        if sock.family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock
