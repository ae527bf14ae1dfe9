"""The streams of broadcasts that this web process shows now, and what is known of the broadcasts they belong to."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from server.broadcast.hls.serving import LOOK_S, Broadcast
from server.domain.words import CaseId, SessionId
from server.errors import DatabaseAway
from server.store.broadcast_rows import BroadcastRow
from server.tasks import Tasks

log = structlog.get_logger(__name__)

FRESH_S = 1.0
"""How old an answer about rights may be: a viewer asks seven times a second, the database is asked once."""
KEPT_S = 60.0
"""While the database is away, viewers are served by what it said before, for this long."""
IDLE_S = 60.0
KNOWN_MAX = 2000
OPEN_MAX = 50
"""Each keeps up to 64 MiB of parts in memory; the one that was asked for longest ago is closed first."""
EXPECTED_BPS = 2_800_000
"""What composer and encoders are set to, for the first seconds, before it can be measured."""


@dataclass(frozen=True, slots=True)
class Known:
    """A broadcast and the cases of its session, as the database said; `row` is None where there is no such broadcast."""

    row: BroadcastRow | None
    cases: Collection[CaseId] = ()


@dataclass(slots=True)
class _Fact:
    known: Known
    at: float


@dataclass(slots=True)
class _Open:
    shown: Broadcast
    is_public: bool
    asked_at: float
    is_broken: bool = False
    is_read: asyncio.Event = field(default_factory=asyncio.Event)


class LiveStreams:
    """Opened when somebody asks, followed while they grow, closed when nobody has asked for a minute. The owner calls `close`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._facts: dict[SessionId, _Fact] = {}
        self._asking: dict[SessionId, asyncio.Task[Known]] = {}
        self._open: dict[Path, _Open] = {}
        self._tasks = Tasks("streams")

    async def close(self) -> None:
        """No stream is followed any more; who still waits for a part hears that it does not come."""
        await self._tasks.close()
        for one in list(self._open.values()):
            await one.shown.close()
        self._open.clear()

    def forget(self, session: SessionId) -> None:
        """Something about the broadcast was changed here: the next who asks is answered by the database."""
        self._facts.pop(session, None)

    async def known(self, session: SessionId, load: Callable[[SessionId], Awaitable[Known]]) -> Known:
        """What `load` said at most a second ago; those who ask at the same time ask together. Raises DatabaseAway."""
        fact, now = self._facts.get(session), self._clock()
        if fact is not None and now - fact.at < FRESH_S:
            return fact.known
        asking = self._asking.get(session)
        if asking is None:
            asking = self._asking[session] = self._tasks.start(self._load(session, load), "known")
        return await asyncio.shield(asking)

    def fresh(self, session: SessionId) -> Known | None:
        """What is known of a broadcast, if the database was asked in the last second."""
        fact = self._facts.get(session)
        return fact.known if fact is not None and self._clock() - fact.at < FRESH_S else None

    async def _load(self, session: SessionId, load: Callable[[SessionId], Awaitable[Known]]) -> Known:
        before = self._facts.get(session)
        try:
            known = await load(session)
        except DatabaseAway:
            if before is None or self._clock() - before.at > KEPT_S:
                raise
            return before.known
        finally:
            del self._asking[session]
        while len(self._facts) >= KNOWN_MAX:
            del self._facts[next(iter(self._facts))]
        self._facts.pop(session, None)
        self._facts[session] = _Fact(known, self._clock())
        return known

    async def open(self, directory: Path, is_public: bool) -> Broadcast:
        """The stream in this folder, which may not be there yet. `is_public`: caches on the way may keep it. Raises OSError for a broken one."""
        one = self._open.get(directory)
        if one is not None and (one.is_public is not is_public or one.is_broken):
            self._open.pop(directory)
            one = None
        if one is None:
            self._make_room()
            one = self._open[directory] = _Open(Broadcast(directory, EXPECTED_BPS, is_public), is_public, self._clock())
            self._tasks.start(self._keep(directory, one), "follow")
        one.asked_at = self._clock()
        if not one.is_read.is_set():
            await one.is_read.wait()
        if one.is_broken:
            raise OSError(f"{directory.name} cannot be read")
        return one.shown

    def _make_room(self) -> None:
        while len(self._open) >= OPEN_MAX:
            oldest = min(self._open, key=lambda directory: self._open[directory].asked_at)
            del self._open[oldest]

    async def _keep(self, directory: Path, one: _Open) -> None:
        """Follows while it grows and somebody asks; afterwards keeps it as long as somebody asks. A broken index ends it."""
        try:
            while self._open.get(directory) is one and self._clock() - one.asked_at < IDLE_S:
                if not one.shown.stream.has_ended:
                    await one.shown.refresh()
                one.is_read.set()
                await asyncio.sleep(1.0 if one.shown.stream.has_ended else LOOK_S)
        except (OSError, ValueError) as error:
            one.is_broken = True
            log.warning("stream_unreadable", error=type(error).__name__, reason=str(error)[:200])
        finally:
            one.is_read.set()
            if self._open.get(directory) is one:
                del self._open[directory]
            await one.shown.close()
