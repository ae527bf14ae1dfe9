"""A small WebRTC peer for load: one UDP socket, ICE checks, a DTLS handshake, SRTP keys. No codec, no queue, no task per packet.

A hundred browsers do not fit on the core beside the measured server. To that server this peer is as real as a browser: it offers or answers, is
checked, handshakes and gets packets under keys of its own.
"""

import asyncio
import contextlib
import datetime
import re
import secrets
import socket
import struct

from aioice import stun
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from pylibsrtp import Policy, Session

PROFILES = {  # OpenSSL's name: libsrtp's profile, length of key and of salt (RFC 5764, RFC 7714).
    b"SRTP_AEAD_AES_256_GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
VIDEO = """a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96"""
AUDIO = """a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtcp-fb:111 transport-cc"""
FEEDBACK = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
PROFILES_H264 = [
    f"packetization-mode={mode};profile-level-id={name}001f" for name in ("42", "4d", "64") for mode in "10"
]
BROWSER_VIDEO = [
    "VP8",
    *(f"H264 {text}" for text in PROFILES_H264),
    "VP9 profile-id=0",
    "VP9 profile-id=2",
    "AV1 profile=0",
]
MID, TRANSPORT_CC = 4, 3  # Ids of the header extensions in our offers.
EXTENSIONS = f"""a=extmap:{TRANSPORT_CC} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:{MID} urn:ietf:params:rtp-hdrext:sdes:mid"""


class Certificate:
    """One self-signed certificate for all peers of this process, as a browser makes one for each connection."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "oase-bench")])
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        draft = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        draft = draft.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        self._certificate = draft.sign(self._key, hashes.SHA256())
        self.fingerprint = self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def context(self) -> SSL.Context:
        """The DTLS context; fingerprints are not checked, because nobody attacks a benchmark."""
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.use_certificate(self._certificate)
        context.use_privatekey(self._key)
        context.set_tlsext_use_srtp(b":".join(PROFILES))
        return context


class Peer:
    """One peer. Use: `offer()` or `answer()`, then `await connect(remote description)`; `tx` and `rx` are its SRTP sessions then."""

    def __init__(self, host: str, certificate: Certificate) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**21)
        self.socket.bind((host, 0))
        self.ufrag, self._password = secrets.token_hex(4), secrets.token_hex(16)
        self._certificate = certificate
        self._remote_ufrag = self._remote_password = ""
        self.remote: tuple[str, int] = ("", 0)
        self._tls: SSL.Connection | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.profile = ""
        self.tx: Session
        self.rx: Session
        self.ssrcs = {"video": secrets.randbits(31), "audio": secrets.randbits(31)}
        self.payload_types = {"video": 96, "audio": 111}

    # --- descriptions ---------------------------------------------------------------------------------------------------

    def offer(self, *, sends: bool) -> str:
        """A picture and a sound, sent or received."""
        lines = [*_head(["0", "1"])]
        for mid, kind, types, codecs in (("0", "video", "96 97", VIDEO), ("1", "audio", "111", AUDIO)):
            lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {types}", *self._transport("actpass", mid)]
            lines += [*EXTENSIONS.splitlines(), "a=sendonly" if sends else "a=recvonly", *codecs.splitlines()]
            if sends:
                lines += ["a=msid:stream " + kind, f"a=ssrc:{self.ssrcs[kind]} cname:bench"]
        return "\r\n".join(lines) + "\r\n"

    def browser_offer(self) -> str:
        """What Chromium offers on our pages, about 25 kB: three sources, six slots for pictures, four for sounds, ten video formats."""
        kinds = ["video", "audio", "video", *["video"] * 6, *["audio"] * 4]
        lines = [*_head([str(mid) for mid in range(len(kinds))])]
        formats, numbers = _browser_video()
        self.ssrcs["audio"] = self.ssrcs["video"] + 1
        self.payload_types["video"] = int(numbers.split()[0])
        for mid, kind in enumerate(kinds):
            types = numbers if kind == "video" else "111"
            lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {types}", *self._transport("actpass", str(mid))]
            lines += [*EXTENSIONS.splitlines(), "a=sendonly" if mid < 3 else "a=recvonly"]
            lines += formats if kind == "video" else AUDIO.splitlines()
            if mid < 3:
                lines += [f"a=msid:stream {mid}", f"a=ssrc:{self.ssrcs['video'] + mid} cname:bench"]
        return "\r\n".join(lines) + "\r\n"

    def answer(self, offer: str) -> str:
        """Takes everything that is offered: formats and extensions are echoed."""
        sections = re.split(r"\r?\n(?=m=)", offer.strip())[1:]
        mids = [_find(r"a=mid:(\S+)", section) for section in sections]
        lines = [*_head(mids)]
        for mid, section in zip(mids, sections, strict=True):
            kind, _, protocol, *types = section.splitlines()[0].split()
            kept = [
                line
                for line in section.splitlines()
                if line.startswith(("a=rtpmap", "a=fmtp", "a=rtcp-fb", "a=extmap:"))
            ]
            lines += [f"{kind} 9 {protocol} {' '.join(types)}", *self._transport("active", mid), "a=recvonly", *kept]
        return "\r\n".join(lines) + "\r\n"

    def _transport(self, setup: str, mid: str) -> list[str]:
        host, port = self.socket.getsockname()
        return [
            "c=IN IP4 0.0.0.0",
            f"a=candidate:1 1 udp 2130706431 {host} {port} typ host",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self._password}",
            f"a=fingerprint:sha-256 {self._certificate.fingerprint}",
            f"a=setup:{setup}",
            f"a=mid:{mid}",
            "a=rtcp-mux",
            "a=rtcp-rsize",
        ]

    # --- connecting -----------------------------------------------------------------------------------------------------

    async def connect(self, description: str, limit_s: float = 15.0) -> None:
        """Checks and handshakes until the keys are there. Raises TimeoutError after `limit_s`."""
        self._remote_ufrag = _find(r"a=ice-ufrag:(\S+)", description)
        self._remote_password = _find(r"a=ice-pwd:(\S+)", description)
        host, port = re.findall(r"a=candidate:\S+ 1 (?:udp|UDP) \d+ (\d+\.\S+) (\d+) typ host", description)[0]
        self.remote = (host, int(port))
        self._tls = SSL.Connection(self._certificate.context())
        self._is_client = _find(r"a=setup:(\S+)", description) != "active"
        (self._tls.set_connect_state if self._is_client else self._tls.set_accept_state)()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.socket, self._read)
        try:
            async with asyncio.timeout(limit_s):
                while not self._ready.done():
                    self.check()
                    await asyncio.wait([self._ready], timeout=0.2)
        finally:
            loop.remove_reader(self.socket)

    def check(self) -> None:
        """One authenticated ICE check that nominates; also what keeps the connection alive."""
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self._remote_ufrag}:{self.ufrag}"
        message.attributes["PRIORITY"] = 1845501695
        message.attributes["ICE-CONTROLLING"] = 1
        message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity(self._remote_password.encode())
        self.send(bytes(message))

    def send(self, datagram: bytes) -> None:
        """Sends to the server; a full buffer drops, as a network would."""
        try:
            self.socket.sendto(datagram, self.remote)
        except BlockingIOError:
            return

    def _read(self) -> None:
        for _ in range(64):
            try:
                data, _ = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            if data[:1] and data[0] < 4:
                self.handle_stun(data)
            elif data[:1] and 20 <= data[0] < 64:
                self.handle_dtls(data)

    def handle_stun(self, data: bytes) -> None:
        """Answers a check of the other side; a success of our own check starts DTLS."""
        message = stun.parse_message(data)
        if message.message_class == stun.Class.REQUEST:
            reply = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=message.transaction_id)
            reply.attributes["XOR-MAPPED-ADDRESS"] = self.remote
            reply.add_message_integrity(self._password.encode())
            self.send(bytes(reply))
        elif message.message_class == stun.Class.RESPONSE and self._is_client and not self._ready.done():
            self._handshake()

    def handle_dtls(self, data: bytes) -> None:
        """One step of the handshake; after it, a repeated flight of the other side makes OpenSSL repeat ours."""
        assert self._tls is not None
        self._tls.bio_write(data)
        if self._ready.done():
            with contextlib.suppress(SSL.Error):
                self._tls.recv(2048)
            self._flush()
        else:
            self._handshake()

    def _handshake(self) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self._flush()
        else:
            self._flush()
            self._take_keys(self._tls)
            self._ready.set_result(None)

    def _flush(self) -> None:
        assert self._tls is not None
        try:
            flight = self._tls.bio_read(65536)
        except SSL.WantReadError:
            return
        at = 0
        while at < len(flight):  # One record a datagram: a flight may be longer than a packet.
            length = 13 + struct.unpack_from("!H", flight, at + 11)[0]
            self.send(flight[at : at + length])
            at += length

    def _take_keys(self, tls: SSL.Connection) -> None:
        name = tls.get_selected_srtp_profile()
        profile, key, salt = PROFILES[name]
        self.profile = name.decode()
        material = tls.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        client = material[:key] + material[2 * key : 2 * key + salt]
        server = material[key : 2 * key] + material[2 * key + salt :]
        ours, theirs = (client, server) if self._is_client else (server, client)
        self.tx = _session(ours, profile, Policy.SSRC_ANY_OUTBOUND)
        self.rx = _session(theirs, profile, Policy.SSRC_ANY_INBOUND)

    def close(self) -> None:
        """Says goodbye (DTLS close_notify) and closes the socket."""
        if self._tls is not None and self._ready.done():
            self._tls.shutdown()
            self._flush()
        self.socket.close()


def _session(key: bytes, profile: int, kind: int) -> Session:
    policy = Policy(key=key, ssrc_type=kind, srtp_profile=profile)
    policy.allow_repeat_tx = True  # A packet that was asked for again goes out under its old number.
    policy.window_size = 1024
    return Session(policy)


def _browser_video() -> tuple[list[str], str]:
    lines, numbers = [], []
    for number, codec in enumerate(BROWSER_VIDEO):
        name, _, parameters = codec.partition(" ")
        own, again = 35 + 2 * number, 36 + 2 * number
        numbers += [str(own), str(again)]
        lines += [f"a=rtpmap:{own} {name}/90000", *(f"a=rtcp-fb:{own} {value}" for value in FEEDBACK)]
        lines += [f"a=fmtp:{own} {parameters}"] if parameters else []
        lines += [f"a=rtpmap:{again} rtx/90000", f"a=fmtp:{again} apt={own}"]
    return lines, " ".join(numbers)


def _head(mids: list[str]) -> list[str]:
    return [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=msid-semantic: WMS *",
    ]


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"no {pattern} in the description")
    return match[1]
