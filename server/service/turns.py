"""One at a time, for each session: what is read from the database and told to the media worker must not be overtaken."""

import asyncio
import weakref


class Turns:
    """A lock for each key, kept only while somebody holds or waits for it."""

    def __init__(self) -> None:
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        """The lock of this key: `async with house.turns.of(session):`."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock
