"""Whether each media worker is there, and what pages hear of it."""

import asyncio
import time
from collections.abc import Callable

import structlog

from server.errors import MediaAway
from server.media.protocol import Health
from server.service.house import House
from server.service.media_events import media_away

log = structlog.get_logger(__name__)

ANSWER_LIMIT_S = 2.0
SILENT_S = 8.0
"""A worker that only does not answer may be busy, and its calls may go on. One that hangs is killed by its supervisor before this is over."""


class MediaWatch:
    """Says once that one worker is away. A new worker says by its own `hello` that it is back; of the same one it is said here.

    `is_up`: it answered the last time.
    """

    def __init__(self, house: House, worker: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_up = False
        self._house = house
        self._worker = worker
        self._clock = clock
        self._boot = ""
        self._answered_at = clock()
        self._is_away = False

    async def look(self) -> None:
        """Asks the worker, and says what is news."""
        await self.note(await self._ask())

    async def _ask(self) -> str | None:
        health: Health | None = None
        is_gone = False
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                health = await self._house.media[self._worker].health()
        except TimeoutError:
            pass
        except MediaAway as away:
            is_gone = away.facts.get("reason") != TimeoutError.__name__
        self._house.media.note(self._worker, health, is_gone)
        if health is None:
            return "" if is_gone else None
        return health.boot if health.ready else ""

    async def note(self, found: str | None) -> None:
        """`found`: the boot of the worker that answered; "" when there is none; None when one has not answered in time."""
        self.is_up = bool(found)
        if found:
            await self._is_here(found)
        elif self._boot and not self._is_away and (found == "" or self._clock() - self._answered_at > SILENT_S):
            self._is_away = True
            log.warning("media_away", worker=self._worker)
            await media_away(self._house, self._worker)

    async def _is_here(self, boot: str) -> None:
        is_back = self._is_away and boot == self._boot
        self._boot, self._answered_at, self._is_away = boot, self._clock(), False
        if is_back:
            log.info("media_back", worker=self._worker)
            await self._house.announcer.media("back", self._worker)
