"""A bell: rung when there is work; the work itself stands in the database."""

import asyncio
import contextlib


class Bell:
    """Wakes one waiting worker. Rung twice before anybody waits is rung once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There is work."""
        self._rung.set()

    async def wait(self, limit_s: float) -> None:
        """Returns when the bell was rung, or after `limit_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._rung.wait()
        self._rung.clear()
