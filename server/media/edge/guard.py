"""Who may cost us time: a bucket of checks for each peer."""

CHECKS_A_SECOND = 60.0
CHECKS_AT_ONCE = 150.0
PACKETS_A_SECOND = 3000.0
"""Of one member: three times what camera, microphone and a sharp screen need together."""
REPORTS_A_SECOND = 200.0
REPORTS_AT_ONCE = 400.0
"""RTCP of one member. A browser with seven pictures on a bad line sends about 100 a second."""
DTLS_A_SECOND = 50.0
DTLS_AT_ONCE = 200.0
"""A handshake has about ten datagrams; afterwards only its end comes."""
DATAGRAM_MAX_BYTES = 1500


class Bucket:
    """Allows `rate` events a second, `burst` at once."""

    def __init__(self, rate: float = CHECKS_A_SECOND, burst: float = CHECKS_AT_ONCE) -> None:
        self._rate, self._burst = rate, burst
        self._left = burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        """True when one more is allowed at `now` (seconds)."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
