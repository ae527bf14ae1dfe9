"""The batch that compiled code fills, beside the few packets that Python writes to it itself."""

import ctypes
import socket

from server.media.edge.batch import PACKET_BYTES, Frames
from server.media.edge.counters import Counters
from server.media.native.forwarder import BatchState, Forwarder
from server.media.seam import Keys, protect_address


class CompiledBatch:
    """As `KernelBatch`; protection and system call are the compiled code's. Its counts are added to the worker's at each flush."""

    def __init__(self, sock: socket.socket, counters: Counters, forwarder: Forwarder) -> None:
        self._frames = Frames()
        self.memory = self._frames.memory
        self.sealed = 0
        self._forwarder = forwarder
        self._counters = counters
        self.state = BatchState(ctypes.addressof(self._frames.headers), protect_address, sock.fileno())
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
