"""What one connection's line did since the last look: from our own counts up, from the receiver's reports down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.media.peer.layer import CLOCK_RATES

if TYPE_CHECKING:
    from server.media.peer.link import Link
    from server.media.peer.outlet import Outlet
    from server.media.peer.publication import Publication
    from server.media.rtp.rtcp import ReportBlock

EXPECTED_MIN = 20
"""Fewer packets than this say nothing of a share."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One look. Up is what came from the peer, down what went to it; shares 0..1, None where nothing could be counted."""

    up_bps: int
    down_bps: int
    up_loss: float | None
    down_loss: float | None
    up_jitter_ms: float | None
    down_jitter_ms: float | None
    rtt_ms: float | None
    height: int


class Meter:
    """`heard` with each report block of the peer; `look` every few seconds."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._up = (0, 0, 0)
        self._down_octets = 0
        self._highest: dict[int, int] = {}
        self._expected = self._lost = 0.0
        self._jitter_ms: float | None = None
        self._has_rtt = False

    def heard(self, block: ReportBlock, kind: str) -> None:
        """The receiver's report about one of our slots of this kind."""
        before = self._highest.get(block.ssrc, block.highest_seq)
        self._highest[block.ssrc] = block.highest_seq
        expected = max(0, block.highest_seq - before)
        self._expected += expected
        self._lost += expected * block.lost_share
        if kind == "audio" and expected:  # A picture's packets leave in bursts, which is not the line's doing.
            self._jitter_ms = max(self._jitter_ms or 0.0, block.jitter * 1000 / CLOCK_RATES[kind])
        self._has_rtt = self._has_rtt or block.last_sr != 0

    @property
    def has_heard(self) -> bool:
        """True when the peer has reported enough packets since the last look to say a share."""
        return self._expected >= EXPECTED_MIN

    def look(self, publications: list[Publication], outlets: list[Outlet], link: Link, now: float) -> Measured:
        """What happened since the last look."""
        elapsed_s = max(0.001, now - self._at) if self._at is not None else 0.0
        self._at = now
        layers = [layer for publication in publications for layer in publication.layers]
        up = (
            sum(layer.octets for layer in layers),
            sum(layer.reception.expected for layer in layers),
            sum(layer.reception.packets for layer in layers),
        )
        octets, expected, received = (max(0, new - old) for new, old in zip(up, self._up, strict=True))
        down_octets = sum(outlet.sent()[1] for outlet in outlets)
        sent, self._up, self._down_octets = max(0, down_octets - self._down_octets), up, down_octets
        down_loss = self._lost / self._expected if self.has_heard else None
        sounds = [layer.reception.jitter_s for layer in layers if layer.kind == "audio" and layer.packets]
        measured = Measured(
            up_bps=_rate(octets, elapsed_s),
            down_bps=_rate(sent, elapsed_s),
            up_loss=max(0, expected - received) / expected if expected >= EXPECTED_MIN else None,
            down_loss=down_loss,
            up_jitter_ms=sounds[0] * 1000 if sounds else None,
            down_jitter_ms=self._jitter_ms,
            rtt_ms=link.rtt_s * 1000 if self._has_rtt else None,
            height=max((outlet.layer.size[1] for outlet in outlets if outlet.layer is not None), default=0),
        )
        self._expected = self._lost = 0.0
        self._jitter_ms = None
        return measured


def _rate(octets: int, elapsed_s: float) -> int:
    return round(octets * 8 / elapsed_s) if elapsed_s else 0
