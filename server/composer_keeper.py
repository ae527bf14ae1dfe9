"""Keeps the composer of one broadcast: started or adopted, told what to play, started again when it dies or hangs, ended with the broadcast."""

import asyncio
import contextlib
import shutil
import signal
import time
from datetime import timedelta
from pathlib import Path

import structlog

from server.broadcast.compose.client import ComposerClient
from server.broadcast.compose.scene import Scene
from server.broadcast.hls.kept import end_abandoned
from server.composer_process import Composing, Running, Task
from server.domain.broadcasts import COMPOSED
from server.domain.words import SessionId
from server.errors import ComposerAway, OaseError
from server.service.airing import (
    control_of,
    give_up_recording,
    scene_now,
    settle_recording,
    show_audience,
    stream_folder,
    told_composer,
)
from server.service.bell import Bell
from server.service.house import House
from server.store import broadcasts as store
from server.store import sessions as session_store
from server.store.broadcast_rows import BroadcastRow

log = structlog.get_logger(__name__)

POLL_S = 0.2
LOOK_S = 0.5
CARE_S = 1.0
LEASE = timedelta(seconds=3)
HEALTH_LIMIT_S = 1.5
HUNG_AFTER_S = 5.0
START_LIMIT_S = 20.0
END_LIMIT_S = 13.0
BACK_OFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_AFTER_S = 5.0


