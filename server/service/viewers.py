"""How many watch each broadcast: counted in memory, shared between web processes, and written down in steps of five minutes.

Each process counts who is connected to it, tells the others, and writes rows of its own: always the whole of what it counted of a step. So writing
one twice is writing it once, and a process that starts anew takes nothing from what the one before it wrote. The database says what is on air.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from server.domain.reach import overlap_s, step_of, steps_between
from server.domain.viewers import Audience, Key, Viewers
from server.domain.words import ChannelId, SessionId

SALT_S = 24 * 3600.0
AGENT_LENGTH = 200
FRESH_S = 16.0
"""What another process said holds so long: it says it every five seconds."""
UNWRITTEN_MAX = 5_000
PAUSE_MAX = timedelta(seconds=60)
"""Of a longer pause between two looks (a machine that slept) nobody knows who watched: only so much of it counts."""


class Watcher(NamedTuple):
    """Who watches, without saying who: hashes of address and browser under today's and yesterday's salt."""

    key: Key
    older: Key | None = None


@dataclass(frozen=True, slots=True)
class OnAir:
    """A broadcast that is on air. `counts`: whether anybody may watch, so that it counts for the channel's reach."""

    session: SessionId
    channel: ChannelId
    live_at: datetime
    counts: bool = True


@dataclass(slots=True)
class Counted:
    """What this process counted of one broadcast in one step so far. `peak` is of the whole house."""

    session: SessionId
    at: datetime
    channel: ChannelId
    counts: bool
    watch_s: float = 0.0
    air_s: float = 0.0
    peak: int = 0


class ViewerBoard:
    """The audiences of all broadcasts in this process, and what the other processes said of theirs. Memory only, no I/O."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.process = secrets.token_hex(8)
        self._clock = clock
        self._salts: tuple[bytes, bytes | None] = (secrets.token_bytes(16), None)
        self._salted_at = clock()
        self._audiences: dict[SessionId, Audience] = {}
        self._here: dict[SessionId, Viewers] = {}
        self._elsewhere: dict[str, tuple[float, Mapping[SessionId, Viewers]]] = {}
        self._counted: dict[tuple[SessionId, datetime], Counted] = {}
        self._written: dict[tuple[SessionId, datetime], Counted] = {}
        self._looked_at: datetime | None = None

    def watcher(self, address: str, agent: str) -> Watcher:
        """The key of somebody who asks or connects. Nothing leads back from it: the salt is in no file, and tomorrow it is another one."""
        if self._clock() - self._salted_at >= SALT_S:
            self._salts, self._salted_at = (secrets.token_bytes(16), self._salts[0]), self._clock()
        text = f"{address}\n{agent[:AGENT_LENGTH]}".encode()
        now, before = self._salts
        return Watcher(_hashed(text, now), None if before is None else _hashed(text, before))

    def saw(self, session: SessionId, watcher: Watcher) -> None:
        """Asked for a playlist of the stream."""
        self._of(session).saw(watcher.key, watcher.older, self._clock())

    def connected(self, session: SessionId, watcher: Watcher, *, team: bool = False) -> None:
        """A page of ours came; give `left` the same watcher. The `team` is not counted, nor what it plays."""
        self._of(session).connected(watcher.key, team=team)

    def left(self, session: SessionId, watcher: Watcher, *, team: bool = False) -> None:
        """A page of ours went."""
        self._of(session).left(watcher.key, team=team)

    def _of(self, session: SessionId) -> Audience:
        audience = self._audiences.get(session)
        if audience is None:
            audience = self._audiences[session] = Audience()
        return audience

    def now(self, session: SessionId) -> Viewers:
        """Who watches now in all processes, as it was a few seconds ago."""
        old = self._clock() - FRESH_S
        others = [told.get(session, Viewers()) for at, told in self._elsewhere.values() if at > old]
        return sum(others, self._here.get(session, Viewers()))

    def hear(self, process: str, told: Mapping[SessionId, Viewers]) -> None:
        """Another process said how many it has."""
        if process == self.process:
            return
        self._elsewhere[process] = (self._clock(), told)
        old = self._clock() - FRESH_S
        self._elsewhere = {name: one for name, one in self._elsewhere.items() if one[0] > old}

    def look(self, on_air: Iterable[OnAir], now: datetime) -> Mapping[SessionId, Viewers]:
        """Counts the time since the last look for what is on air; who is here now, of each broadcast."""
        before, self._looked_at = self._looked_at, now
        at = self._clock()
        was_here, self._here = self._here, {one: audience.look(at) for one, audience in self._audiences.items()}
        self._audiences = {one: audience for one, audience in self._audiences.items() if not audience.is_empty}
        for one in on_air:
            since = max(one.live_at, now - PAUSE_MAX, before or now)
            self._count(one, since, now, was_here.get(one.session, Viewers()).all)
        return self._here

    def _count(self, one: OnAir, since: datetime, now: datetime, was_here: int) -> None:
        """The mean of both looks holds for the time between them."""
        here = self._here.get(one.session, Viewers()).all
        for step, seconds in steps_between(since, now):
            self._step(one, step, now).watch_s += seconds * (was_here + here) / 2
        counted = self._step(one, step_of(now), now)
        counted.peak = max(counted.peak, self.now(one.session).all)

    def _step(self, one: OnAir, step: datetime, now: datetime) -> Counted:
        counted = self._counted.get((one.session, step))
        if counted is None:
            counted = self._counted[one.session, step] = Counted(one.session, step, one.channel, one.counts)
            while len(self._counted) > UNWRITTEN_MAX:
                del self._counted[next(iter(self._counted))]
        counted.air_s = overlap_s(one.live_at, now, step)
        counted.counts = counted.counts or one.counts
        return counted

    def unwritten(self) -> list[Counted]:
        """What is not written as it is now."""
        return [replace(one) for key, one in self._counted.items() if self._written.get(key) != one]

    def written(self, rows: Iterable[Counted], now: datetime) -> None:
        """These are, as they were when `unwritten` said them; what can no longer grow is forgotten."""
        self._written |= {(one.session, one.at): one for one in rows}
        over = [key for key, one in self._counted.items() if key[1] < step_of(now) and self._written.get(key) == one]
        for key in over:
            del self._counted[key]
        self._written = {key: one for key, one in self._written.items() if key in self._counted}


def _hashed(text: bytes, salt: bytes) -> Key:
    return hashlib.blake2b(text, digest_size=8, key=salt).digest()
