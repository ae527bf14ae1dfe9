"""Viewers who wait for the next part, all for the same few things."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

Key = tuple[str, int | None, int | None]


class TooMany(Exception):
    """Nobody more may wait."""


@dataclass(slots=True)
class _Group:
    is_due: Callable[[], bool]
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


class Waiters:
    """At most `limit` of them; those who wait for the same are asked about once and let go together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._groups: dict[Key, _Group] = {}
        self.count = 0

    async def wait(self, key: Key, is_due: Callable[[], bool], limit_s: float) -> None:
        """Until `release` finds it due. Raises TimeoutError after `limit_s`, TooMany at once when the house is full."""
        if self.count >= self._limit:
            raise TooMany
        group = self._groups.setdefault(key, _Group(is_due))
        self.count += 1
        try:
            async with asyncio.timeout(limit_s):
                await group.is_over.wait()
        finally:
            self.count -= 1

    def release(self) -> None:
        """Something has changed: lets go whoever waited for it."""
        for key, group in list(self._groups.items()):
            if group.is_due():
                group.is_over.set()
                del self._groups[key]
