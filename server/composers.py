"""Keeps one composer for each broadcast that needs one, and takes broadcasts from countdown to live.

A composer does not die with the web process: the next one adopts it by its note in the data folder (`air-….json`, beside its socket). Of several web
processes the one that holds the lease in the broadcast's row keeps the composer.
"""

import asyncio
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import structlog

from server.composer_keeper import ComposerKeeper, remove
from server.composer_process import PROGRAM, Composing, Running, read_note
from server.domain.broadcasts import is_due
from server.domain.words import BroadcastState, SessionId
from server.errors import OaseError
from server.service.broadcasts import turn
from server.service.house import House
from server.store import broadcasts as store
from server.store.broadcast_rows import BroadcastRow
from server.tasks import Tasks

log = structlog.get_logger(__name__)

LOOK_S = 0.5


class Composers:
    """Owns a task for each broadcast that this process keeps. `program`: what is started as a composer."""

    def __init__(self, house: House, program: Sequence[str] = PROGRAM) -> None:
        self.kept: dict[SessionId, ComposerKeeper] = {}
        self._ended_restarts = 0
        self._house = house
        self._composing = Composing(program)
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._tasks = Tasks("composers")
        self._refused: set[SessionId] = set()
        self._is_fresh = True
        self._is_closing = False

    @property
    def restarts(self) -> int:
        """How many composers ended before their broadcasts did."""
        return self._ended_restarts + sum(keeper.restarts for keeper in self.kept.values())

    async def run(self) -> None:
        """For ever. Run as a task."""
        while True:
            wait_s = LOOK_S
            try:
                if self._is_fresh:
                    await self._begin()
                wait_s = await self._look()
            except OaseError as failure:
                log.warning("composers_put_off", code=failure.code)
            except Exception:  # The root of this task: the next look may find it mended.
                log.exception("composers_failed")
            await self._house.airing.wait(wait_s)

    async def _begin(self) -> None:
        """What an earlier process left: leases of nobody, and composers of broadcasts that are over."""
        if self._house.db.is_sqlite:  # Nobody else works on SQLite.
            async with self._house.db.write() as db:
                await store.free_composers(db)
        async with self._house.db.read() as db:
            wanted = {row.session_id for row in await store.list_composed(db)}
        for note in self._house.settings.data.glob("air-*.json"):
            left = read_note(note)
            if left is not None and SessionId(left.task.session) not in wanted:
                log.info("composer_surplus", session=left.task.session, pid=left.worker.pid)
                await left.end()
                await self._throw_away(left)
        self._is_fresh = False

    async def _throw_away(self, left: Running) -> None:
        """What was only rehearsed."""
        async with self._house.db.read() as db:
            row = await store.find_broadcast(db, SessionId(left.task.session))
        if row is None or row.recording_id is None:
            await remove(self._house, Path(left.task.directory))

    async def _look(self) -> float:
        """Starts keepers where they are missing; how long nothing is due."""
        async with self._house.db.read() as db:
            rows = await store.list_composed(db)
        for row in rows:
            await self._keep(row)
        for keeper in self.kept.values():
            keeper.bell.ring()
        if not self.kept:
            self._composing.let_go()
            self._composing.reap()
        return await self._take_live(rows)

    async def _keep(self, row: BroadcastRow) -> None:
        session, now = row.session_id, self._house.now()
        is_free = row.composer_by in {None, self._owner} or row.composer_until is None or row.composer_until < now
        if session not in self.kept and is_free:
            self.kept[session] = ComposerKeeper(self._house, session, self._owner, self._composing)
            self._tasks.start(self._care(session, self.kept[session]), "keeper")

    async def _care(self, session: SessionId, keeper: ComposerKeeper) -> None:
        try:
            await keeper.run()
        finally:
            if not self._is_closing:
                self._ended_restarts += keeper.restarts
                del self.kept[session]

    async def _take_live(self, rows: Sequence[BroadcastRow]) -> float:
        """Countdowns that have run out become live; the seconds to the next one that will."""
        now, wait_s = self._house.now(), LOOK_S
        for row in rows:
            if is_due(row.state, row.starts_at, now):
                await self._go_live(row.session_id)
            elif row.state is BroadcastState.COUNTDOWN and row.starts_at is not None:
                wait_s = min(wait_s, (row.starts_at - now).total_seconds())
        return max(0.02, wait_s)

    async def _go_live(self, session: SessionId) -> None:
        """One in whose way something is (everybody took the yes back) waits, and is tried again."""
        try:
            await turn(self._house, session, BroadcastState.LIVE)
            self._refused.discard(session)
        except OaseError as failure:
            if session not in self._refused:
                log.warning("broadcast_not_live", session=session, code=failure.code)
            self._refused.add(session)

    async def close(self) -> None:
        """Ends all composers in order; their streams go on when the house does."""
        self._is_closing = True
        await self._tasks.close()
        self._composing.let_go()
        await asyncio.gather(*(keeper.close() for keeper in self.kept.values()))
