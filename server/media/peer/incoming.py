"""Whose packet is it? SSRCs of one connection: as the offer announced them, else learned from MID or the payload type (RFC 8843, section 9.2).

Which layer it is of, the RID says (RFC 8852); browsers send MID and RID with the first packets only, until we have reported some.
"""

from collections import deque
from typing import NamedTuple

from server.media.edge.counters import Counters
from server.media.peer.layer import Layer
from server.media.peer.publication import Publication
from server.media.rtp import red, rtx
from server.media.rtp.feedback import FeedbackBuilder
from server.media.rtp.packet import Buffer, Header, find_extension, read_header, read_number, read_text
from server.media.rtp.ring import MediaPacket
from server.media.sdp.answer import AUDIO_LEVEL, MID, REPAIRED_RID, RID, TRANSPORT_CC
from server.media.sdp.offer import Section
from server.media.tap import Codec

SSRCS_MAX = 64


class Route(NamedTuple):
    """Where packets of one SSRC belong."""

    publication: Publication
    layer: Layer
    repairs: bool


class Incoming:
    """Reads the packets of one connection. Anything that makes no sense raises ValueError and is counted by the caller.

    `earlier` are packets, oldest first, that came inside the one that `read` just gave; the caller takes them out before it reads again.
    """

    def __init__(self, counters: Counters) -> None:
        self.publications: list[Publication] = []
        self.feedback = FeedbackBuilder()
        self.earlier: deque[MediaPacket] = deque()
        self.media_ssrc = 0
        self._counters = counters
        self._routes: dict[int, Route] = {}
        self._announced: dict[int, tuple[Publication, int | None]] = {}
        self._gone: set[int] = set()
        self._mid_extension = 0
        self._rid_extension = 0
        self._repaired_rid_extension = 0
        self._transport_extension = 0
        self._level_extension = 0

    @property
    def is_used(self) -> bool:
        """True once packets came that belong to somebody."""
        return bool(self._routes)

    def add(self, publication: Publication, section: Section) -> None:
        """The browser will send `publication` on this m-line."""
        self.publications.append(publication)
        for ssrc, again in section.flows:
            self._announced[ssrc] = (publication, None)
            if again is not None:
                self._announced[again] = (publication, ssrc)
        self._mid_extension = section.extensions.get(MID, self._mid_extension)
        self._rid_extension = section.extensions.get(RID, self._rid_extension)
        self._repaired_rid_extension = section.extensions.get(REPAIRED_RID, self._repaired_rid_extension)
        self._transport_extension = section.extensions.get(TRANSPORT_CC, self._transport_extension)
        if section.kind == "audio":
            self._level_extension = section.extensions.get(AUDIO_LEVEL, 0)

    def read(self, data: Buffer, length: int, now: float) -> tuple[Publication, Layer, MediaPacket] | None:
        """The packet in the first `length` bytes; None for duplicates, padding and packets of nobody. Raises ValueError."""
        header = read_header(data, length)
        if self._transport_extension:
            number = read_number(data, header, self._transport_extension)
            if number is not None:
                self.feedback.add(number, now)
        route = self._routes.get(header.ssrc) or self._learn(data, header)
        if route is None:
            self._counters.add("dropped_unknown_ssrc")
            return None
        publication, layer, repairs = route
        read = self._repaired if repairs else self._fresh
        packet = read(publication, layer, data, header, now)
        return None if packet is None else (publication, layer, packet)

    def _fresh(
        self, publication: Publication, layer: Layer, data: Buffer, header: Header, now: float
    ) -> MediaPacket | None:
        payload_type = publication.redundancy_types.get(header.payload_type, header.payload_type)
        codec = publication.codecs.get(payload_type)
        if codec is None:
            self._counters.add("dropped_payload_type")
            return None
        if publication.kind == "audio" and self._level_extension:
            found = find_extension(data, header, self._level_extension)
            if found is not None:
                publication.loudness.note(data[found[0]] & 127, now)
        if payload_type != header.payload_type:
            blocks = red.unpack(data, header.payload_start, header.payload_end)
            if any(block.payload_type != payload_type for block in blocks):
                raise ValueError("a packet in a packet is of another format")
            return self._take_blocks(layer, header, codec, blocks, now)
        payload = bytes(data[header.payload_start : header.payload_end])
        return layer.take(header.seq, header.rtp_time, header.marker, codec, payload, now, repaired=False)

    def _take_blocks(
        self, layer: Layer, header: Header, codec: Codec, blocks: list[red.Block], now: float
    ) -> MediaPacket | None:
        """The newest of the packets in a packet; those before it that were lost on their own way wait in `earlier`."""
        found: MediaPacket | None = None
        for back in range(len(blocks) - 1, -1, -1):
            _, age, payload = blocks[len(blocks) - 1 - back]
            seq, rtp_time = header.seq - back & 0xFFFF, header.rtp_time - age & 0xFFFFFFFF
            found = layer.take(seq, rtp_time, header.marker and not back, codec, payload, now, repaired=back > 0)
            if found is not None and back:
                self.earlier.append(found)
        if found is None:
            self.earlier.clear()  # The whole packet came twice.
        return found

    def _repaired(
        self, publication: Publication, layer: Layer, data: Buffer, header: Header, now: float
    ) -> MediaPacket | None:
        found = rtx.unwrap(data, header.payload_start, header.payload_end)
        codec = publication.codecs.get(publication.retransmission_types.get(header.payload_type, -1))
        if found is None or codec is None:
            return None
        seq, payload = found
        return layer.take(seq, header.rtp_time, header.marker, codec, payload, now, repaired=True)

    def _learn(self, data: Buffer, header: Header) -> Route | None:
        if len(self._routes) + len(self._gone) >= SSRCS_MAX or header.ssrc in self._gone:
            return None
        publication, original = self._announced.get(header.ssrc, (None, None))
        publication = publication or self._by_mid(data, header) or self._by_payload_type(header.payload_type)
        if publication is None:
            return None
        repairs = header.payload_type in publication.retransmission_types
        find = self._repaired_layer if repairs else self._new_layer
        layer = find(publication, original, data, header)
        if layer is None:
            return None
        route = self._routes[header.ssrc] = Route(publication, layer, repairs)
        return route

    def _new_layer(self, publication: Publication, _: int | None, data: Buffer, header: Header) -> Layer | None:
        rid = self._text(data, header, self._rid_extension) if publication.rids != [""] else ""
        replaced = publication.find_layer(rid)
        layer = publication.add_layer(header.ssrc, rid)
        if layer is not None:
            self.media_ssrc = self.media_ssrc or header.ssrc
        if layer is not None and replaced is not None:
            self._forget(replaced)
        return layer

    def _forget(self, layer: Layer) -> None:
        """Whatever still comes of a stream that was replaced is nobody's. Its ring holds a megabyte."""
        self._gone.add(layer.ssrc)
        self._routes = {ssrc: route for ssrc, route in self._routes.items() if route.layer is not layer}

    def _repaired_layer(
        self, publication: Publication, original: int | None, data: Buffer, header: Header
    ) -> Layer | None:
        if publication.rids != [""]:
            return publication.find_layer(self._text(data, header, self._repaired_rid_extension))
        layers = [layer for layer in publication.layers if original is None or layer.ssrc == original]
        return layers[0] if layers else None

    @staticmethod
    def _text(data: Buffer, header: Header, extension: int) -> str:
        return (read_text(data, header, extension) or "?") if extension else "?"

    def _by_mid(self, data: Buffer, header: Header) -> Publication | None:
        mid = read_text(data, header, self._mid_extension) if self._mid_extension else None
        return next((publication for publication in self.publications if publication.mid == mid), None)

    def _by_payload_type(self, payload_type: int) -> Publication | None:
        found = [
            publication
            for publication in self.publications
            if payload_type in publication.codecs or payload_type in publication.retransmission_types
        ]
        return found[0] if len(found) == 1 else None

    def layer_of(self, ssrc: int) -> tuple[Publication, Layer] | None:
        """The layer that sends under `ssrc`."""
        route = self._routes.get(ssrc)
        return (route.publication, route.layer) if route is not None and not route.repairs else None
