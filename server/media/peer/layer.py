"""One incoming stream: one SSRC of one source. It unwraps, drops duplicates, remembers for retransmission, and knows what is missing."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from server.media.native.forwarder import Roll
from server.media.rtp import h264, vp8
from server.media.rtp.clock import PublisherClock, StreamClock
from server.media.rtp.keyframes import KeyFrames
from server.media.rtp.nack import NackGenerator
from server.media.rtp.reception import Reception
from server.media.rtp.ring import MediaPacket, Ring
from server.media.rtp.sequence import Unwrapper
from server.media.tap import Codec

if TYPE_CHECKING:
    from server.media.peer.outlet import Outlet

RING_PACKETS = {"video": 1024, "audio": 256}
STEADY_S, PROOF_S = 5.0, 2.0
"""On a narrow line a browser feeds its larger layer with what the smaller one leaves: a few pictures a second with holes between them. A layer that
came back and fell silent within five seconds is live again only after two seconds without a hole: each change costs key frames of all layers."""
LAYER_SILENCE_S = 0.25
"""A layer that is so far behind the others is not sent any more; with the round trip for a key frame of another it is replaced within 0.5 s."""
FRESH_S = 0.4
"""A newcomer starts at a key frame that is not older than this, if there is one: Chromium makes no other within 0.3 s, so that waiting costs more."""
FRESH_PACKETS = 48
WIRE_OCTETS = 68
"""Beside the payload of each packet: IP and UDP 28, RTP with our extensions 24, SRTP 16."""
CLOCK_RATES = {"video": 90_000, "audio": 48_000}


_numbers = itertools.count(1)


class Layer:
    """`outlets` are the slots that show this layer or wait for it; the relay walks over them for each packet. `number` is given to no other.

    `rid` names it among the layers of its source ("": the only one); `size` is that of its newest key frame, (0, 0) until one could be read.
    `live` is true while packets come, by the publication's judgement; `bps` is what it took of a line when packets came last, 0 in its first second.
    """

    def __init__(self, kind: str, ssrc: int, clock: PublisherClock, repairs: bool, rid: str = "") -> None:
        """`repairs`: the sender answers NACKs of this stream."""
        self.kind = kind
        self.ssrc = ssrc
        self.rid = rid
        self.size = (0, 0)
        self.live = False
        self._live_since = self._comes_since = self._came_at = float("-inf")
        self._falters = self._has_begun = False
        self.bps = 0.0
        self._counted = (0, 0, 0.0)
        self.key_frames = KeyFrames()
        self.number = next(_numbers)
        self.outlets: tuple[Outlet, ...] = ()
        self._roll: Roll | None = None
        self.newest: MediaPacket | None = None
        self.packets = 0
        self.octets = 0
        self.repairs = repairs
        self.missing = NackGenerator()
        self.reception = Reception(CLOCK_RATES[kind])
        self.clock = StreamClock(CLOCK_RATES[kind], clock)
        self.ring = Ring(RING_PACKETS[kind])
        self._unwrapper = Unwrapper()
        self.passed_on = -1  # The highest number that the relay has seen.
        self._key_frame: MediaPacket | None = None

    @property
    def roll(self) -> Roll:
        """The outlets as compiled code walks over them."""
        roll = self._roll
        if roll is None or roll.outlets is not self.outlets:
            roll = self._roll = Roll(self.outlets)
        return roll

    def add(self, outlet: Outlet) -> None:
        """`outlet` shows this layer, or waits for it."""
        self.outlets = (*self.outlets, outlet)

    def drop(self, outlet: Outlet) -> None:
        """`outlet` does so no more; one that did not is no error."""
        self.outlets = tuple(other for other in self.outlets if other is not outlet)
        self._roll = None  # It would keep the outlet, whose past shifts keep this layer.

    def take(
        self, seq: int, rtp_time: int, marker: bool, codec: Codec, payload: bytes, now: float, repaired: bool
    ) -> MediaPacket | None:
        """The packet for everybody behind the edge; None for a duplicate. Raises ValueError when the payload cannot be of `codec`.

        `repaired` packets came as retransmissions, which a bandwidth probe also sends for packets that were never lost.
        """
        if repaired and self.newest is None:
            return None
        unwrapped = self._unwrapper.unwrap(seq)
        if self.ring.is_stale(unwrapped):
            return None
        descriptor = vp8.read_descriptor(payload) if codec.mime == "video/VP8" and payload else None
        key_frame = (
            descriptor.key_frame if descriptor else codec.mime == "video/H264" and h264.starts_key_frame(payload)
        )
        capture = self.clock.capture(rtp_time)
        packet = MediaPacket(unwrapped, rtp_time, marker, codec, payload, descriptor, key_frame, now, capture)
        self.ring.add(packet)
        self.packets += 1
        self.octets += len(payload)
        if not repaired:
            self.reception.arrived(unwrapped, rtp_time, len(payload), now)
        if self.newest is None or unwrapped > self.newest.seq:
            self.newest = packet
        if key_frame and (self._key_frame is None or unwrapped > self._key_frame.seq):
            self._key_frame = packet
            self.size = _picture_size(packet) or self.size
        return packet

    def begin(self, now: float) -> None:
        """It counts as live from now on; the first time for good."""
        self.live, self._live_since = True, now if self._has_begun else float("-inf")
        self._has_begun = True

    def end(self, now: float) -> None:
        """It does so no more; `now` is when it was seen to be silent."""
        self._falters = self.live and now - self._live_since < STEADY_S
        self.live = False

    def may_begin(self, now: float) -> bool:
        """A packet of it came, though it is not live. False while it has to prove that it will stay."""
        if now - self._came_at > LAYER_SILENCE_S:
            self._comes_since = now
        self._came_at = now
        return not self._falters or now - self._comes_since >= PROOF_S

    def count(self, now: float) -> None:
        """Once a second: what came since then, as it will be on a viewer's line."""
        packets, octets, since = self._counted
        if self.packets > packets and since:
            bps = 8 * (self.octets - octets + WIRE_OCTETS * (self.packets - packets)) / (now - since)
            self.bps = (self.bps + bps) / 2 if self.bps else bps
        self._counted = (self.packets, self.octets, now)

    def since_key_frame(self) -> list[MediaPacket]:
        """The newest key frame and what was passed on after it; nothing when it is no longer fresh or a packet is missing."""
        key_frame, newest = self._key_frame, self.newest
        if key_frame is None or newest is None or newest.arrival - key_frame.arrival > FRESH_S:
            return []
        count = max(0, self.passed_on - key_frame.seq + 1)
        packets = [self.ring.get(key_frame.seq + index) for index in range(min(count, FRESH_PACKETS + 1))]
        found = [packet for packet in packets if packet is not None]
        return found if len(found) == count <= FRESH_PACKETS else []


def _picture_size(key_frame: MediaPacket) -> tuple[int, int] | None:
    payload, descriptor = key_frame.payload, key_frame.vp8
    size = vp8.picture_size(payload, descriptor.length) if descriptor is not None else h264.picture_size(payload)
    return size if all(size) else None
