"""Which layers of a source somebody watches, so that a page sends no others."""

from collections.abc import Collection, Sequence

LINGER_S = 2.0
"""A layer that nobody watches any more is sent so long still: who goes down for a moment finds it when they come back."""


class Demand:
    """Grows at once and shrinks after a while, because each change costs the sender's encoder a new beginning."""

    def __init__(self, resting: str) -> None:
        """`resting` is the layer that pages send before anybody has said something: soon there, and large enough for a first look."""
        self._wanted_at: dict[str, float] = {resting: 0.0}
        self._resting = resting
        self._told: list[str] = []

    def changed(self, ladder: Sequence[str], watched: Collection[str], now: float) -> list[str] | None:
        """What the sender should be told now, as a part of `ladder`; None when it knows."""
        for rid in watched or [self._resting]:
            self._wanted_at[rid] = now
        wanted = [rid for rid in ladder if now - self._wanted_at.get(rid, float("-inf")) < LINGER_S]
        if wanted == self._told:
            return None
        self._told = wanted
        return wanted
