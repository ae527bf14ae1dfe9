"""What one viewer gets to see of what there is: for each slot the largest layer that its tile and the viewer's line allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from server.media.rtp.layers import Picture, choose, fitting, plain_share_bps
from server.media.tap import Source

if TYPE_CHECKING:
    from server.media.peer.outlet import Outlet
    from server.media.peer.publication import Publication


class Choice:
    """`tiles` are what the page said of its tiles, by the slot's mid: width and height in pixels, (0, 0) while it is hidden."""

    def __init__(self, outlets: Sequence[Outlet]) -> None:
        self._outlets = [outlet for outlet in outlets if outlet.kind == "video"]
        self._sounds = [outlet for outlet in outlets if outlet.kind == "audio"]
        self._tiles: dict[str, tuple[int, int]] = {}
        self._still: list[str] = []

    @property
    def is_open(self) -> bool:
        """True while there are layers to choose from."""
        return any(outlet.publication is not None and len(outlet.publication.rids) > 1 for outlet in self._outlets)

    def see(self, tiles: Mapping[str, tuple[int, int]]) -> None:
        """The page has these tiles now, and no others. What is said of slots that it does not have is dropped."""
        self._tiles = {outlet.mid: tiles.get(outlet.mid, (0, 0)) for outlet in self._outlets}

    def settle(self, budget_bps: float | None) -> float:
        """Chooses anew; `budget_bps` is what the line carries, None while nobody knows. What all would take, in bit/s, if the line carried it."""
        filled, pictures = self._filled(), self._pictures()
        if not filled:
            return 0.0
        sound_bps = self._sound_bps()
        room_bps = None if budget_bps is None else budget_bps - sound_bps
        rungs = choose(pictures, room_bps) if self.is_open else [0] * len(pictures)
        for (outlet, publication), rung in zip(filled, rungs, strict=True):
            outlet.limit(None if rung is None else publication.ladder[rung])
        wishes = zip(filled, pictures, strict=True)
        return sound_bps + sum(max(one.full_bps, picture.rungs[fitting(picture)].bps) for (_, one), picture in wishes)

    def share(self, budget_bps: float | None) -> None:
        """Notes in each slot how much of a picture of one layer the line carries; `budget_bps` None: all of it."""
        carried_bps = None
        if budget_bps is not None:
            carried_bps = plain_share_bps(self._pictures(), budget_bps - self._sound_bps())
        for outlet, _ in self._filled():
            outlet.carries_bps = carried_bps

    def _filled(self) -> list[tuple[Outlet, Publication]]:
        return [(outlet, outlet.publication) for outlet in self._outlets if outlet.publication is not None]

    def _pictures(self) -> list[Picture]:
        return [self._picture(outlet, publication) for outlet, publication in self._filled()]

    def _sound_bps(self) -> float:
        return sum(outlet.layer.bps for outlet in self._sounds if outlet.layer is not None)

    def release(self) -> None:
        """Nothing is left to choose from: what was paused may come."""
        for outlet in self._outlets:
            outlet.carries_bps = None
            if outlet.is_paused and outlet.publication is not None:
                outlet.limit(outlet.publication.ladder[-1])

    def has_changed_still(self) -> bool:
        """Whether other pictures stand still than when this was asked last."""
        before, self._still = self._still, [outlet.mid for outlet in self._outlets if outlet.stands_still]
        return before != self._still

    def _picture(self, outlet: Outlet, publication: Publication) -> Picture:
        layer = outlet.layer
        shown = publication.ladder.index(layer.rid) if layer is not None and layer in publication.layers else None
        return Picture(publication.rungs(), shown, self._tiles.get(outlet.mid), publication.source is Source.SCREEN)
