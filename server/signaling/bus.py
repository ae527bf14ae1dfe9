"""The bell between web processes: what one says, all hear. In memory for one process, a Redis Stream for several (`stream.py`).

The bus is never the only copy: `on_gap` tells the listener to look into the database when something may have been missed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from server.tasks import Tasks

log = structlog.get_logger(__name__)

Heard = Callable[[dict[str, Any]], Awaitable[None]]
Gap = Callable[[], Awaitable[None]]

KEPT_HERE = 5_000


class Bus(Protocol):
    """Says messages (JSON objects) to all web processes, this one included, in one order."""

    async def start(self, heard: Heard, on_gap: Gap) -> None:
        """Begins to listen."""

    def say(self, message: dict[str, Any]) -> None:
        """Queues a message and returns at once."""

    async def is_ready(self) -> bool:
        """Whether messages pass now."""

    async def close(self) -> None:
        """Stops."""


class MemoryBus:
    """One process: what is said is heard here, in order. Nothing is dropped; the queue is as long as the listener is late."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(KEPT_HERE)
        self._tasks = Tasks("bus")
        self._on_gap: Gap | None = None
        self._missed = False

    async def start(self, heard: Heard, on_gap: Gap) -> None:
        self._on_gap = on_gap
        self._tasks.start(self._pump(heard, on_gap), "pump")

    def say(self, message: dict[str, Any]) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._missed = True

    async def _pump(self, heard: Heard, on_gap: Gap) -> None:
        while True:
            message = await self._queue.get()
            await tell(heard, message)
            if self._missed:
                self._missed = False
                await look(on_gap)

    async def is_ready(self) -> bool:
        return True

    async def close(self) -> None:
        await self._tasks.close()


async def tell(heard: Heard, message: dict[str, Any]) -> None:
    """The listener's mistakes end here: one message that it cannot stand does not make this process deaf."""
    try:
        await heard(message)
    except Exception:  # Root of everything that reacts to the bus.
        log.exception("bus_listener_failed", kind=str(message.get("kind", ""))[:40])


async def look(on_gap: Gap) -> None:
    """The same for what is done after a gap."""
    try:
        await on_gap()
    except Exception:  # As above.
        log.exception("bus_gap_failed")
