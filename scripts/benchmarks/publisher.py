"""A process that publishes the clip as a real peer (about 210 packets a second) until its standard input closes. Started by fanout.py."""

import asyncio
import json
import secrets
import struct
import sys
import time
from collections import deque
from pathlib import Path

from aiortc.rtp import RTCP_PSFB_PLI, RTCP_RTPFB_NACK, RtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket
from clip import PAYLOAD_BYTES, Clip
from peer import MID, TRANSPORT_CC, Certificate, Peer
from pylibsrtp import Error as SrtpError
from signaling import signaling_of

CLOCKS = {"video": 90000, "audio": 48000}


class Stream:
    """One outgoing RTP stream with the last 512 packets for whoever asks again."""

    def __init__(self, kind: str, ssrc: int, payload_type: int) -> None:
        self.kind, self.ssrc, self._payload_type = kind, ssrc, payload_type
        self.sequence = secrets.randbits(14)  # The lower half: a high start confuses SRTP's rollover counter.
        self.packets = self.octets = self.rtp_time = 0
        self.ring: dict[int, bytes] = {}
        self._order: deque[int] = deque()

    def packet(self, payload: bytes, rtp_time: int, marker: bool, transport_number: int) -> bytes:
        """The next packet, with the extensions MID and transport-wide number (RFC 8285, one-byte form)."""
        mid = b"0" if self.kind == "video" else b"1"
        extension = struct.pack("!BHB", TRANSPORT_CC << 4 | 1, transport_number, MID << 4) + mid
        extension = struct.pack("!HH", 0xBEDE, 2) + extension.ljust(8, b"\0")
        second = (0x80 if marker else 0) | self._payload_type
        packet = struct.pack("!BBHII", 0x90, second, self.sequence, rtp_time, self.ssrc) + extension + payload
        self._keep(packet)
        self.packets, self.octets, self.rtp_time = self.packets + 1, self.octets + len(payload), rtp_time
        self.sequence = (self.sequence + 1) & 0xFFFF
        return packet

    def _keep(self, packet: bytes) -> None:
        self.ring[self.sequence] = packet
        self._order.append(self.sequence)
        if len(self._order) > 512:
            self.ring.pop(self._order.popleft(), None)

    def report(self, now: float) -> bytes:
        """A sender report (RFC 3550, section 6.4.1) with the clock time `now`."""
        ntp = int((now + 2208988800) * 2**32)
        rtp_time = self.rtp_time & 0xFFFFFFFF
        return struct.pack("!BBHIQIII", 0x80, 200, 6, self.ssrc, ntp, rtp_time, self.packets, self.octets & 0xFFFFFFFF)


class Publisher:
    """Sends the clip over `peer` in real time, answers NACKs, and jumps to a key frame when one is asked for."""

    def __init__(self, peer: Peer, clip: Clip) -> None:
        self._peer, self._clip = peer, clip
        self._streams = {kind: Stream(kind, ssrc, peer.payload_types[kind]) for kind, ssrc in peer.ssrcs.items()}
        self._transport_number = self._picture_id = self._frame = 0
        self.sent = self.key_requests = self.nacks = 0

    async def run(self) -> None:
        """Video as often as the clip has it (30 times) and sound 50 times a second; runs until cancelled."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._peer.socket, self._read)
        try:
            await self._send_forever()
        finally:
            loop.remove_reader(self._peer.socket)

    async def _send_forever(self) -> None:
        fps = self._clip.fps
        began = time.monotonic()
        pictures = sounds = seconds = 0
        while True:
            at = time.monotonic() - began
            if at * fps >= pictures:
                self._send_picture(pictures * CLOCKS["video"] // fps)
                pictures += 1
            if at * 50 >= sounds:
                audio = self._clip.audio[sounds % len(self._clip.audio)]
                self._send("audio", audio, sounds * 960, marker=False)
                sounds += 1
            if at >= seconds:
                self._each_second(seconds)
                seconds += 1
            due = min(pictures / fps, sounds / 50)
            await asyncio.sleep(max(0.0, due - (time.monotonic() - began)))

    def _send_picture(self, rtp_time: int) -> None:
        frame = self._clip.video[self._frame]
        self._frame = (self._frame + 1) % len(self._clip.video)
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        for at in range(0, len(frame), PAYLOAD_BYTES):
            first = 0x90 if at == 0 else 0x80  # Start of the partition, with an extended descriptor (RFC 7741).
            descriptor = struct.pack("!BBH", first, 0x80, 0x8000 | self._picture_id)
            piece = frame[at : at + PAYLOAD_BYTES]
            self._send("video", descriptor + piece, rtp_time, marker=at + PAYLOAD_BYTES >= len(frame))

    def _send(self, kind: str, payload: bytes, rtp_time: int, marker: bool) -> None:
        packet = self._streams[kind].packet(payload, rtp_time & 0xFFFFFFFF, marker, self._transport_number)
        self._transport_number = (self._transport_number + 1) & 0xFFFF
        self._peer.send(self._peer.tx.protect(packet))
        self.sent += 1

    def _each_second(self, second: int) -> None:
        for stream in self._streams.values():
            self._peer.send(self._peer.tx.protect_rtcp(stream.report(time.time())))
        if second % 2 == 0:
            self._peer.check()

    def _read(self) -> None:
        for _ in range(64):
            try:
                data, _ = self._peer.socket.recvfrom(2048)
            except BlockingIOError:
                return
            if data[:1] and data[0] < 4:
                self._peer.handle_stun(data)
            elif len(data) > 8 and 192 <= data[1] <= 223:
                self._take_reports(data)

    def _take_reports(self, data: bytes) -> None:
        try:
            packets = RtcpPacket.parse(self._peer.rx.unprotect_rtcp(data))
        except (SrtpError, ValueError):
            return
        for packet in packets:
            if isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, 4):
                self.key_requests += 1
                self._frame = min(self._clip.keys, key=lambda key: (key - self._frame) % len(self._clip.video))
            elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
                self._repeat(packet.lost)

    def _repeat(self, lost: list[int]) -> None:
        for number in lost:
            self.nacks += 1
            packet = self._streams["video"].ring.get(number)
            if packet is not None:
                self._peer.send(self._peer.tx.protect(packet))


async def main() -> None:
    task = json.loads(sys.argv[1])
    peer = Peer(task["host"], Certificate())
    async with signaling_of(task) as signaling:
        await signaling.publish(peer)
        publisher = Publisher(peer, Clip.load(Path(task["clip"])))
        running = asyncio.create_task(publisher.run())
        print(json.dumps({"profile": peer.profile}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        running.cancel()
        print(json.dumps({"sent": publisher.sent, "key_requests": publisher.key_requests, "nacks": publisher.nacks}))
    peer.close()


if __name__ == "__main__":
    asyncio.run(main())
