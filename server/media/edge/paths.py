"""Ways to reach one peer: by a UDP address, or over its TCP connection."""

import socket
from typing import Any, Protocol

from server.media.edge.batch import Batch, KernelBatch, PlainBatch, has_sendmmsg, packed_address
from server.media.edge.counters import Counters
from server.media.native.batch import CompiledBatch
from server.media.native.forwarder import Forwarder


class Path(Protocol):
    """One way to a peer. Packets go through `batch` with `target`; everything else through `send`."""

    address: tuple[str, int]
    batch: Batch
    target: Any

    def send(self, data: bytes) -> None:
        """Sends one datagram now, or drops it when the way is jammed."""


class UdpPath:
    """An address behind one of our UDP sockets."""

    def __init__(self, sock: socket.socket, batch: Batch, address: tuple[str, int], counters: Counters) -> None:
        self.address = address
        self.batch = batch
        self.target: Any = address if isinstance(batch, PlainBatch) else packed_address(address)
        self._socket = sock
        self._counters = counters

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendto(data, self.address)
        except OSError:
            self._counters.add("datagrams_dropped_by_kernel")


def new_batch(sock: socket.socket, counters: Counters, plain: bool, forwarder: Forwarder | None) -> Batch:
    """The quickest batch that works here and is allowed."""
    if plain or not has_sendmmsg():
        return PlainBatch(sock, counters)
    return KernelBatch(sock, counters) if forwarder is None else CompiledBatch(sock, counters, forwarder)
