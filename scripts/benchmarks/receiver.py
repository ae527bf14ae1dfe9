"""What one receiver of fanout.py counts, and what it says back: receiver reports, and transport-wide feedback or REMB as a browser would."""

import re
import struct
import time
from dataclasses import dataclass, field

from peer import Peer

CEILING_BPS = 1_500_000  # What REMB grants to a server without transport-wide feedback: aiortc takes no more anyway.


@dataclass(slots=True)
class Counts:
    """One window. `first` and `last` are unwrapped sequence numbers of each SSRC, `count` is what came of it."""

    packets: int = 0
    reports: int = 0
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    count: dict[int, int] = field(default_factory=dict)

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


class Receiver:
    """One connected peer that only listens."""

    def __init__(self, peer: Peer, description: str) -> None:
        self.peer = peer
        self.counts = Counts()
        found = re.search(r"a=extmap:(\d+)\S* \S+transport-wide-cc", description)
        self._transport_id = int(found[1]) if found else 0
        self._numbers: list[int] = []
        self._feedbacks = 0
        self.feedbacks_sent = 0

    def take(self, view: memoryview, start: int, end: int) -> bool:
        """Counts one datagram; True when it is RTP."""
        if end - start < 12 or view[start] < 4:
            if end - start >= 20:
                self.peer.handle_stun(bytes(view[start:end]))
            return False
        first, second, sequence, _, ssrc = struct.unpack_from("!BBHII", view, start)
        if 20 <= first < 64:
            self.peer.handle_dtls(bytes(view[start:end]))
        if first < 128 or 192 <= second <= 223:
            self.counts.reports += first >= 128
            return False
        self.counts.take(ssrc, sequence)
        if self._transport_id and first & 0x10:
            self._note_transport_number(view, start + 12, end)
        return True

    def _note_transport_number(self, view: memoryview, at: int, end: int) -> None:
        """Finds the transport-wide number among the one-byte extensions (RFC 8285); they are not encrypted."""
        profile, words = struct.unpack_from("!HH", view, at)
        at += 4
        stop = min(end, at + 4 * words)
        while profile == 0xBEDE and at < stop:
            if view[at] >> 4 == self._transport_id:
                self._numbers.append(view[at + 1] << 8 | view[at + 2])
                return
            at += 1 if view[at] == 0 else 2 + (view[at] & 15)

    def report(self) -> None:
        """A receiver report (RFC 3550, section 6.4.2), with REMB when the server asked for no transport-wide feedback."""
        blocks = [
            struct.pack("!IIIIII", ssrc, 0, last & 0xFFFFFFFF, 40, 0, 0)
            for ssrc, last in [*self.counts.last.items()][:4]
        ]
        own = self.peer.ssrcs["video"]
        compound = struct.pack("!BBHI", 0x80 | len(blocks), 201, 1 + 6 * len(blocks), own) + b"".join(blocks)
        if not self._transport_id and self.counts.last:
            ssrcs = list(self.counts.last)
            rate = struct.pack("!I", len(ssrcs) << 24 | 5 << 18 | CEILING_BPS >> 5)
            words = 4 + len(ssrcs)
            compound += struct.pack("!BBHII", 0x8F, 206, words, own, 0) + b"REMB" + rate
            compound += b"".join(struct.pack("!I", ssrc) for ssrc in ssrcs)
        self.peer.send(self.peer.tx.protect_rtcp(compound))

    def feedback(self) -> None:
        """Transport-wide feedback on what came since the last one (draft-holmer-rmcat-transport-wide-cc-extensions-01)."""
        if not self._numbers:
            return
        came, base = len(self._numbers), self._numbers[0]
        reference = int(time.monotonic() * 1000 / 64) & 0xFFFFFF
        body = struct.pack("!HHI", base, came, reference << 8 | self._feedbacks & 0xFF)
        body += struct.pack("!H", 0x2000 | came) + bytes([4] * came)  # One run of "came, small delta"; 1 ms apart.
        padding = -len(body) % 4
        first = 0x8F | (0x20 if padding else 0)
        body += bytes(padding - 1) + bytes([padding]) if padding else b""
        head = struct.pack("!BBHII", first, 205, 2 + len(body) // 4, self.peer.ssrcs["video"], 0)
        self.peer.send(self.peer.tx.protect_rtcp(head + body))
        self._feedbacks += 1
        self.feedbacks_sent += 1
        self._numbers.clear()
