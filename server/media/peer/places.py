"""Handshakes that may run at the same time: each costs milliseconds that packets have to wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PLACE_S = 1.0
"""Whoever takes longer goes on without a place: ten silent peers must not keep everybody else out."""


class Places:
    """`count` places, given in the order of arrival."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Waits for a place and holds it for the body, for a second at most."""
        await self._free.acquire()
        returned = False

        def give_back() -> None:
            nonlocal returned
            if not returned:
                returned = True
                self._free.release()

        timer = asyncio.get_running_loop().call_later(PLACE_S, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()
