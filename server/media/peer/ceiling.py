"""How much a source of one layer may take when no viewer's line carries all that it sends: its page lowers its encoder (event `layers`).

RTCP cannot say that of one source. REMB and our own transport-wide feedback speak of the sender's whole line, so that they would take sound and the
other pictures down with it; TMMBR (RFC 5104) would do, but Firefox does not know it and Chromium is giving it up. Machines (WHIP) have no page.
"""

SHARE = 0.9
"""Of what the line carries: encoders overshoot, and retransmissions want their part."""
LEAST_BPS = 100_000
"""Below this a picture is not worth sending."""
STEP = 1.15
"""Smaller changes are not worth setting an encoder for."""
PAUSE_S = 1.0


class Ceiling:
    """`limit_bps` is what the page was told last, None while there is no limit; `full_bps` what the source took before, 0 without a limit."""

    def __init__(self) -> None:
        self.limit_bps: int | None = None
        self.full_bps = 0.0
        self._changed_at = float("-inf")

    def changed(self, carried_bps: float | None, rate_bps: float, now: float) -> bool:
        """Whether there is another limit now. The best of the viewers' lines carries `carried_bps` of this source (None: all); `rate_bps` comes."""
        before = self.limit_bps
        wanted = None if carried_bps is None else max(LEAST_BPS, round(SHARE * carried_bps))
        if wanted is not None and before is None and rate_bps <= wanted:
            wanted = None
        is_near = wanted is not None and before is not None and before / STEP < wanted < before * STEP
        if wanted == before or is_near or now - self._changed_at < PAUSE_S:
            return False
        if before is None or wanted is None:
            self.full_bps = rate_bps if wanted is not None else 0.0
        self.limit_bps, self._changed_at = wanted, now
        return True
