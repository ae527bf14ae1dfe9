"""Which page holds which media connection. When the page is gone for good, its connection is closed, so that others see it in seconds."""

import asyncio
from collections.abc import Awaitable, Callable

from server.domain.words import ConnectionId
from server.tasks import Tasks

GRACE_S = 8.0


class Holds:
    """The last holder of each connection, here or in another process (`hold` is said on the bus)."""

    def __init__(self, drop: Callable[[ConnectionId], Awaitable[None]], grace_s: float = GRACE_S) -> None:
        self._drop = drop
        self._grace_s = grace_s
        self._holder: dict[ConnectionId, str] = {}
        self._tasks = Tasks("holds")

    def take(self, connection: ConnectionId, sid: str) -> None:
        """From now on this page holds it."""
        self._holder[connection] = sid

    def holder(self, connection: ConnectionId) -> str | None:
        return self._holder.get(connection)

    def forget(self, connection: ConnectionId) -> None:
        """The connection is closed."""
        self._holder.pop(connection, None)

    def let_go(self, sid: str, connections: set[ConnectionId]) -> None:
        """The page's socket is gone: what it still held is closed after the grace, unless another page takes it."""
        mine = [connection for connection in connections if self._holder.get(connection) == sid]
        for connection in mine:
            self._tasks.start(self._drop_later(connection, sid), "drop")

    async def _drop_later(self, connection: ConnectionId, sid: str) -> None:
        await asyncio.sleep(self._grace_s)
        if self._holder.get(connection) == sid:
            self.forget(connection)
            await self._drop(connection)

    async def close(self) -> None:
        """Drops nothing more: the pages come back to another process."""
        await self._tasks.close()
