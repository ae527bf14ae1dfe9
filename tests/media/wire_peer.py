"""A WebRTC peer of which the test sees and makes every packet: ICE checks, DTLS and SRTP are real, media are hand-made bytes."""

import asyncio
import secrets
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aioice import stun
from aiortc import RTCCertificate

from server.media.protocol import Offer
from server.media.rtp import rtcp
from server.media.rtp.feedback import FeedbackBuilder
from server.media.rtp.packet import read_header, read_number
from server.media.sdp.answer import AUDIO_LEVEL, MID, REPAIRED_RID, RID, TRANSPORT_CC
from server.media.seam import Dtls, IcePath, Inbox, Keys, fingerprint
from server.tasks import Tasks

CODEC_LINES = {
    "video": [
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
    ],
    "audio": [
        "a=rtpmap:111 opus/48000/2",
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=rtcp-fb:111 transport-cc",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
    ],
}
NUMBERS = {"video": "96 97", "audio": "111 63"}
MID_ID, TRANSPORT_ID, LEVEL_ID, RID_ID, REPAIRED_RID_ID = 4, 3, 1, 10, 11


@dataclass
class Received:
    """One opened RTP packet."""

    ssrc: int
    payload_type: int
    seq: int
    rtp_time: int
    marker: bool
    payload: bytes
    at: float = field(default_factory=time.monotonic)


