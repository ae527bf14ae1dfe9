"""Starts the media workers of this machine and watches them, each by itself (`server/keeper.py`): the end of one is no matter of the others.

Workers are forked from a process that has loaded everything (`server/forks.py`), so that a new one is there in a tenth of a second. They do not die
with the web process: after a `kill -9` of the web process calls go on, and the next web process adopts those that the notes in the data folder name
(`worker.json`, `worker-1.json` and so on). Of several web processes on one data folder one holds `media.lock` and supervises; the others wait for it.
"""

import asyncio
import fcntl
from collections.abc import Awaitable, Callable
from typing import IO, TypeVar

import structlog

from server.config import Settings
from server.forks import Forks
from server.keeper import POLL_S, Keeper, note_of, read_note, stop
from server.tasks import Tasks

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class Supervisor:
    """Owns the media workers' processes. `is_healthy` asks the one of a number and may raise OaseError or take its time; `ended` is called with
    the number of one that has ended."""

    def __init__(
        self,
        settings: Settings,
        is_healthy: Callable[[int], Awaitable[bool]],
        ended: Callable[[int], None] = lambda number: None,
        forks: Forks | None = None,
    ) -> None:
        self._data = settings.data
        self._forks = forks or Forks()
        self._tasks = Tasks("supervisor")
        self._lock: IO[str] | None = None
        self.keepers = [
            Keeper(settings.of_worker(number), self._forks, _about(is_healthy, number), _about(ended, number))
            for number in range(len(settings.media_controls))
        ]

    def start(self) -> None:
        """Begins to watch; returns at once."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._tasks.start(self._run(), "run")

    async def close(self) -> None:
        """Ends the workers, if they are ours, and stops watching."""
        await self._tasks.close()
        await self._forks.close()
        if self._lock:
            await asyncio.gather(*(keeper.stop() for keeper in self.keepers))
            self._lock.close()

    async def _run(self) -> None:
        if not self._take_lock():
            await (
                self._forks.close()
            )  # Another web process has the workers; what was loaded for them would wait for nothing.
        while not self._take_lock():  # noqa: ASYNC110  A file lock of another process rings no event.
            await asyncio.sleep(POLL_S)
        for keeper in self.keepers:
            self._tasks.start(keeper.run(), f"keeper-{keeper.number}")
        await self._end_surplus()

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

    async def _end_surplus(self) -> None:
        """Workers that were started under settings with more of them."""
        wanted = {note_of(self._data, keeper.number) for keeper in self.keepers}
        for note in set(self._data.glob("worker-*.json")) - wanted:
            found = read_note(note)
            if found is not None:
                log.info("media_worker_surplus", pid=found.pid)
                await stop(found)
            note.unlink(missing_ok=True)


def _about(say: Callable[[int], _T], number: int) -> Callable[[], _T]:
    return lambda: say(number)
