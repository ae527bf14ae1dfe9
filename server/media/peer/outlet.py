"""One receive slot of one browser: what it is called on the wire, and who is in it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.media.native.forwarder import CODECS, NO_TYPE, SlotState
from server.media.peer.layer import CLOCK_RATES, Layer
from server.media.rtp.budget import ResendBudget
from server.media.rtp.ring import MediaPacket
from server.media.rtp.slot import NOBODY, SlotMap
from server.media.sdp.answer import MID, TRANSPORT_CC, Sending
from server.media.sdp.codecs import ChosenCodec

if TYPE_CHECKING:
    from server.media.peer.link import Link
    from server.media.peer.publication import Publication

MID_BLOCK_BYTES = 5


class Outlet:
    """`publication` is who is, or is about to be, in the slot; `map.shift.layer` is whose packets go out at this moment.
    `since` is when the first packet of this publication went out.
    `stands_still` is true from the moment the slot is paused until a picture comes again.
    `carries_bps`: so much of a picture of one layer the line carries; None: all of it, as far as is known.

    `is_sent_twice`: each packet goes out a second time with the next one; `before` is that packet, protected. `state` is what compiled code sees.
    """

    def __init__(
        self,
        link: Link,
        mid: str,
        kind: str,
        sending: Sending,
        codecs: list[ChosenCodec],
        extensions: dict[str, int],
        seed: int,
    ) -> None:
        """`seed` (32 bit, random) sets where the slot's numbers begin."""
        self.link = link
        self.mid = mid
        self.kind = kind
        self.sending = sending
        self.ssrc = sending.ssrc
        self.payload_types = {chosen.codec.mime: chosen.payload_type for chosen in codecs}
        self.retransmission_types = {chosen.codec.mime: chosen.retransmission_type for chosen in codecs}
        self.map: SlotMap[Layer] = SlotMap(seed & 0x7FFF, seed, CLOCK_RATES[kind])
        self.publication: Publication | None = None
        self._limit = ""
        self.is_paused = self.stands_still = False
        self.since = float("inf")
        self.carries_bps: float | None = None
        self.is_sent_twice = False
        self.before: bytes | None = None
        self.transport_head = extensions[TRANSPORT_CC] << 4 | 1 if TRANSPORT_CC in extensions else 0
        self.mid_block = _mid_block(mid, extensions.get(MID))
        self.retransmission_seq = seed >> 16 & 0x7FFF
        self.resend_budget = ResendBudget()
        self._packets_before = self._octets_before = 0
        self._counted_from = (0, 0)
        self.state = self._first_state()

    def _first_state(self) -> SlotState:
        state = SlotState(ctypes.addressof(self.link.state), ssrc=self.ssrc, transport_head=self.transport_head)
        state.payload_types = tuple(self.payload_types.get(mime, NO_TYPE) for mime in CODECS)
        state.mid_block = tuple(self.mid_block)
        return state

    def _settle(self) -> None:
        """Compiled code sends what needs nothing but the present shift; without a layer it leaves each packet to Python."""
        state, shift = self.state, self.map.shift
        layer = None if self.is_sent_twice else self.layer
        state.layer = 0 if layer is None else layer.number
        state.since, state.seq, state.time = shift.since, shift.seq, shift.time
        state.picture_id, state.tl0 = shift.picture_id, shift.tl0

    def send_twice(self, wanted: bool) -> None:
        """From the next packet on."""
        self.is_sent_twice = wanted
        self.before = None
        self._settle()

    @property
    def layer(self) -> Layer | None:
        """Whose packets go out now."""
        layer = self.map.shift.layer
        return layer if isinstance(layer, Layer) else None

    def show(self, publication: Publication) -> None:
        """The slot belongs to `publication` from its next key frame on; until then the old picture goes on."""
        if publication is not self.publication:
            self._leave_publication()
            self.publication, self._limit = publication, publication.ladder[-1]
            publication.outlets.append(self)
            self.is_paused = self.stands_still = False
            self.since = float("inf")
        self.aim()

    def limit(self, rid: str | None) -> None:
        """The slot may have this layer of its publication or a smaller one; None: for now it shows nothing new."""
        if rid is None and not self.is_paused:
            self.is_paused = self.stands_still = True
            self._leave()
        elif rid is not None and (self.is_paused or rid != self._limit):
            self.is_paused, self._limit = False, rid
            self.aim()

    @property
    def wish(self) -> str | None:
        """The layer that the slot would show if it came; None: none."""
        return None if self.publication is None or self.is_paused else self._limit

    def aim(self) -> None:
        """Waits for the layer of its publication that is best now, unless it shows that one."""
        if self.publication is None or self.is_paused:
            return
        wanted, layer = self.map.wanted, self.publication.pick(self.layer, self._limit)
        if wanted is not None:
            if wanted is layer:
                return
            self._leave_waiting(wanted)
        if layer is None or layer is self.layer:
            return
        self.map.wanted = layer
        layer.add(self)
        if self.kind == "video":
            layer.key_frames.need()

    def clear(self) -> None:
        """Nobody is in the slot."""
        self._leave_publication()
        self._leave()

    def _leave_publication(self) -> None:
        if self.publication is not None:
            self.publication.outlets.remove(self)
        self.publication, self.stands_still, self.carries_bps = None, False, None

    def _leave(self) -> None:
        if self.map.wanted is not None:
            self._leave_waiting(self.map.wanted)
        self._leave_layer()

    def _leave_waiting(self, layer: Layer) -> None:
        self.map.wanted = None
        if self.layer is not layer:
            layer.drop(self)

    def _leave_layer(self) -> None:
        layer = self.layer
        if layer is None:
            return
        layer.drop(self)
        self._packets_before, self._octets_before = self.sent()
        self._counted_from = (0, 0)
        self.map.leave(layer.newest)
        self._settle()

    def takes_over(self, layer: Layer, packet: MediaPacket, after: Sequence[MediaPacket] = ()) -> bool:
        """Called with a packet of a layer that is not in the slot yet: True when it gets in with this packet, and with those `after` it."""
        if self.map.wanted is not layer or not (packet.key_frame or layer.kind == "audio"):
            return False
        if packet.codec.mime not in self.payload_types:
            return False
        old = self.layer
        newest = old.newest if old is not None else None
        if old is not None:
            self._packets_before, self._octets_before = self.sent()
            old.drop(self)
        self.map.switch(layer, packet, newest)
        self.stands_still = False
        self._settle()
        octets = len(packet.payload) + sum(len(other.payload) for other in after)
        self._counted_from = (layer.packets - 1 - len(after), layer.octets - octets)
        self.link.wants_report = True
        if self.publication is not None and old not in self.publication.layers:
            self.since = (after[-1] if after else packet).arrival
        self.aim()
        return True

    def sent(self) -> tuple[int, int]:
        """Packets and payload bytes sent in this slot so far."""
        layer = self.layer
        if layer is None:
            return self._packets_before, self._octets_before
        packets, octets = self._counted_from
        return self._packets_before + layer.packets - packets, self._octets_before + layer.octets - octets

    @property
    def is_repairable(self) -> bool:
        """True where retransmissions have numbers of their own: one that comes twice is dropped, and pads."""
        layer = self.layer
        if layer is None or layer.newest is None or self.kind != "video":
            return False
        return self.retransmission_types.get(layer.newest.codec.mime) is not None

    @property
    def is_empty(self) -> bool:
        """Nothing has come out of this slot and nothing does."""
        return self.map.shift is NOBODY


def _mid_block(mid: str, identifier: int | None) -> bytes:
    if identifier is None or len(mid) >= MID_BLOCK_BYTES:
        return bytes(MID_BLOCK_BYTES)  # Zeros are padding (RFC 8285, section 4.2); the SSRC stands in the answer.
    return (bytes((identifier << 4 | len(mid) - 1,)) + mid.encode()).ljust(MID_BLOCK_BYTES, b"\0")
