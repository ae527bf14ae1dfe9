"""One sending m-line of a browser: a camera, a microphone or a screen, in one layer or in several. It may fall silent and come back at any time."""

import math
from collections.abc import Callable

from server.media.peer.ceiling import Ceiling
from server.media.peer.demand import Demand
from server.media.peer.feed import CALM_S, Feed
from server.media.peer.layer import LAYER_SILENCE_S, Layer
from server.media.peer.outlet import Outlet
from server.media.protocol import LayersView
from server.media.rtp.clock import PublisherClock
from server.media.rtp.layers import Picture as Shown
from server.media.rtp.layers import Rung, fitting, nominal_bps
from server.media.rtp.loudness import Loudness
from server.media.rtp.ring import MediaPacket
from server.media.sdp.codecs import ChosenCodec
from server.media.tap import Codec, Source, Tap

SILENCE_S = {Source.CAMERA: 4.0, Source.SCREEN: 2.0, Source.MICROPHONE: 10.0}
SWITCHED_OFF_SILENCE_S = 0.3
"""When the person says that the source is off, this much silence is enough to believe it."""
GROW_AFTER_S = 0.5
"""A newcomer's first picture is one that is sent already: an encoder that begins another size at that moment would delay it."""


class Publication:
    """One source of one person.

    `rids` are the layers that may come (simulcast), as offered; `ladder` the same with the smallest first, as far as that is known; `layers`
    those that came, in this order. `live` is true while packets of any come. `outlets` are the slots that it is in, or is about to be.
    """

    def __init__(
        self,
        mid: str,
        source: Source,
        kind: str,
        codecs: list[ChosenCodec],
        clock: PublisherClock,
        rids: list[str] | None = None,
    ) -> None:
        self.mid = mid
        self.source = source
        self.kind = kind
        self.codecs: dict[int, Codec] = {chosen.payload_type: chosen.codec for chosen in codecs}
        self.retransmission_types: dict[int, int] = {
            chosen.retransmission_type: chosen.payload_type
            for chosen in codecs
            if chosen.retransmission_type is not None
        }
        self.redundancy_types: dict[int, int] = {
            chosen.redundancy_type: chosen.payload_type for chosen in codecs if chosen.redundancy_type is not None
        }
        self.rids = rids or [""]
        self.ladder = list(self.rids)
        self.layers: list[Layer] = []
        self.outlets: list[Outlet] = []
        self.participant = ""
        self.taps: tuple[Tap, ...] = ()
        self.live = False
        self.last_at = float("-inf")
        self.loudness = Loudness()
        self._feed = Feed(kind)
        self._tile: tuple[int, int] | None = None
        self._tapped_rid = self.ladder[-1]
        self._ceiling = Ceiling()
        self._demand = Demand(self.ladder[(len(self.ladder) - 1) // 2])
        self._repairs = any("nack" in chosen.feedback for chosen in codecs)
        self._clock = clock

    def add_layer(self, ssrc: int, rid: str = "") -> Layer | None:
        """A new stream takes the place of the one before it; whoever watched that one waits for this one. None: such a layer was not offered."""
        if rid not in self.rids:
            return None
        layer = Layer(self.kind, ssrc, self._clock, self._repairs, rid)
        before = [old for old in self.layers if old.rid == rid]
        self.layers = [other for other in self.layers if other.rid != rid] + [layer]
        self._sort()
        for old in before:
            for outlet in old.outlets:
                outlet.aim()
        return layer

    def find_layer(self, rid: str) -> Layer | None:
        """The layer that comes under this RID."""
        return next((layer for layer in self.layers if layer.rid == rid), None)

    def _sort(self) -> None:
        """By the sizes of their pictures and, as long as those are not known, as they were offered: low to high."""
        known = {layer.rid: layer.size[0] * layer.size[1] for layer in self.layers if layer.size[0]}
        if len(known) == len(self.rids):
            self.ladder.sort(key=lambda rid: known[rid])
        self.layers.sort(key=lambda layer: self.ladder.index(layer.rid))
        self._fit_taps()

    def rungs(self) -> list[Rung]:
        """Size and rate of each layer of the `ladder`; of one that did not come yet, what pages send."""
        found: list[Rung] = []
        for place, rid in enumerate(reversed(self.ladder)):
            layer = self.find_layer(rid)
            width, height = layer.size if layer is not None and layer.size[0] else (1280 >> place, 720 >> place)
            bps = layer.bps if layer is not None else 0.0
            found.insert(0, Rung(width, height, bps or nominal_bps(width, height)))
        return found

    def pick(self, shown: Layer | None, limit: str) -> Layer | None:
        """What a slot should go for that shows `shown` and may have the layer `limit` or a smaller one.

        The first picture is the smallest one, because that is there soonest. One that is too large is better than none.
        """
        live = [layer for layer in self.layers if layer.live] or self.layers
        if not live:
            return None
        most = self.ladder.index(limit)
        allowed = [layer for layer in live if self.ladder.index(layer.rid) <= most]
        return allowed[-1] if allowed and shown in self.layers else live[0]

    def told(self, now: float) -> LayersView | None:
        """What the sender should send from now on of its layers, or of its only one, if that is news."""
        if self.kind != "video":
            return None
        if len(self.rids) > 1:
            rids = self._demand.changed(self.ladder, self._watched(now), now)
            return LayersView(self.mid, rids) if rids is not None else None
        rate_bps = self.layers[0].bps if self.layers else 0.0
        is_news = self._ceiling.changed(self._carried_bps(), rate_bps, now)
        return LayersView(self.mid, [], self._ceiling.limit_bps) if is_news else None

    @property
    def full_bps(self) -> float:
        """What its only layer took before its sender was limited; 0 while it is not."""
        return self._ceiling.full_bps

    def _carried_bps(self) -> float | None:
        """What the best of the viewers' lines carries; None: all of it, or nobody watches. A recording does not count: talk comes first."""
        carried = [outlet.carries_bps for outlet in self.outlets]
        known = [bps for bps in carried if bps is not None]
        return max(known) if known and len(known) == len(carried) else None

    def _watched(self, now: float) -> set[str]:
        """The layers that are in slots or taps, and those that slots would grow to, once their first picture is there."""
        found = {self._tapped_rid} if self.taps else set()
        for outlet in self.outlets:
            found |= {
                layer.rid for layer in (outlet.layer, outlet.map.wanted) if layer is not None and layer in self.layers
            }
            if outlet.wish is not None and now - outlet.since >= GROW_AFTER_S:
                found.add(outlet.wish)
        return found

    def wish_key_frames(self) -> None:
        """Asks for a key frame of each layer, merged to one a second."""
        for layer in self.layers if self.kind == "video" else ():
            layer.key_frames.wish()

    def wish_key_frame_of_feed(self, now: float) -> None:
        """The same of the layer that the taps have, or wait for."""
        layer = self._target(now) if self.kind == "video" else None
        if layer is not None:
            layer.key_frames.wish()

    def tap(self, taps: tuple[Tap, ...]) -> None:
        """These get its packets from now on, of the layer that the one needs who shows it largest."""
        self.taps = taps
        tiles = [tap.tile(self.participant, self.source) for tap in taps]
        sizes = [tile for tile in tiles if tile is not None]
        tile = max(sizes, key=math.prod) if sizes and len(sizes) == len(tiles) else None
        if tile != self._tile:
            self._tile = tile
            self._feed.calm_s = CALM_S if tile is None else 0.0
            self._fit_taps()
            self._aim_feed()

    def _fit_taps(self) -> None:
        self._tapped_rid = self.ladder[fitting(Shown(self.rungs(), None, self._tile, is_screen=False))]

    def _target(self, now: float) -> Layer | None:
        """The layer that the taps should have. One that is too large is better than none."""
        most = self.ladder.index(self._tapped_rid)
        live = [layer for layer in self.layers if layer.live]
        fit = [layer for layer in live if self.ladder.index(layer.rid) <= most]
        return self._feed.target(fit or live[:1], now)

    def tapped(self, layer: Layer, packet: MediaPacket) -> MediaPacket | None:
        """The packet as the taps get it, or None when they have another layer."""
        if layer is not self._feed.layer and self._target(packet.arrival) is not layer:
            return None
        return self._feed.take(layer, packet)

    def count(self, now: float) -> None:
        """Once a second: how much each layer takes."""
        for layer in self.layers:
            layer.count(now)

    def is_silent(self, now: float, switched_off: bool) -> bool:
        """True when nothing came for so long that its slot may go to somebody else."""
        return now - self.last_at > (SWITCHED_OFF_SILENCE_S if switched_off else SILENCE_S[self.source])

    def note(self, layer: Layer, now: float, on_live: Callable[["Publication"], None]) -> None:
        """A packet of `layer` came; `on_live` is called when it is the first one of the source after silence."""
        self.last_at = now
        wakes = not self.live
        if wakes:
            for other in self.layers:
                other.live = other is layer
        if wakes or (not layer.live and self._may_begin(layer, now)):
            layer.begin(now)
            self._aim()
        if wakes:
            self.live = True
            if self.kind == "video":
                layer.key_frames.need()
            on_live(self)

    def _may_begin(self, layer: Layer, now: float) -> bool:
        """A layer that falters is better than none."""
        return layer.may_begin(now) or not any(other.live for other in self.layers)

    def note_key_frame(self, layer: Layer, now: float) -> None:
        """A key frame of `layer` came, which may have another size than the one before."""
        layer.key_frames.arrived(now)
        before = list(self.layers)
        self._sort()
        if self.layers != before:
            self._aim()

    def look(self) -> None:
        """Notices which layers are not sent any more, though others are. To be called many times a second."""
        if len(self.layers) > 1:
            for layer in self.layers:
                if layer.live and layer.newest is not None and self.last_at - layer.newest.arrival > LAYER_SILENCE_S:
                    self.ended(layer)

    def ended(self, layer: Layer) -> None:
        """Nothing comes of `layer` for now; the source is silent when nothing comes of the others, either."""
        layer.end(self.last_at)
        if any(other.live for other in self.layers):
            self._aim()
        else:
            self.last_at = float("-inf")  # The session sees it in its next round.

    def _aim(self) -> None:
        for outlet in self.outlets:
            outlet.aim()
        self._aim_feed()

    def _aim_feed(self) -> None:
        wanted = self._target(self.last_at) if self.taps and self.kind == "video" else None
        if wanted is not None and wanted is not self._feed.layer:
            wanted.key_frames.need()
