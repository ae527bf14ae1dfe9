"""Many datagrams with one system call: the structures of recvmmsg and sendmmsg, and a reader."""

import ctypes

BATCH, BYTES = 64, 1600


class Vector(ctypes.Structure):
    """C's `struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Header(ctypes.Structure):
    """C's `struct msghdr`."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Message(ctypes.Structure):
    """C's `struct mmsghdr`."""

    _fields_ = (("header", Header), ("length", ctypes.c_uint32))


class Drain:
    """Reads up to 64 waiting datagrams of a socket with one system call (recvmmsg)."""

    def __init__(self) -> None:
        self._call = ctypes.CDLL(None, use_errno=True).recvmmsg
        self._buffer = ctypes.create_string_buffer(BATCH * BYTES)
        start = ctypes.addressof(self._buffer)
        self._vectors = (Vector * BATCH)(*((start + i * BYTES, BYTES) for i in range(BATCH)))
        self._messages = (Message * BATCH)()
        for message, vector in zip(self._messages, self._vectors, strict=True):
            message.header.vectors, message.header.vector_count = ctypes.pointer(vector), 1
        self.view = memoryview(self._buffer).cast("B")

    def read(self, descriptor: int) -> list[tuple[int, int]]:
        """Where each datagram starts in `view` and ends. MSG_DONTWAIT: an empty socket gives an empty list."""
        count = self._call(descriptor, self._messages, BATCH, 0x40, None)
        return [(i * BYTES, i * BYTES + self._messages[i].length) for i in range(max(0, count))]
