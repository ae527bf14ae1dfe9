"""The batch that compiled code fills, beside the few packets that Python writes to it itself."""

import contextlib
import ctypes
import socket

from server.media.edge.batch import PACKET_BYTES, Frames
from server.media.edge.counters import Counters
from server.media.native.forwarder import BATCH_PACKETS, BatchState, Forwarder
from server.media.seam import Keys, protect_address

UDP_SEGMENT = 103
"""Linux's number for the option (since 4.18), which Python has no name for."""


def can_join(sock: socket.socket) -> bool:
    """True where the kernel cuts one message into datagrams. Older ones would send it whole, so they are asked before."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 0)
        return True
    return False


class CompiledBatch:
    """As `KernelBatch`; protection and system call are the compiled code's. Its counts are added to the worker's at each flush."""

    def __init__(self, sock: socket.socket, counters: Counters, forwarder: Forwarder) -> None:
        self._frames = Frames(BATCH_PACKETS)
        self.memory = self._frames.memory
        self.sealed = 0
        self._forwarder = forwarder
        self._counters = counters
        headers = ctypes.addressof(self._frames.headers)
        self.state = BatchState(headers, protect_address, sock.fileno(), joins=can_join(sock))
        self._address = ctypes.addressof(self.state)

    @property
    def at(self) -> int:
        return PACKET_BYTES * int(self.state.count)

    def seal(self, keys: Keys, target: bytes, length: int) -> None:
        self.sealed = self._forwarder.seal(self._address, keys.outbound_address, target, length)

    def flush(self) -> None:
        state = self.state
        if state.count:
            self._forwarder.flush(self._address)
        if state.sent:
            self._counters.add("packets_out", state.sent)
            state.sent = 0
        if state.refused:
            self._counters.add("packets_dropped_by_kernel", state.refused)
            state.refused = 0
        if state.unprotected:
            self._counters.add("protect_failed", state.unprotected)
            state.unprotected = 0

    def close(self) -> None:
        self.flush()
        self.state.descriptor = -1
