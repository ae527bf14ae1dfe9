"""One sending m-line of a browser: a camera, a microphone or a screen. It may fall silent and come back at any time."""

from collections.abc import Callable

from server.media.peer.layer import Layer
from server.media.rtp.clock import PublisherClock
from server.media.rtp.keyframes import KeyFrames
from server.media.sdp.codecs import ChosenCodec
from server.media.tap import Codec, Source, Tap

SILENCE_S = {Source.CAMERA: 4.0, Source.SCREEN: 2.0, Source.MICROPHONE: 10.0}
SWITCHED_OFF_SILENCE_S = 0.3
"""When the person says that the source is off, this much silence is enough to believe it."""


class Publication:
    """`layers` has one entry today; simulcast will add more. `live` is true while packets come."""

    def __init__(self, mid: str, source: Source, kind: str, codecs: list[ChosenCodec], clock: PublisherClock) -> None:
        self.mid = mid
        self.source = source
        self.kind = kind
        self.codecs: dict[int, Codec] = {chosen.payload_type: chosen.codec for chosen in codecs}
        self.retransmission_types: dict[int, int] = {
            chosen.retransmission_type: chosen.payload_type
            for chosen in codecs
            if chosen.retransmission_type is not None
        }
        self.layers: list[Layer] = []
        self.key_frames = KeyFrames()
        self.participant = ""
        self.taps: tuple[Tap, ...] = ()
        self.live = False
        self.last_at = float("-inf")
        self.loudness = 0.0
        self._repairs = any("nack" in chosen.feedback for chosen in codecs)
        self._clock = clock

    def add_layer(self, ssrc: int) -> Layer:
        """A new stream of this source takes the place of the one before; whoever watched that one waits for this one."""
        layer = Layer(self.kind, ssrc, self._clock, self._repairs)
        before, self.layers = self.layers, [layer]
        for old in before:
            for outlet in old.outlets:
                outlet.show(self)
        return layer

    def note_level(self, level: int) -> None:
        """The sender's own measure of one packet (RFC 6464): 0 as loud as can be, 127 silence. `loudness` follows within half a second."""
        self.loudness += (127 - level - self.loudness) / 16

    def is_silent(self, now: float, switched_off: bool) -> bool:
        """True when nothing came for so long that its slot may go to somebody else."""
        return now - self.last_at > (SWITCHED_OFF_SILENCE_S if switched_off else SILENCE_S[self.source])

    def note(self, now: float, on_live: Callable[["Publication"], None]) -> None:
        """A packet came; `on_live` is called when it is the first one after silence."""
        self.last_at = now
        if not self.live:
            self.live = True
            if self.kind == "video":
                self.key_frames.need()
            on_live(self)
