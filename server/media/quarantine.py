"""Sessions on which our own code fails: one is no matter of the others, is tried again after growing pauses, and is given up when it goes on."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import structlog

from server.media.session import Session

log = structlog.get_logger(__name__)

FAILURES_MAX, WITHIN_S = 5, 60.0
FIRST_PAUSE_S = 0.2
"""Each pause is twice the one before it: a session that always fails is given up after three seconds."""


@dataclass(slots=True)
class _Record:
    failed_at: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES_MAX))
    rests_until: float = 0.0


class Quarantine:
    """`give_up` is called with a session that has failed `FAILURES_MAX` times within `WITHIN_S`."""

    def __init__(self, give_up: Callable[[Session], None]) -> None:
        self._give_up = give_up
        self._records: WeakKeyDictionary[Session, _Record] = WeakKeyDictionary()

    def run(self, session: Session, now: float, work: Callable[[Session, float], None]) -> None:
        """Does `work` on the session, unless it rests after a failure."""
        record = self._records.get(session)
        if record is None or now >= record.rests_until:
            self.guard(session, now, work)

    def guard(self, session: Session, now: float, work: Callable[[Session, float], None]) -> None:
        """The same for what has to be done now."""
        try:
            work(session, now)
        except Exception:  # An edge: a bug that one session's people wake ends that session, not the worker.
            log.exception("session_failed", session=session.id)
            self._failed(session, now)

    def _failed(self, session: Session, now: float) -> None:
        record = self._records.setdefault(session, _Record())
        while record.failed_at and now - record.failed_at[0] > WITHIN_S:
            record.failed_at.popleft()
        record.rests_until = now + FIRST_PAUSE_S * 2 ** len(record.failed_at)
        record.failed_at.append(now)
        if len(record.failed_at) == FAILURES_MAX:
            log.error("session_quarantined", session=session.id)
            self._give_up(session)
