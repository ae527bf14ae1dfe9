"""The one file that uses names of aiortc and pylibsrtp which those libraries do not promise to keep; `tests/media/test_seam.py` fails when they move.

Why each is needed:
* `RTCDtlsTransport` makes handshake, fingerprint check and key export. Its flight writer cuts flights at 1,500 bytes (replaced by one that sends
  each record whole), and its packet pump would wake a task for each packet (so only DTLS goes through it; SRTP is opened by us, at once).
* `RTCCertificate._create_ssl_context` makes an OpenSSL context for each connection (replaced by one for all).
* `pylibsrtp._binding`: `Session.protect` copies three times and refuses more than 1,356 bytes. `srtp_protect` on our own buffers costs a fifth;
  compiled code (`server/media/native`) calls it by its address, with the session's. It opens feedback the same way.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pylibsrtp
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, SRTPProtectionProfile
from OpenSSL import SSL
from pylibsrtp import _binding

DTLS_QUEUE = 64
REPEAT_S = 0.02
"""Each flight of the handshake goes out twice: OpenSSL repeats a lost one only after a second, and a second copy that was not needed is dropped."""
DATAGRAM_BYTES = 1200
OPEN_BYTES = 2048
TRAILER_BYTES = 16 + 128

_ffi: Any = _binding.ffi
_lib: Any = _binding.lib

srtp_protect: Callable[[Any, Any, Any], int] = _lib.srtp_protect
protect_address = int(_ffi.cast("uintptr_t", _ffi.addressof(_lib, "srtp_protect")))
unprotect_rtcp_address = int(_ffi.cast("uintptr_t", _ffi.addressof(_lib, "srtp_unprotect_rtcp")))
"""The same functions for compiled code, so that there is one libsrtp in the process."""


class Certificate(RTCCertificate):
    """With one OpenSSL context for all its connections: each context is 2 kB that only the collector can free, and takes a millisecond to make."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)  # Nobody comes back by an old handshake,
            self._context.set_options(SSL.OP_NO_TICKET)  # nor by a ticket that another connection got.
        return self._context


def make_certificate() -> RTCCertificate:
    """The worker's own certificate; one for a process is enough."""
    return Certificate.generateCertificate()


def fingerprint(certificate: RTCCertificate) -> str:
    """Its SHA-256 fingerprint as the SDP writes it."""
    for found in certificate.getFingerprints():
        if found.algorithm == "sha-256":
            return found.value
    raise LookupError("the certificate has no sha-256 fingerprint")


class IcePath:
    """What `RTCDtlsTransport` takes for an ICE transport: a bounded queue in, a function out."""

    def __init__(self, send: Callable[[bytes], None], role: str) -> None:
        self.role = role
        self.send_now = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(DTLS_QUEUE)
        self._is_closed = False

    def put(self, datagram: bytes) -> bool:
        """Hands up one DTLS datagram; False (and dropped: DTLS repeats) when the queue is full."""
        try:
            self._queue.put_nowait(datagram)
        except asyncio.QueueFull:
            return False
        return True

    def close(self) -> None:
        """Whoever waits for a datagram gets ConnectionError."""
        self._is_closed = True
        if self._queue.empty():
            self._queue.put_nowait(None)

    async def _recv(self) -> bytes:
        if self._is_closed:
            raise ConnectionError
        datagram = await self._queue.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, data: bytes) -> None:
        self.send_now(data)


class Dtls(RTCDtlsTransport):
    """aiortc's DTLS over an `IcePath`. `role` is `client` (our `a=setup:active`) or `server`."""

    def __init__(self, path: IcePath, certificate: RTCCertificate, role: str) -> None:
        super().__init__(path, [certificate])  # type: ignore[arg-type]
        self._set_role(role)
        self._ice = path

    async def handshake(self, algorithm: str, value: str) -> bool:
        """True when the peer proved the certificate with this fingerprint and keys are there."""
        await self.start(RTCDtlsParameters([RTCDtlsFingerprint(algorithm, value)]))
        return self.state == "connected"

    def keys(self) -> "Keys":
        """The SRTP keys; only after `handshake`."""
        return Keys(self._rx_srtp, self._tx_srtp)

    async def _write_ssl(self) -> None:
        for datagram in self._flight():
            await self.transport._send(datagram)
            if not self.encrypted:
                asyncio.get_running_loop().call_later(REPEAT_S, self._ice.send_now, datagram)

    def _flight(self) -> list[bytes]:
        try:
            data = self._ssl.bio_read(65536) if self._ssl else b""
        except SSL.Error:
            return []
        return split_records(data)


def split_records(data: bytes) -> list[bytes]:
    """A flight as datagrams of whole DTLS records (RFC 6347, section 4.1.1), at most 1,200 bytes each where the records allow it."""
    datagrams: list[bytes] = []
    at = 0
    while at + 13 <= len(data):
        stop = at + 13 + (data[at + 11] << 8 | data[at + 12])
        record = data[at:stop]
        if datagrams and len(datagrams[-1]) + len(record) <= DATAGRAM_BYTES:
            datagrams[-1] += record
        else:
            datagrams.append(record)
        at = stop
    return datagrams


class Inbox:
    """The one buffer that datagrams are read into and opened in."""

    def __init__(self) -> None:
        self.data = bytearray(OPEN_BYTES)
        self.pointer = _ffi.from_buffer("char[]", self.data)
        self.address = int(_ffi.cast("uintptr_t", self.pointer))
        self.length = _ffi.new("int *")


class Keys:
    """SRTP in both directions for one connection. The two addresses are those of each `srtp_t`, good for as long as this object lives."""

    def __init__(self, inbound: pylibsrtp.Session, outbound: pylibsrtp.Session) -> None:
        self._inbound = inbound
        self.outbound = outbound
        self._rx: Any = inbound._srtp[0]
        self.tx: Any = outbound._srtp[0]
        self.outbound_address = int(_ffi.cast("uintptr_t", self.tx))
        self.inbound_address = int(_ffi.cast("uintptr_t", self._rx))

    def open_rtp(self, inbox: Inbox, length: int) -> int:
        """Opens the packet in the inbox in place; its new length, or -1 when it is forged, repeated or broken."""
        inbox.length[0] = length
        return -1 if _lib.srtp_unprotect(self._rx, inbox.pointer, inbox.length) else int(inbox.length[0])

    def open_rtcp(self, inbox: Inbox, length: int) -> int:
        """As `open_rtp`, for RTCP."""
        inbox.length[0] = length
        return -1 if _lib.srtp_unprotect_rtcp(self._rx, inbox.pointer, inbox.length) else int(inbox.length[0])

    def seal_rtp(self, packet: memoryview) -> bytes | None:
        """The protected packet, by the library's public way; None when it refuses (too long, too old)."""
        try:
            return self.outbound.protect(bytes(packet))
        except (pylibsrtp.Error, ValueError):
            return None

    def seal_rtcp(self, data: bytes) -> bytes:
        """The protected RTCP packet. Raises ValueError when it is too long."""
        try:
            return self.outbound.protect_rtcp(data)
        except pylibsrtp.Error as exc:
            raise ValueError(str(exc)) from exc


class Lengths:
    """C pointers into the buffer of a batch, for `srtp_protect`."""

    def __init__(self, memory: Any, stride: int, count: int) -> None:
        whole = _ffi.from_buffer("char[]", memory)
        self.pointers = [whole + stride * index for index in range(count)]
        self.length = _ffi.new("int *")
        self._whole = whole