class WirePeer(asyncio.DatagramProtocol):
    """Sends camera and microphone (mids 0, 1), receives in `video` + `audio` slots (mids 2…). `rids`: the camera in several layers."""

    def __init__(self, video: int = 2, audio: int = 1, rids: tuple[str, ...] = ()) -> None:
        self.received: list[Received] = []
        self.reports: list[rtcp.Report] = []
        self.ssrcs = {"0": secrets.randbits(30) + 1, "1": secrets.randbits(30) + 1}
        self.again_ssrc = secrets.randbits(30) + 1
        self.layer_ssrcs = {rid: (secrets.randbits(30) + 1, secrets.randbits(30) + 1) for rid in rids}
        self.slots: dict[str, int] = {}
        self.again_slots: dict[int, int] = {}
        self.lose: Callable[[Received], bool] = lambda packet: False
        self.checks_answered = 0
        self.refused = 0
        self.connection = ""
        self.mapped: tuple[str, int] | None = None
        self._video, self._audio = video, audio
        self._certificate = RTCCertificate.generateCertificate()
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(16)
        self._remote = ("", "", "")
        self._server = ("127.0.0.1", 0)
        self._inbox = Inbox()
        self._ice = IcePath(self.send, "controlling")
        self._dtls = Dtls(self._ice, self._certificate, "server")
        self._keys: Keys | None = None
        self._tasks = Tasks("peer")
        self._transport_seq = 0
        self._arrivals: FeedbackBuilder | None = None
        self._transport: asyncio.DatagramTransport | None = None

    def offer(self) -> Offer:
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
        kinds = ["video", "audio"] + ["video"] * self._video + ["audio"] * self._audio
        lines.append("a=group:BUNDLE " + " ".join(map(str, range(len(kinds)))))
        for index, kind in enumerate(kinds):
            lines += [
                f"m={kind} 9 UDP/TLS/RTP/SAVPF {NUMBERS[kind]}",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{index}",
                "a=sendonly" if index < 2 else "a=recvonly",
                "a=rtcp-mux",
                f"a=ice-ufrag:{self._ufrag}",
                f"a=ice-pwd:{self._password}",
                f"a=fingerprint:sha-256 {fingerprint(self._certificate)}",
                "a=setup:actpass",
                f"a=extmap:{MID_ID} {MID}",
                f"a=extmap:{TRANSPORT_ID} {TRANSPORT_CC}",
                *([f"a=extmap:{LEVEL_ID} {AUDIO_LEVEL}"] if kind == "audio" else []),
                *CODEC_LINES[kind],
            ]
            if index == 0 and self.layer_ssrcs:
                lines += [f"a=extmap:{RID_ID} {RID}", f"a=extmap:{REPAIRED_RID_ID} {REPAIRED_RID}"]
                lines += [f"a=rid:{rid} send" for rid in self.layer_ssrcs]
                lines.append(f"a=simulcast:send {';'.join(self.layer_ssrcs)}")
                continue
            if index < 2:
                lines.append(f"a=ssrc:{self.ssrcs[str(index)]} cname:x")
            if index == 0:
                lines.append(f"a=ssrc-group:FID {self.ssrcs['0']} {self.again_ssrc}")
                lines.append(f"a=ssrc:{self.again_ssrc} cname:x")
        return Offer("\r\n".join(lines) + "\r\n", {"0": "camera", "1": "microphone"})

    def read_answer(self, sdp: str) -> None:
        mid = ""
        values: dict[str, str] = {}
        for line in sdp.splitlines():
            name, _, value = line.removeprefix("a=").partition(":")
            if name == "mid":
                mid = value
            elif name in ("ice-ufrag", "ice-pwd", "fingerprint"):
                values[name] = value
            elif name == "candidate" and " udp " in value and not self._server[1]:
                words = value.split()
                self._server = (words[4], int(words[5]))
            elif name == "ssrc-group":
                self.again_slots[int(value.split()[2])] = int(value.split()[1])
            elif name == "ssrc" and int(value.split()[0]) not in self.again_slots:
                self.slots[mid] = int(value.split()[0])
        self._remote = (values["ice-ufrag"], values["ice-pwd"], values["fingerprint"])

    async def open(self, answer: str) -> None:
        """The socket, without any packet."""
        self.read_answer(answer)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._own_host, 0))

    async def connect(self, answer: str, limit_s: float = 5.0) -> None:
        """Checks, handshake, keys."""
        await self.open(answer)
        self._tasks.start(self._check_for_ever(), "checks")
        await self.handshake(limit_s)

    async def handshake(self, limit_s: float = 5.0) -> None:
        async with asyncio.timeout(limit_s):
            algorithm, value = self._remote[2].split()
            assert await self._dtls.handshake(algorithm, value)
        self._keys = self._dtls.keys()

    async def _check_for_ever(self) -> None:
        while True:
            self.check()
            await asyncio.sleep(0.1 if self._keys is None else 1.0)

    async def hold_checks(self) -> None:
        """No more checks by itself."""
        await self._tasks.close()

    def check(self, password: str | None = None, nominate: bool = True) -> None:
        self.send(self.check_bytes(password, nominate))

    def check_bytes(self, password: str | None = None, nominate: bool = True) -> bytes:
        """A check of this peer, for whichever way."""
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self._remote[0]}:{self._ufrag}"
        message.attributes["PRIORITY"] = 1
        message.attributes["ICE-CONTROLLING"] = 1
        if nominate:
            message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity((password or self._remote[1]).encode())
        return bytes(message)

    async def move(self) -> None:
        """The network changed: another port from now on."""
        assert self._transport is not None
        self._transport.close()
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._own_host, 0))

    @property
    def _own_host(self) -> str:
        return "::1" if ":" in self._server[0] else "127.0.0.1"

    @property
    def address(self) -> tuple[str, int]:
        """Where it sends from now."""
        assert self._transport is not None
        address: tuple[str, int] = self._transport.get_extra_info("sockname")
        return address

    def send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, self._server)

    def send_rtp(
        self,
        mid: str,
        seq: int,
        rtp_time: int,
        payload: bytes,
        *,
        marker: bool = True,
        again: bool = False,
        rid: str = "",
        named: bool = True,
        level: int | None = None,
        payload_type: int | None = None,
    ) -> None:
        """One packet on a sending m-line, or of its layer `rid`; `again` as a retransmission whose payload is wrapped already.

        `named`: with MID and RID, as browsers do until somebody has reported what arrived. `level` as in RFC 6464.
        """
        assert self._keys is not None
        kind = "video" if mid == "0" else "audio"
        number = (97 if again else 96) if kind == "video" else 111
        number = number if payload_type is None else payload_type
        ssrc = self.again_ssrc if again else self.ssrcs[mid]
        if rid:
            ssrc = self.layer_ssrcs[rid][again]
        head = struct.pack("!BBHII", 0x90, number | (128 if marker else 0), seq & 0xFFFF, rtp_time & 0xFFFFFFFF, ssrc)
        self._transport_seq += 1
        extension = struct.pack("!BH", TRANSPORT_ID << 4 | 1, self._transport_seq & 0xFFFF)
        if named:
            extension += bytes((MID_ID << 4, ord(mid)))
        if named and rid:
            extension += bytes(((REPAIRED_RID_ID if again else RID_ID) << 4 | len(rid) - 1,)) + rid.encode()
        if level is not None:
            extension += bytes((LEVEL_ID << 4, level))
        extension += bytes(-len(extension) % 4)
        packet = head + struct.pack("!HH", 0xBEDE, len(extension) // 4) + extension + payload
        sealed = self._keys.seal_rtp(memoryview(packet))
        assert sealed is not None
        self.send(sealed)

    def send_rtcp(self, packet: bytes) -> None:
        assert self._keys is not None
        self.send(self._keys.seal_rtcp(packet))

    def give_feedback(self) -> None:
        """From now on it says 18 times a second what arrived, as browsers do."""
        self._arrivals = FeedbackBuilder()
        self._tasks.start(self._feed_back(self._arrivals), "feedback")

    async def _feed_back(self, arrivals: FeedbackBuilder) -> None:
        while True:
            await asyncio.sleep(0.055)
            report = arrivals.build(1, 2)
            if report is not None:
                self.send_rtcp(report)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[0] < 4:
            self._answered(data)
        elif 20 <= data[0] < 64:
            self._ice.put(data)
        elif self._keys is not None:
            self._media(data, self._keys)

    def _answered(self, data: bytes) -> None:
        message = stun.parse_message(data)
        if message.check_message_integrity(self._remote[1].encode()) and message.message_class is stun.Class.RESPONSE:
            self.checks_answered += 1
            self.mapped = message.attributes["XOR-MAPPED-ADDRESS"]

    def _media(self, data: bytes, keys: Keys) -> None:
        self._inbox.data[: len(data)] = data
        if rtcp.is_rtcp(data[1]):
            size = keys.open_rtcp(self._inbox, len(data))
            assert size > 0
            self.reports += rtcp.read_compound(bytes(self._inbox.data[:size]))
            return
        size = keys.open_rtp(self._inbox, len(data))
        if size < 0:
            self.refused += 1
            return
        header = read_header(self._inbox.data, size)
        number = read_number(self._inbox.data, header, TRANSPORT_ID)
        if self._arrivals is not None and number is not None:
            self._arrivals.add(number, time.monotonic())
        payload = bytes(self._inbox.data[header.payload_start : header.payload_end])
        packet = Received(header.ssrc, header.payload_type, header.seq, header.rtp_time, header.marker, payload)
        if not self.lose(packet):
            self.received.append(packet)

    def of(self, mid: str) -> list[Received]:
        """What came in one slot, retransmissions left out."""
        return [packet for packet in list(self.received) if packet.ssrc == self.slots[mid]]

    @property
    def is_up(self) -> bool:
        return self._dtls.state == "connected"

    async def close(self) -> None:
        await self._tasks.close()
        await self._dtls.stop()
        self._ice.close()
        if self._transport is not None:
            self._transport.close()


async def joined(connect: Callable[[Offer], Awaitable[object]], peer: WirePeer) -> WirePeer:
    """`peer` after offer, answer and handshake; `connect` is the client's method."""
    answer = await connect(peer.offer())
    peer.connection = answer.connection  # type: ignore[attr-defined]
    await peer.connect(answer.sdp)  # type: ignore[attr-defined]
    return peer


def vp8(
    key_frame: bool, picture_id: int, tl0: int, body: bytes = b"picture", size: tuple[int, int] | None = None
) -> bytes:
    """A VP8 payload that starts a frame; with a `size` a key frame says it."""
    head = bytes((0x90, 0xC0, 0x80 | picture_id >> 8 & 127, picture_id & 255, tl0 & 255))
    if key_frame and size is not None:
        head += b"\0\0\0\x9d\1\x2a" + struct.pack("<HH", *size)
        return head + body
    return head + bytes((0 if key_frame else 1,)) + body
