"""A process of N real receivers: connects them, drains their sockets cheaply, and measures the server's CPU time meanwhile. Started by fanout.py."""

import asyncio
import ctypes
import hashlib
import json
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import report
from clip import Clip
from peer import Certificate, Peer
from pylibsrtp import Error as SrtpError
from signaling import signaling_of

BATCH, BYTES = 64, 1600
DRAIN_S = 0.04  # Between two rounds; about ten packets wait in a socket by then, and its buffer holds a thousand.


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("length", ctypes.c_uint32))


class Drain:
    """Reads up to 64 waiting datagrams of a socket with one system call (recvmmsg)."""

    def __init__(self) -> None:
        self._call = ctypes.CDLL(None, use_errno=True).recvmmsg
        self._buffer = ctypes.create_string_buffer(BATCH * BYTES)
        start = ctypes.addressof(self._buffer)
        self._vectors = (_Vector * BATCH)(*((start + i * BYTES, BYTES) for i in range(BATCH)))
        self._messages = (_Message * BATCH)()
        for message, vector in zip(self._messages, self._vectors, strict=True):
            message.header.vectors, message.header.vector_count = ctypes.pointer(vector), 1
        self.view = memoryview(self._buffer).cast("B")

    def read(self, descriptor: int) -> list[tuple[int, int]]:
        """Where each datagram starts in `view` and ends. MSG_DONTWAIT: an empty socket gives an empty list."""
        count = self._call(descriptor, self._messages, BATCH, 0x40, None)
        return [(i * BYTES, i * BYTES + self._messages[i].length) for i in range(max(0, count))]


@dataclass(slots=True)
class Received:
    """What one receiver got. `first` and `last` are unwrapped sequence numbers of each SSRC within the window."""

    packets: int = 0
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    count: dict[int, int] = field(default_factory=dict)
    reports: int = 0

    def take(self, ssrc: int, sequence: int) -> None:
        last = self.last.get(ssrc)
        if last is None:
            self.first[ssrc] = self.last[ssrc] = sequence
        else:
            self.last[ssrc] = max(last, last + ((sequence - last + 0x8000) & 0xFFFF) - 0x8000)
        self.count[ssrc] = self.count.get(ssrc, 0) + 1
        self.packets += 1

    def begin(self) -> None:
        """Starts a window: what comes next is counted from the packet after the last one."""
        self.packets, self.reports, self.count = 0, 0, {}
        self.first = {ssrc: last + 1 for ssrc, last in self.last.items()}

    @property
    def lost(self) -> int:
        expected = sum(last + 1 - self.first[ssrc] for ssrc, last in self.last.items())
        return max(0, expected - sum(self.count.values()))


class Proof:
    """Opens what the first receiver gets and compares each picture with the clip, byte for byte."""

    def __init__(self, clip: Clip) -> None:
        self._known = {hashlib.sha1(frame).digest() for frame in clip.video}
        self._frame: bytearray | None = None
        self.same = self.different = self.refused = 0

    def take(self, peer: Peer, data: bytes) -> None:
        try:
            packet = peer.rx.unprotect(data)
        except SrtpError:
            self.refused += 1
            return
        payload_at = 12 + (4 + 4 * struct.unpack_from("!H", packet, 14)[0] if packet[0] & 0x10 else 0)
        payload = packet[payload_at:]
        if len(payload) < 5 or payload[0] not in (0x80, 0x90) or payload[1] != 0x80:
            return  # Sound, or a descriptor of another shape.
        if payload[0] == 0x90:
            self._frame = bytearray()
        if self._frame is not None:
            self._frame += payload[4:]
            if packet[1] & 0x80:
                known = hashlib.sha1(self._frame).digest() in self._known
                self.same, self.different = self.same + known, self.different + (not known)
                self._frame = None


