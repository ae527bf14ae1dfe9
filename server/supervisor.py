"""Starts the media worker, watches it, and starts it again: at once when it died, within ten seconds when it hangs.

Workers are forked from a process that has loaded everything (`server/forks.py`), so that a new one is there in a tenth of a second. A worker does
not die with the web process: after a `kill -9` of the web process calls go on, and the next web process adopts the worker that `worker.json` in the
data folder names. Of several web processes on one data folder one holds `media.lock` and supervises; the others wait for it.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import structlog

from server.config import ROOT, Settings
from server.errors import OaseError
from server.forks import Forks
from server.tasks import Tasks

log = structlog.get_logger(__name__)

POLL_S = 0.5
ANSWER_LIMIT_S = 1.5
HUNG_AFTER_S = 5.0
START_LIMIT_S = 20.0
STOP_LIMIT_S = 10.0
"""A worker closes the files of its recordings; on a slow disk that takes seconds."""
BACK_OFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker: its process, when that began (clock ticks since boot: a pid alone may be somebody else's), and which code it runs."""

    pid: int
    began: int
    build: str

    def is_alive(self) -> bool:
        return _began(self.pid) == self.began

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, unless the process is gone or the pid belongs to another by now."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)

    async def until_end(self, limit_s: float) -> None:
        """Returns when the process has ended, whoever's child it is, or after `limit_s`."""
        try:
            watch = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(watch, ended.set)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s if self.is_alive() else 0.0):
                    await ended.wait()
        finally:
            loop.remove_reader(watch)
            os.close(watch)


class Supervisor:
    """Owns the media worker's process. `is_healthy` asks it and may raise OaseError or take its time; `ended` is called when one has ended."""

    def __init__(
        self, settings: Settings, is_healthy: Callable[[], Awaitable[bool]], ended: Callable[[], None] = lambda: None
    ) -> None:
        self._data = settings.data
        self._build = build_of(settings)
        self._is_healthy = is_healthy
        self._ended = ended
        self._forks = Forks()
        self._tasks = Tasks("supervisor")
        self._lock: IO[str] | None = None
        self._worker: Worker | None = None
        self.restarts = 0
        self.is_up = False  # Whether the worker that runs now has answered since its start.

    def start(self) -> None:
        """Begins to watch; returns at once."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._tasks.start(self._run(), "run")

    async def close(self) -> None:
        """Ends the worker, if it is ours, and stops watching."""
        await self._tasks.close()
        await self._forks.close()
        if self._lock:
            await self._stop_worker()
            self._lock.close()

    async def _run(self) -> None:
        while not self._take_lock():  # noqa: ASYNC110  A file lock of another process rings no event.
            await asyncio.sleep(POLL_S)
        failures = 0
        while True:
            began = time.monotonic()
            try:
                reason = await self._until_it_ends(await self._adopt_or_start())
            except OSError as exc:  # No memory, no process, no space: all of it passes, and then a worker must come.
                log.exception("media_worker_not_started")
                reason = type(exc).__name__
            self.is_up = False
            self._ended()
            failures = 0 if time.monotonic() - began > STEADY_AFTER_S else failures + 1
            wait_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
            self.restarts += 1
            log.error("media_worker_ended", reason=reason, again_in_s=wait_s)
            await asyncio.sleep(wait_s)

    def _take_lock(self) -> bool:
        if self._lock is None:
            lock = (self._data / "media.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                return False
            self._lock = lock
        return True

    async def _adopt_or_start(self) -> Worker:
        found = self._read_note()
        if found and found.is_alive():
            if found.build == self._build and await self._answers():
                self._worker = found
                log.info("media_worker_adopted", pid=found.pid)
                return found
            log.info("media_worker_replaced", pid=found.pid, reason="other_build_or_silent")
            self._worker = found
            await self._stop_worker()
        return await self._start_worker()

    async def _start_worker(self) -> Worker:
        pid = await self._forks.fork()
        self._worker = Worker(pid, _began(pid) or 0, self._build)
        self._write_note(self._worker)
        log.info("media_worker_started", pid=pid)
        return self._worker

    async def _until_it_ends(self, worker: Worker) -> str:
        """Why the worker has to be started again. Kills it when it does not answer for HUNG_AFTER_S."""
        limit = time.monotonic() + START_LIMIT_S
        while worker.is_alive():
            if await self._answers():
                self.is_up = True
                limit = time.monotonic() + HUNG_AFTER_S
            elif time.monotonic() > limit:
                await self._kill(worker)
                return "hung"
            await worker.until_end(POLL_S)
            await self._forks.care()
        return "died"

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await self._is_healthy()
        except (TimeoutError, OaseError):
            return False

    async def _stop_worker(self) -> None:
        if self._worker is None:
            return
        self._worker.signal(signal.SIGTERM)
        await self._worker.until_end(STOP_LIMIT_S)
        await self._kill(self._worker)
        self._note.unlink(missing_ok=True)
        self._worker = None

    @staticmethod
    async def _kill(worker: Worker) -> None:
        worker.signal(signal.SIGKILL)
        await worker.until_end(STOP_LIMIT_S)

    @property
    def _note(self) -> Path:
        return self._data / "worker.json"

    def _read_note(self) -> Worker | None:
        try:
            return Worker(**json.loads(self._note.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _write_note(self, worker: Worker) -> None:
        """Without a note the next web process cannot adopt the worker; with half a one neither, so it is written beside."""
        beside = self._note.with_suffix(".new")
        try:
            beside.write_text(json.dumps(asdict(worker)))
            beside.replace(self._note)
        except OSError as exc:
            log.warning("media_worker_not_noted", reason=str(exc))
            with contextlib.suppress(OSError):
                self._note.unlink(missing_ok=True)


def build_of(settings: Settings) -> str:
    """A digest of the worker's code and settings: a worker with another one is not adopted but replaced."""
    total = hashlib.sha256(repr((settings.media_host, settings.media_port, settings.media_announce)).encode())
    total.update(repr((settings.recordings, settings.media_control, settings.record_reserve_bytes)).encode())
    for file in sorted((ROOT / "server" / "media").rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


def _began(pid: int) -> int | None:
    """When the process began, in clock ticks since boot (proc(5), stat field 22); None when it is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])
