"""The last packets of one incoming stream: for retransmissions, and to know duplicates."""

from typing import NamedTuple

from server.media.rtp.vp8 import Descriptor
from server.media.tap import Codec


class MediaPacket(NamedTuple):
    """One packet of a source as everything behind the edge sees it; the fields of `Tap.packet`."""

    seq: int
    rtp_time: int
    marker: bool
    codec: Codec
    payload: bytes
    vp8: Descriptor | None
    key_frame: bool
    arrival: float
    capture: float | None


class Ring:
    """Keeps the newest `size` sequence numbers; older packets fall out."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._packets: list[MediaPacket | None] = [None] * size
        self._newest = -1

    def add(self, packet: MediaPacket) -> None:
        """Keeps `packet` in the place of the one `size` numbers before it."""
        self._packets[packet.seq % self._size] = packet
        if packet.seq > self._newest:
            self._newest = packet.seq

    def is_stale(self, seq: int) -> bool:
        """True for a duplicate and for a number too old to tell."""
        if seq <= self._newest - self._size:
            return True
        held = self._packets[seq % self._size]
        return held is not None and held.seq == seq

    def get(self, seq: int) -> MediaPacket | None:
        """The packet with the unwrapped number `seq`, if it is still there."""
        held = self._packets[seq % self._size]
        return held if held is not None and held.seq == seq else None