class Audience:
    """All receivers. Reports once a second, checks every 2.5 s as Chromium does."""

    def __init__(self, clip: Clip) -> None:
        self.peers: list[Peer] = []
        self.received: list[Received] = []
        self.proof = Proof(clip)
        self._drain = Drain()
        self._rounds = 0

    async def run(self) -> None:
        while True:
            began = time.monotonic()
            for index in range(len(self.peers)):
                self.drain(index)
            self._rounds += 1
            self._speak()
            await asyncio.sleep(max(0.0, DRAIN_S - (time.monotonic() - began)))

    def drain(self, index: int) -> None:
        peer, received = self.peers[index], self.received[index]
        view = self._drain.view
        for start, end in self._drain.read(peer.socket.fileno()):
            if end - start < 12:
                continue
            first, second, sequence, _, ssrc = struct.unpack_from("!BBHII", view, start)
            if first < 4:
                peer.handle_stun(bytes(view[start:end]))
            elif first >= 128 and 192 <= second <= 223:
                received.reports += 1
            elif first >= 128:
                received.take(ssrc, sequence)
                if index == 0:
                    self.proof.take(peer, bytes(view[start:end]))

    def _speak(self) -> None:
        """One receiver report a second and a check every 2.5 s for each peer, spread over the rounds."""
        a_second = round(1 / DRAIN_S)
        for index in range(self._rounds % a_second, len(self.peers), a_second):
            self._report(self.peers[index], self.received[index])
        for index in range(self._rounds % round(2.5 * a_second), len(self.peers), round(2.5 * a_second)):
            self.peers[index].check()

    def _report(self, peer: Peer, received: Received) -> None:
        blocks = [
            struct.pack("!IIIIII", ssrc, 0, last & 0xFFFFFFFF, 40, 0, 0)
            for ssrc, last in list(received.last.items())[:4]
        ]
        words = 1 + 6 * len(blocks)
        head = struct.pack("!BBHI", 0x80 | len(blocks), 201, words, peer.ssrcs["video"])
        peer.send(peer.tx.protect_rtcp(head + b"".join(blocks)))


async def measure(audience: Audience, pid: int, seconds: float) -> dict[str, Any]:
    """One window: the server's CPU seconds, what arrived, and what was missing."""
    for received in audience.received:
        received.begin()
    began, cpu = time.monotonic(), report.cpu_s(pid)
    own = time.process_time()
    await asyncio.sleep(seconds)
    took, used = time.monotonic() - began, report.cpu_s(pid) - cpu
    counts = [received.packets for received in audience.received]
    return {
        "seconds": round(took, 3),
        "cpu_s": round(used, 3),
        "packets": sum(counts),
        "fewest": min(counts, default=0),
        "lost": sum(received.lost for received in audience.received),
        "reports": sum(received.reports for received in audience.received),
        "own_core": round((time.process_time() - own) / took, 2),
    }


async def main() -> None:
    task = json.loads(sys.argv[1])
    audience = Audience(Clip.load(Path(task["clip"])))
    certificate = Certificate()
    async with signaling_of(task) as signaling:
        running = asyncio.create_task(audience.run())
        began = time.monotonic()
        for number in range(task["viewers"]):
            peer = Peer(task["host"], certificate)
            await signaling.subscribe(peer, number)
            audience.peers.append(peer)
            audience.received.append(Received())
        connected = time.monotonic() - began
        await asyncio.sleep(task["settle_s"])
        windows = [await measure(audience, task["pid"], task["window_s"]) for _ in range(task["windows"])]
        running.cancel()
    proof = audience.proof
    profile = audience.peers[0].profile if audience.peers else ""
    facts = {"connected_s": round(connected, 2), "profile": profile, "windows": windows}
    facts |= {"same_pictures": proof.same, "different_pictures": proof.different, "refused_packets": proof.refused}
    print(json.dumps(facts), flush=True)
    for peer in audience.peers:
        peer.close()


if __name__ == "__main__":
    asyncio.run(main())