class ComposerKeeper:
    """`run` returns when the broadcast needs nothing more of this process."""

    def __init__(self, house: House, session: SessionId, owner: str, composing: Composing) -> None:
        self.bell = Bell()
        self.restarts = 0
        self.running: Running | None = None
        self._house, self._session, self._owner, self._composing = house, session, owner, composing
        self._told: Scene | None = None
        self._has_played = False  # Whether the composer that runs now was ever told.
        self._cared_at = self._looked_at = float("-inf")
        self._heard_at = self._began_at = 0.0
        self._failures = 0

    async def run(self) -> None:
        """Keeps it as long as it is wanted. Run as a task; a failure of one look is logged, and the next one comes."""
        while True:
            try:
                if not await self._look():
                    return
            except OaseError as failure:
                log.info("composer_care_put_off", session=self._session, code=failure.code)
            except Exception:  # The root of this task: one broadcast's trouble must not leave it without a composer.
                log.exception("composer_care_failed", session=self._session)
            await self.bell.wait(POLL_S)

    async def _look(self) -> bool:
        """Whether there will be something to do again."""
        self._composing.reap()
        if self.running is not None and not self.running.worker.is_alive():
            await self._died()
            self._looked_at = float("-inf")
        now = time.monotonic()
        if now - self._looked_at < LOOK_S and not self._is_new():
            return True
        self._looked_at = now
        if now - self._cared_at >= CARE_S:
            if not await self._lease():
                self.running = None  # Another web process keeps it now.
                return False
            self._cared_at = now
            await show_audience(
                self._house, self._session
            )  # A new worker shows nobody, and a slow one may have missed a no.
        async with self._house.db.read() as db:
            row = await store.find_broadcast(db, self._session)
            home = await session_store.find_home(db, self._session)
        if row is None or row.state not in COMPOSED:
            await self._finish(row)
            return False
        await self._keep(self._task(row, home))
        return True

    def _is_new(self) -> bool:
        """Not told yet what to play: looked at more often."""
        return self.running is None or self._told is None

    def _task(self, row: BroadcastRow, home: int | None) -> Task:
        settings = self._house.settings
        number = home if home in self._house.media.numbers else 0
        folder, control = stream_folder(self._house, row).resolve(), control_of(settings, self._session)
        return Task(self._session, str(folder), control, settings.media_controls[number or 0])

    async def _keep(self, task: Task) -> None:
        if self.running is None:
            self.running = self._composing.find(task)
            if self.running is not None:
                log.info("composer_adopted", session=self._session, pid=self.running.worker.pid)
                self._begin()
        if self.running is not None and not self._composing.fits(self.running, task):
            await self._replace(self.running, task)
        if self.running is None:
            self.running = self._composing.start(task)
            self._begin()
        await self._tell()
        await self._check()

    def _begin(self) -> None:
        self._told, self._has_played = None, False
        self._began_at = self._heard_at = time.monotonic()

    async def _replace(self, old: Running, task: Task) -> None:
        """Another worker, other code, or another folder: then what it wrote was a rehearsal, and is thrown away."""
        is_rehearsal = Path(old.task.directory).name != Path(task.directory).name
        await old.end(signal.SIGKILL if is_rehearsal else signal.SIGTERM)
        self.running = None
        if is_rehearsal:
            await remove(self._house, Path(old.task.directory))

    async def _tell(self) -> None:
        """What the composer was not told when it changed, because it was away or another process changed it."""
        if self._told is None or self._told != await scene_now(self._house, self._session):
            self._told = await told_composer(self._house, self._session)
        self._has_played = self._has_played or self._told is not None

    async def _check(self) -> None:
        """Ends one that does not answer or does not play what it is told, or holds too much memory; the next look starts another."""
        if self.running is None:
            return
        now = time.monotonic()
        if await self._answers() and (self._told is not None or not self._has_played):
            self._heard_at = now
            if now - self._began_at > STEADY_AFTER_S:
                self._failures = 0
            if self._told is not None:
                self._composing.care()
        limit = HUNG_AFTER_S if self._has_played else START_LIMIT_S
        is_hung = now - self._heard_at > limit
        if is_hung or self.running.worker.memory_bytes() > self._house.settings.media_memory_bytes:
            log.error("composer_killed", session=self._session, reason="hung" if is_hung else "memory")
            await self.running.end(signal.SIGKILL)

    async def _answers(self) -> bool:
        with contextlib.suppress(ComposerAway, TimeoutError, OaseError):
            async with asyncio.timeout(HEALTH_LIMIT_S), self._client() as composer:
                await composer.health()
                return True
        return False

    def _client(self) -> ComposerClient:
        return ComposerClient(control_of(self._house.settings, self._session))

    async def _died(self) -> None:
        """It is started again by the look that follows; one that dies at once each time, after growing pauses."""
        pause_s = BACK_OFF_S[min(self._failures, len(BACK_OFF_S) - 1)]
        self.running, self._told = None, None
        self._failures += 1
        async with self._house.db.read() as db:
            row = await store.find_broadcast(db, self._session)
        if row is None or row.state not in COMPOSED:
            return
        self.restarts += 1
        log.error("composer_ended", session=self._session, again_in_s=pause_s)
        await asyncio.sleep(pause_s)

    async def _lease(self) -> bool:
        now = self._house.now()
        async with self._house.db.write() as db:
            return await store.keep_composer(db, self._session, self._owner, now, now + LEASE)

    async def _finish(self, row: BroadcastRow | None) -> None:
        """The broadcast is over: its stream is ended, by the composer or in its place, and its recording is ready."""
        left = self.running
        if left is None and row is not None:
            left = self._composing.find(self._task(row, None))
        if row is None or row.recording_id is None:
            if left is not None:
                await left.end()
            if row is not None:
                await remove(self._house, stream_folder(self._house, row))  # Nobody but those on stage ever saw it.
        elif not await settle_recording(self._house, self._session):
            await self._end_stream(row, left)
            await settle_recording(self._house, self._session)
        if left is not None:
            await left.worker.until_end(END_LIMIT_S)
            await left.end(signal.SIGKILL)
        self.running = None
        await self.leave()

    async def _end_stream(self, row: BroadcastRow, left: Running | None) -> None:
        if left is not None and left.worker.is_alive():
            with contextlib.suppress(ComposerAway, TimeoutError):
                async with asyncio.timeout(END_LIMIT_S), self._client() as composer:
                    await composer.end()
                return
            await left.end(signal.SIGKILL)
        try:
            await asyncio.to_thread(end_abandoned, stream_folder(self._house, row))
        except OSError as error:  # A full disk passes.
            log.error("stream_not_ended", session=self._session, reason=str(error), again_in_s=BACK_OFF_S[-1])
            await asyncio.sleep(BACK_OFF_S[-1])
        except ValueError:
            log.exception("stream_broken", session=self._session)
            await give_up_recording(self._house, self._session)

    async def leave(self) -> None:
        """Another web process may keep it."""
        async with self._house.db.write() as db:
            await store.leave_composer(db, self._session, self._owner)

    async def close(self) -> None:
        """This web process ends in order, and its media workers with it: so does the composer. The stream stays, and goes on with the next one."""
        if self.running is not None:
            await self.running.end()
        with contextlib.suppress(OaseError):
            await self.leave()


async def remove(house: House, folder: Path) -> None:
    """Deletes a stream that nobody may watch. Nothing that lies elsewhere: settings may have changed since a note was written."""
    await asyncio.to_thread(_remove_below, house.settings.recordings, folder)


def _remove_below(recordings: Path, folder: Path) -> None:
    if folder.resolve().parent == recordings.resolve():
        shutil.rmtree(folder, ignore_errors=True)
