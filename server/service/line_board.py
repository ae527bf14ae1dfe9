"""What was seen of people's lines and is not written yet, and how each is to be shown. Memory only, no I/O."""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from server.domain.quality import Calm, Look, judge
from server.domain.words import ConnectionId, ParticipantId, SessionId
from server.media.protocol import LineView
from server.service.media_views import PersonLine
from server.store.rows import LookRow

PAGE_EVERY = timedelta(seconds=4)
"""Pages look each ten seconds; who says more is not listened to."""
PAGE_COUNTS = timedelta(seconds=15)
FORGOTTEN = timedelta(seconds=60)
WAITING_MAX = 20_000
"""Looks that wait for the database; the oldest are dropped."""


@dataclass(slots=True)
class _Person:
    """Somebody whose line is being looked at."""

    session: SessionId
    participant: ParticipantId
    seen_at: datetime
    calm: Calm = field(default_factory=Calm)
    page: Look | None = None
    page_at: datetime | None = None


class Lines:
    """The people of all calls by their connection, and the looks that are not written yet."""

    def __init__(self) -> None:
        self._people: dict[ConnectionId, _Person] = {}
        self._unwritten: list[LookRow] = []

    def see(self, session: SessionId, view: LineView, seconds: float, at: datetime, now: datetime) -> PersonLine:
        """What the worker saw of one line until `at`, by its own clock; how it is to be shown."""
        connection = ConnectionId(view.connection)
        person = self._people.get(connection)
        if person is None or person.session != session:
            person = self._people[connection] = _Person(session, ParticipantId(view.participant), now)
        person.seen_at = now
        look = look_of(view, seconds)
        self._note(person, at, "worker", look)
        is_fresh = person.page_at is not None and now - person.page_at < PAGE_COUNTS
        whole = look.over(person.page if is_fresh else None)
        if is_fresh and person.page is not None and person.page.height is not None:
            whole = replace(whole, height=person.page.height)
        return _person_line(person.participant, person.calm.see(*judge(whole)), whole)

    def see_page(self, connection: ConnectionId, look: Look, now: datetime) -> bool:
        """What a page saw of its own line; False when nobody knows the connection, or it said so just now."""
        person = self._people.get(connection)
        if person is None or (person.page_at is not None and now - person.page_at < PAGE_EVERY):
            return False
        person.page, person.page_at = look, now
        self._note(person, now, "page", look)
        return True

    def _note(self, person: _Person, at: datetime, observer: str, look: Look) -> None:
        told = {name: value for name, value in asdict(look).items() if value is not None}
        self._unwritten.append(LookRow(person.participant, at, observer, person.session, told))
        del self._unwritten[:-WAITING_MAX]

    def take(self, session: SessionId | None = None) -> list[LookRow]:
        """What was not written yet, of one session or of all."""
        taken = [row for row in self._unwritten if session in (None, row.session_id)]
        self._unwritten = [row for row in self._unwritten if session not in (None, row.session_id)]
        return taken

    def forget(self, now: datetime) -> None:
        """Drops who was not seen for a minute."""
        self._people = {key: one for key, one in self._people.items() if now - one.seen_at < FORGOTTEN}


def look_of(view: LineView, seconds: float) -> Look:
    """What the worker saw, as the rules want it."""
    jitters = [one for one in (view.up_jitter_ms, view.down_jitter_ms) if one is not None]
    return Look(
        seconds,
        loss_up=_short(view.up_loss),
        loss_down=_short(view.down_loss),
        rtt_ms=_short(view.rtt_ms),
        jitter_ms=_short(max(jitters, default=None)),
        up_kbps=round(view.up_bps / 1000),
        down_kbps=round(view.down_bps / 1000),
        height=view.height or None,
        lowered=view.lowered,
        twice=view.twice,
    )


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _person_line(participant: ParticipantId, shown: Any, look: Look) -> PersonLine:
    numbers = {name: value for name, value in asdict(look).items() if name != "seconds"}
    return PersonLine(participant, *shown, **numbers)
