"""What one viewer gets to see of what there is: for each slot the largest layer that its tile and the viewer's line allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from server.media.rtp.layers import Picture, choose, fitting
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
        """True while there is anything to choose from."""
        return any(outlet.publication is not None and len(outlet.publication.rids) > 1 for outlet in self._outlets)

    def see(self, tiles: Mapping[str, tuple[int, int]]) -> None:
        """The page has these tiles now, and no others. What is said of slots that it does not have is dropped."""
        self._tiles = {outlet.mid: tiles.get(outlet.mid, (0, 0)) for outlet in self._outlets}

    def settle(self, budget_bps: float | None) -> float:
        """Chooses anew; `budget_bps` is what the line carries, None while nobody knows. What all would take, in bit/s, if the line carried it."""
        filled = [(outlet, outlet.publication) for outlet in self._outlets if outlet.publication is not None]
        if not filled:
            return 0.0
        pictures = [self._picture(outlet, publication) for outlet, publication in filled]
        sound_bps = sum(outlet.layer.bps for outlet in self._sounds if outlet.layer is not None)
        room_bps = None if budget_bps is None else budget_bps - sound_bps
        for (outlet, publication), rung in zip(filled, choose(pictures, room_bps), strict=True):
            outlet.limit(None if rung is None else publication.ladder[rung])
        return sound_bps + sum(picture.rungs[fitting(picture)].bps for picture in pictures)

    def release(self) -> None:
        """Nothing is left to choose from: what was paused may come."""
        for outlet in self._outlets:
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
