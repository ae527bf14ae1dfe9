"""Keeps one media worker running: starts it or adopts the one that runs, and starts it again when it dies, hangs, or eats the memory."""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from server.config import ROOT, Settings
from server.errors import OaseError
from server.forks import Forks

log = structlog.get_logger(__name__)

POLL_S = 0.5
ANSWER_LIMIT_S = 1.5
HUNG_AFTER_S = 5.0
START_LIMIT_S = 20.0
STOP_LIMIT_S = 10.0
"""A worker closes the files of its recordings; on a slow disk that takes seconds."""
BACK_OFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_AFTER_S = 3.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker: its process, when that began (clock ticks since boot: a pid alone may be somebody else's), and which code it runs."""

    pid: int
    began: int
    build: str

    def is_alive(self) -> bool:
        return began(self.pid) == self.began

    def memory_bytes(self) -> int:
        """What it holds in memory (proc(5), statm field 2); 0 when it is gone."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE_BYTES
        except (OSError, IndexError):
            return 0

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


class Keeper:
    """Owns the process of one media worker. `is_healthy` asks it and may raise OaseError or take its time; `ended` is called when it has ended."""

    def __init__(
        self, settings: Settings, forks: Forks, is_healthy: Callable[[], Awaitable[bool]], ended: Callable[[], None]
    ) -> None:
        """`settings` are those of this worker (`Settings.of_worker`)."""
        self.number = settings.media_number
        self.restarts = 0
        self.is_up = False  # Whether the worker that runs now has answered since its start.
        self.worker: Worker | None = None
        self._build = build_of(settings)
        self._memory_bytes = settings.media_memory_bytes
        self._note = note_of(settings.data, self.number)
        self._forks = forks
        self._is_healthy = is_healthy
        self._ended = ended

    async def run(self) -> None:
        """Keeps it running for ever. Run as a task."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                reason = await self._until_it_ends(await self._adopt_or_start())
            except OSError as exc:  # No memory, no process, no space: all of it passes, and then a worker must come.
                log.exception("media_worker_not_started", number=self.number)
                reason = type(exc).__name__
            self.is_up = False
            self._ended()
            failures = 0 if time.monotonic() - began > STEADY_AFTER_S else failures + 1
            wait_s = BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]
            self.restarts += 1
            log.error("media_worker_ended", number=self.number, reason=reason, again_in_s=wait_s)
            await asyncio.sleep(wait_s)

    async def _adopt_or_start(self) -> Worker:
        found = read_note(self._note)
        if found and found.is_alive():
            if found.build == self._build and await self._answers():
                self.worker = found
                log.info("media_worker_adopted", number=self.number, pid=found.pid)
                return found
            log.info("media_worker_replaced", number=self.number, pid=found.pid, reason="other_build_or_silent")
            self.worker = found
            await self.stop()
        return await self._start_worker()

    async def _start_worker(self) -> Worker:
        pid = await self._forks.fork(self.number)
        self.worker = Worker(pid, began(pid) or 0, self._build)
        self._write_note(self.worker)
        log.info("media_worker_started", number=self.number, pid=pid)
        return self.worker

    async def _until_it_ends(self, worker: Worker) -> str:
        """Why the worker has to be started again. Kills it when it does not answer for HUNG_AFTER_S, or holds too much memory."""
        limit = time.monotonic() + START_LIMIT_S
        while worker.is_alive():
            if worker.memory_bytes() > self._memory_bytes:
                await kill(worker)
                return "memory"
            if await self._answers():
                self.is_up = True
                limit = time.monotonic() + HUNG_AFTER_S
            elif time.monotonic() > limit:
                await kill(worker)
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

    async def stop(self) -> None:
        """Ends the worker in order."""
        if self.worker is not None:
            await stop(self.worker)
            self._note.unlink(missing_ok=True)
            self.worker = None

    def _write_note(self, worker: Worker) -> None:
        """Without a note the next web process cannot adopt the worker; with half a one neither, so it is written beside."""
        beside = self._note.with_suffix(".new")
        try:
            beside.write_text(json.dumps(asdict(worker)))
            beside.replace(self._note)
        except OSError as exc:
            log.warning("media_worker_not_noted", number=self.number, reason=str(exc))
            with contextlib.suppress(OSError):
                self._note.unlink(missing_ok=True)


async def stop(worker: Worker) -> None:
    """Ends a worker in order, or by force when that takes too long."""
    worker.signal(signal.SIGTERM)
    await worker.until_end(STOP_LIMIT_S)
    await kill(worker)


async def kill(worker: Worker) -> None:
    """Ends a worker at once."""
    worker.signal(signal.SIGKILL)
    await worker.until_end(STOP_LIMIT_S)


def note_of(data: Path, number: int) -> Path:
    """Where the worker of this number is written down."""
    return data / (f"worker-{number}.json" if number else "worker.json")


def read_note(note: Path) -> Worker | None:
    """The worker of a note; None without one, or with half a one."""
    try:
        return Worker(**json.loads(note.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def build_of(settings: Settings) -> str:
    """A digest of the worker's code and settings: a worker with another one is not adopted but replaced."""
    total = hashlib.sha256(repr((settings.media_host, settings.own_media_port, settings.media_announce)).encode())
    total.update(repr((settings.recordings, settings.media_control, settings.record_reserve_bytes)).encode())
    for file in sorted((ROOT / "server" / "media").rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


def began(pid: int) -> int | None:
    """When the process began, in clock ticks since boot (proc(5), stat field 22); None when it is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])
