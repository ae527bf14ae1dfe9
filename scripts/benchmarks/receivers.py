"""A process of N real receivers: connects them, drains their sockets cheaply, and measures the server's CPU time meanwhile. Started by fanout.py."""

import asyncio
import hashlib
import json
import struct
import sys
import time
from pathlib import Path
from typing import Any

import report
from clip import Clip
from datagrams import Drain
from peer import Certificate, Peer
from pylibsrtp import Error as SrtpError
from receiver import Receiver
from signaling import Signaling, signaling_of

ROUND_S = 0.002  # What a hundred receivers say comes one after the other, not all at once.
READ_S = (
    0.05  # Between two looks into one socket; about ten packets wait in it by then, and its buffer holds a thousand.
)
FEEDBACK_S = 0.05  # Chromium and Firefox send 16 to 20 a second.


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
    """All receivers. As Chromium they report once a second, check every 2.5 s and send feedback twenty times a second."""

    def __init__(self, clip: Clip) -> None:
        self.receivers: list[Receiver] = []
        self.proof = Proof(clip)
        self._drain = Drain()
        self._rounds = 0

    async def run(self) -> None:
        while True:
            began = time.monotonic()
            for receiver in self._due(READ_S):
                self._read(receiver)
            self._rounds += 1
            self._speak()
            await asyncio.sleep(max(0.0, ROUND_S - (time.monotonic() - began)))

    def _read(self, receiver: Receiver) -> None:
        view = self._drain.view
        for start, end in self._drain.read(receiver.peer.socket.fileno()):
            if receiver.take(view, start, end) and receiver is self.receivers[0]:
                self.proof.take(receiver.peer, bytes(view[start:end]))

    def _speak(self) -> None:
        """What is due in this round; receivers take turns, so that the server gets an even flow."""
        for receiver in self._due(1.0):
            receiver.report()
        for receiver in self._due(2.5):
            receiver.peer.check()
        for receiver in self._due(FEEDBACK_S):
            receiver.feedback()

    def _due(self, every_s: float) -> list[Receiver]:
        rounds = max(1, round(every_s / ROUND_S))
        return self.receivers[self._rounds % rounds :: rounds]


async def measure(audience: Audience, pid: int, seconds: float) -> dict[str, Any]:
    """One window: the server's CPU seconds, what arrived, and what was missing."""
    for receiver in audience.receivers:
        receiver.counts.begin()
    began, cpu = time.monotonic(), report.cpu_s(pid)
    own = time.process_time()
    said = sum(receiver.feedbacks_sent for receiver in audience.receivers)
    await asyncio.sleep(seconds)
    took, used = time.monotonic() - began, report.cpu_s(pid) - cpu
    counts = [receiver.counts.packets for receiver in audience.receivers]
    return {
        "seconds": round(took, 3),
        "cpu_s": round(used, 3),
        "packets": sum(counts),
        "fewest": min(counts, default=0),
        "lost": sum(receiver.counts.lost for receiver in audience.receivers),
        "reports": sum(receiver.counts.reports for receiver in audience.receivers),
        "feedbacks": sum(receiver.feedbacks_sent for receiver in audience.receivers) - said,
        "own_core": round((time.process_time() - own) / took, 2),
    }


async def join_all(audience: Audience, signaling: Signaling, viewers: int, host: str) -> None:
    """Connects so many more receivers, eight at a time."""
    certificate, turn = Certificate(), asyncio.Semaphore(8)

    async def join(number: int) -> None:
        async with turn:
            await join_one(audience, signaling, Peer(host, certificate), number)

    first = len(audience.receivers)
    async with asyncio.TaskGroup() as group:
        for number in range(first, first + viewers):
            group.create_task(join(number))


async def join_one(audience: Audience, signaling: Signaling, peer: Peer, number: int) -> None:
    """Connects one receiver, or closes it and raises what the server answered."""
    try:
        audience.receivers.append(Receiver(peer, await signaling.subscribe(peer, number)))
    except BaseException:
        peer.close()
        raise


async def main() -> None:
    task = json.loads(sys.argv[1])
    audience = Audience(Clip.load(Path(task["clip"])))
    async with signaling_of(task) as signaling:
        running = asyncio.create_task(audience.run())
        began = time.monotonic()
        await join_all(audience, signaling, task["viewers"], task["host"])
        connected = time.monotonic() - began
        await asyncio.sleep(task["settle_s"])
        windows = [await measure(audience, task["pid"], task["window_s"]) for _ in range(task["windows"])]
        running.cancel()
    proof = audience.proof
    profile = audience.receivers[0].peer.profile if audience.receivers else ""
    facts = {"connected_s": round(connected, 2), "profile": profile, "windows": windows}
    facts |= {"same_pictures": proof.same, "different_pictures": proof.different, "refused_packets": proof.refused}
    print(json.dumps(facts), flush=True)
    for receiver in audience.receivers:
        receiver.peer.close()


if __name__ == "__main__":
    asyncio.run(main())
