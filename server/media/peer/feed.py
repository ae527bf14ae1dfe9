"""What the taps of a source get of its layers: one of them at a time, the best that they have a use for, with numbers as if it were one stream."""

from collections.abc import Sequence

from server.media.peer.layer import CLOCK_RATES, Layer
from server.media.rtp.ring import MediaPacket
from server.media.rtp.slot import NOBODY, SlotMap

CALM_S = 5.0
"""A recording of H.264 begins a new file with each other size, so it goes up again only after a while. Down it goes at once."""


class Feed:
    """The taps' own slot. The numbers of its first layer stay as they are."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.calm_s = CALM_S
        self.layer: Layer | None = None
        self._map: SlotMap[Layer] | None = None
        self._switched_at = float("-inf")

    def target(self, layers: Sequence[Layer], now: float) -> Layer | None:
        """The layer that the taps should have, of `layers` (smallest first)."""
        live = [layer for layer in layers if layer.live]
        has_layer = self.layer in live
        if has_layer and now - self._switched_at < self.calm_s:
            return self.layer
        return live[-1] if live else None

    def take(self, layer: Layer, packet: MediaPacket) -> MediaPacket | None:
        """The packet as the taps get it, who have this layer or are to have it; None as long as it cannot begin with this packet."""
        if layer is not self.layer and not self._takes_over(layer, packet):
            return None
        shift = self._map.shift if self._map is not None else NOBODY
        if packet.seq < shift.since:
            return None
        if not shift.seq and not shift.time:
            return packet
        return packet._replace(seq=packet.seq + shift.seq, rtp_time=packet.rtp_time + shift.time & 0xFFFFFFFF)

    def _takes_over(self, layer: Layer, packet: MediaPacket) -> bool:
        old = self.layer
        if self._map is None or old is None:
            self._map = SlotMap(packet.seq - 1 - 0x10000, packet.rtp_time, CLOCK_RATES[self._kind])
        elif not packet.key_frame and self._kind == "video":
            return False
        else:
            self._switched_at = packet.arrival
        self._map.switch(layer, packet, old.newest if old is not None else None)
        self.layer = layer
        return True
