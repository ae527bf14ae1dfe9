"""What a composer makes of the stage, as something that can be in slots: its picture and its sound, which it sends over its feed."""

import itertools
from collections.abc import Sequence

from server.media.packet_wire import PICTURE, SOUND
from server.media.peer.layer import Layer
from server.media.peer.outlet import Outlet
from server.media.peer.publication import Publication
from server.media.recorder.reorder import Packet
from server.media.rtp.clock import PublisherClock
from server.media.rtp.ring import MediaPacket
from server.media.sdp.codecs import ChosenCodec
from server.media.tap import Codec, Source

CODECS = (Codec("video/H264", 90_000), Codec("audio/opus", 48_000, "", 2))
_SOURCES = ((Source.CAMERA, "video"), (Source.MICROPHONE, "audio"))


class Programme:
    """`stream` names the stream that it is the same as. Packets come only while somebody watches.

    Each time that somebody begins to, both streams are new: nobody gets pictures out of a ring that were made before.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.is_wanted = False
        clock = PublisherClock()
        self.publications = [
            Publication(str(number), *_SOURCES[number], [ChosenCodec(codec, number, None, "", ())], clock)
            for number, codec in enumerate(CODECS)
        ]
        self._ssrcs = itertools.count(1)

    @staticmethod
    def fits(outlets: Sequence[Outlet]) -> bool:
        """Whether these slots can show it: those for pictures take H.264."""
        pictures = [outlet for outlet in outlets if outlet.kind == "video"]
        return not pictures or any(CODECS[PICTURE].mime in outlet.payload_types for outlet in pictures)

    def has_news(self) -> bool:
        """Whether it is wanted has changed since this was asked last."""
        wanted = any(one.outlets for one in self.publications)
        is_news, self.is_wanted = wanted is not self.is_wanted, wanted
        if is_news and wanted:
            for publication in self.publications:
                publication.add_layer(next(self._ssrcs))
        return is_news

    def wants_key(self, now: float) -> bool:
        """Whether a key frame has to be asked for now."""
        requests = [layer.key_frames for layer in self.publications[PICTURE].layers]
        return self.is_wanted and any(one.is_open and one.due(now) for one in requests)

    def take(self, number: int, packet: Packet, now: float) -> tuple[Layer, MediaPacket] | None:
        """The composer's packet as it goes to slots, `now` on our clock; None when it goes nowhere. Raises ValueError for what it cannot be."""
        if number not in (PICTURE, SOUND):
            raise ValueError("a programme has one picture and one sound")
        publication = self.publications[number]
        if not publication.layers:
            return None
        layer = publication.layers[0]
        if packet.capture is not None:
            layer.clock.note(int(packet.capture * (1 << 32)), packet.rtp_time, now)
        numbers = packet.seq & 0xFFFF, packet.rtp_time, packet.marker
        taken = layer.take(*numbers, CODECS[number], packet.payload, now, repaired=False)
        if taken is None:
            return None
        publication.note(layer, now, lambda _: None)
        if taken.key_frame:
            publication.note_key_frame(layer, now)
        return layer, taken
