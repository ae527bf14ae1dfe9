"""Outgoing packets of one socket: protected in place, handed to the kernel by one `sendmmsg`; or one by one where there is no `sendmmsg`.

A batch is filled at `memory[at:]` and closed by `seal`. It goes out when it is full and at the end of each wake-up of the loop (`flush`).
What the kernel does not take is dropped and counted; receivers ask for it again.
"""

import ctypes
import socket
import struct
import sys
from typing import Any, Protocol

from server.media.edge.counters import Counters
from server.media.seam import TRAILER_BYTES, Keys, Lengths, srtp_protect

PACKET_BYTES = 1536
BATCH_PACKETS = 64
NAME_BYTES = 28
"""`struct sockaddr_in6`. A `sockaddr_in` is 12 bytes shorter; the kernel reads what it needs by the family."""
PAYLOAD_MAX = PACKET_BYTES - TRAILER_BYTES

MESSAGE = struct.Struct("@PI4xPNPNi4xI4x")
"""struct mmsghdr on 64-bit Linux: name, name length, vector, vector length, control, control length, flags; sent bytes."""


class Batch(Protocol):
    """Where packets are written: up to `PAYLOAD_MAX` bytes at `memory[at:]`, then `seal`. `sealed` is the length of the last one, protected.

    `target` is what `seal` wants to know of an address; `state` is where compiled code finds the batch, None where it cannot write to it.
    """

    memory: memoryview
    sealed: int

    @property
    def state(self) -> ctypes.Structure | None:
        """See above."""

    @property
    def at(self) -> int:
        """Where the next packet begins."""

    def seal(self, keys: Keys, target: Any, length: int) -> None:
        """The packet of `length` bytes at `at` is complete: protect it and send it to `target` at the next flush. `sealed` is 0 if that fails."""

    def flush(self) -> None:
        """Sends what is there."""

    def close(self) -> None:
        """The socket is about to be closed: nothing is sent any more."""


class Frames:
    """The buffers of a batch and the message headers that tell the kernel where they are, all laid out once."""

    def __init__(self, packets: int) -> None:
        self.memory = memoryview(bytearray(packets * PACKET_BYTES))
        self._names = (ctypes.c_char * (NAME_BYTES * packets))()
        self._vectors = (ctypes.c_uint64 * (2 * packets))()
        self.headers = (ctypes.c_char * (MESSAGE.size * packets))()
        self._packets = (ctypes.c_char * len(self.memory)).from_buffer(self.memory)
        base = ctypes.addressof(self._packets)
        for index in range(packets):
            self._vectors[2 * index] = base + index * PACKET_BYTES
            name = ctypes.addressof(self._names) + index * NAME_BYTES
            vector = ctypes.addressof(self._vectors) + index * 16
            MESSAGE.pack_into(self.headers, index * MESSAGE.size, name, NAME_BYTES, vector, 1, 0, 0, 0, 0)
        self.names = memoryview(self._names).cast("B")
        self.vectors = memoryview(self._vectors).cast("B").cast("Q")


class KernelBatch:
    """`sendmmsg` on preallocated buffers. `target` is what `packed_address` gives."""

    state = None

    def __init__(self, sock: socket.socket, counters: Counters) -> None:
        self._frames = Frames(BATCH_PACKETS)
        self.memory = self._frames.memory
        self.at = self.sealed = 0
        self._index = 0
        self._descriptor = sock.fileno()
        self._counters = counters
        lengths = Lengths(self.memory, PACKET_BYTES, BATCH_PACKETS)
        self._pointers = lengths.pointers
        self._length = lengths.length
        self._names, self._vectors = self._frames.names, self._frames.vectors
        self._libc = ctypes.CDLL(None, use_errno=True)

    def seal(self, keys: Keys, target: bytes, length: int) -> None:
        index = self._index
        size = self._length
        size[0] = length
        if srtp_protect(keys.tx, self._pointers[index], size):
            self.sealed = 0
            self._counters.add("protect_failed")
            return
        self._vectors[2 * index + 1] = self.sealed = size[0]
        self._names[NAME_BYTES * index : NAME_BYTES * index + NAME_BYTES] = target
        self._index = index + 1
        self.at += PACKET_BYTES
        if self._index == BATCH_PACKETS:
            self.flush()

    def flush(self) -> None:
        count, self._index, self.at = self._index, 0, 0
        if not count:
            return
        first = 0
        while first < count:
            headers = ctypes.byref(self._frames.headers, first * MESSAGE.size)
            sent = self._libc.sendmmsg(self._descriptor, headers, count - first, 0)
            if sent < 1:
                self._counters.add("packets_dropped_by_kernel")
                sent = 1  # The first one was refused; the others may go elsewhere.
            first += sent
        self._counters.add("packets_out", count)

    def close(self) -> None:
        self.flush()
        self._descriptor = -1


class PlainBatch:
    """The same, one `sendto` for each packet. `target` is the address tuple."""

    state = None

    def __init__(self, sock: socket.socket, counters: Counters) -> None:
        self.memory = memoryview(bytearray(PACKET_BYTES))
        self.at = self.sealed = 0
        self._socket = sock
        self._counters = counters

    def seal(self, keys: Keys, target: tuple[str, int], length: int) -> None:
        protected = keys.seal_rtp(self.memory[:length])
        if protected is None:
            self.sealed = 0
            self._counters.add("protect_failed")
            return
        self.sealed = len(protected)
        self.memory[: self.sealed] = protected
        try:
            self._socket.sendto(protected, target)
        except OSError:
            self._counters.add("packets_dropped_by_kernel")
        self._counters.add("packets_out")

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing waits here either; a closed socket refuses what comes."""


def packed_address(address: tuple[Any, ...]) -> bytes:
    """`struct sockaddr_in` of an IPv4 address (host, port), or `struct sockaddr_in6` of an IPv6 one (host, port, flow, scope); 28 bytes."""
    host, port, *more = address
    if ":" not in host:
        packed = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_pton(socket.AF_INET, host)
        return packed.ljust(NAME_BYTES, b"\0")
    flow, scope = more if more else (0, 0)
    head = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, flow)
    return head + socket.inet_pton(socket.AF_INET6, host.partition("%")[0]) + struct.pack("=I", scope)


def unpacked_address(name: bytes) -> tuple[Any, ...]:
    """The address tuple that `packed_address` made these bytes of."""
    (family,) = struct.unpack_from("=H", name)
    (port,) = struct.unpack_from("!H", name, 2)
    if family == socket.AF_INET:
        return socket.inet_ntop(family, name[4:8]), port
    return (
        socket.inet_ntop(family, name[8:24]),
        port,
        *struct.unpack_from("!I", name, 4),
        *struct.unpack_from("=I", name, 24),
    )


def has_sendmmsg() -> bool:
    """True where `KernelBatch` works: 64-bit Linux."""
    return sys.platform == "linux" and ctypes.sizeof(ctypes.c_void_p) == 8
