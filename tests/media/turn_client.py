"""A TURN client of 60 lines (RFC 8656) that says which error each request got; written from the standard, so that nothing of ours checks itself."""

import hashlib
import hmac
import ipaddress
import os
import socket
import ssl
import struct
from types import TracebackType
from typing import Self

COOKIE = 0x2112A442
ALLOCATE, CREATE_PERMISSION = 0x003, 0x008
USERNAME, INTEGRITY, ERROR_CODE, PEER, REALM, NONCE, FAMILY, TRANSPORT, RELAYED = (
    *(0x0006, 0x0008, 0x0009, 0x0012),
    *(0x0014, 0x0015, 0x0017, 0x0019, 0x0016),
)
UDP, TCP = 17, 6
LIMIT_S = 3.0

Attributes = list[tuple[int, bytes]]


class TurnClient:
    """One five-tuple. Methods give the error code of the answer, 0 for success."""

    def __init__(self, host: str, port: int, user: str, password: str, tls: ssl.SSLContext | None = None) -> None:
        self.is_stream = tls is not None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket: socket.socket = socket.socket(family, socket.SOCK_STREAM if tls else socket.SOCK_DGRAM)
        self._socket.settimeout(LIMIT_S)
        self._socket.connect((host, port))
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=host)
        self._user, self._password = user, password
        self._realm = self._nonce = b""
        self._number = bytes(12)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def allocate(self, *, ipv6: bool = False, transport: int = UDP) -> int:
        """A relayed address; the first answer only tells realm and nonce."""
        self._number = os.urandom(12)
        wish: Attributes = [(TRANSPORT, bytes((transport, 0, 0, 0)))]
        if ipv6:
            wish.append((FAMILY, bytes((2, 0, 0, 0))))
        found = self._ask(ALLOCATE, wish)
        if found.get(ERROR_CODE) and _code(found) == 401 and REALM in found:
            self._realm, self._nonce = found[REALM], found[NONCE]
            self._number = os.urandom(12)
            found = self._ask(ALLOCATE, wish)
        return _code(found)

    def permit(self, peer: str) -> int:
        """Whether packets to `peer` would be carried."""
        address = ipaddress.ip_address(peer)
        self._number = os.urandom(12)
        mask = struct.pack("!I", COOKIE) + self._number
        packed = bytes(one ^ other for one, other in zip(address.packed, mask, strict=False))
        head = struct.pack("!BBH", 0, 1 if address.version == 4 else 2, 9 ^ COOKIE >> 16)
        return _code(self._ask(CREATE_PERMISSION, [(PEER, head + packed)]))

    def _ask(self, method: int, attributes: Attributes) -> dict[int, bytes]:
        number = self._number
        body = b"".join(_attribute(kind, value) for kind, value in attributes)
        if self._realm:
            body += (
                _attribute(USERNAME, self._user.encode())
                + _attribute(REALM, self._realm)
                + _attribute(NONCE, self._nonce)
            )
            head = struct.pack("!HHI", method, len(body) + 24, COOKIE) + number
            key = hashlib.md5(b":".join((self._user.encode(), self._realm, self._password.encode()))).digest()
            body += _attribute(INTEGRITY, hmac.new(key, head + body, hashlib.sha1).digest())
        self._socket.sendall(struct.pack("!HHI", method, len(body), COOKIE) + number + body)
        return _attributes(self._receive())

    def _receive(self) -> bytes:
        if not self.is_stream:
            return self._socket.recv(2048)
        data = b""
        while len(data) < 20 or len(data) < 20 + int.from_bytes(data[2:4], "big"):
            more = self._socket.recv(2048)
            if not more:
                raise ConnectionError
            data += more
        return data


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(message: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 20
    while at + 4 <= len(message):
        kind, size = struct.unpack_from("!HH", message, at)
        found.setdefault(kind, message[at + 4 : at + 4 + size])
        at += 4 + size + -size % 4
    return found


def _code(found: dict[int, bytes]) -> int:
    error = found.get(ERROR_CODE)
    return 0 if error is None else (error[2] & 7) * 100 + error[3]
