"""Task ownership: the only place that calls `create_task`."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Tasks:
    """The tasks of one owner. The owner calls `close()` when it ends; a task that fails is logged."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._running: set[asyncio.Task[Any]] = set()
        self._closing = False

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """The started task, named `owner/name`. Raises RuntimeError once the owner is closing."""
        if self._closing:
            work.close()
            raise RuntimeError(f"{self._owner} is closing and starts no more tasks")
        task = asyncio.get_running_loop().create_task(work, name=f"{self._owner}/{name}")
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task_failed", task=task.get_name(), exc_info=task.exception())

    async def close(self, limit_s: float = 10.0) -> None:
        """Cancels what still runs and waits for it; what has not ended within `limit_s` is named in the log."""
        self._closing = True
        current = asyncio.current_task()
        pending = [task for task in self._running if task is not current]
        for task in pending:
            task.cancel()
        if not pending:
            return
        _, late = await asyncio.wait(pending, timeout=limit_s)
        for task in late:
            log.warning("task_late", task=task.get_name(), limit_s=limit_s)

    def __len__(self) -> int:
        return len(self._running)


async def beside(main: Coroutine[Any, Any, T], side: Coroutine[Any, Any, None]) -> T:
    """What `main` gives; `side` runs meanwhile. Both have ended then: a failed `main` cancels `side`, and what `side` raises is logged."""
    tasks = Tasks("beside")
    running = tasks.start(side, "side")
    try:
        result = await main
        await asyncio.wait([running])
        return result
    finally:
        await tasks.close()
