"""Whose cookies these are: looked up in the database for each request, and where many come for several together.

Each request asks after it came, so that what was revoked before opens nothing. While one look is under way the others wait; the next one takes
them all. Where requests come often there is a short pause between two looks, because one look for three costs little more than for one.
"""

import asyncio
import collections
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.store import links as store
from server.store.links import Holder
from server.tasks import Tasks

if TYPE_CHECKING:
    from server.service.house import House

TOGETHER_AT_MOST = 200
OFTEN, OFTEN_S = 20, 0.4  # So many requests within this time.
PAUSE_S = 0.025


@dataclass(frozen=True, slots=True)
class _Ask:
    token_hash: str
    answer: "asyncio.Future[Holder | None]"


class Cookies:
    """The lookups of this process."""

    def __init__(self) -> None:
        self._waiting: collections.deque[_Ask] = collections.deque()
        self._asked_at: collections.deque[float] = collections.deque(maxlen=OFTEN)
        self._is_looking = False
        self._tasks = Tasks("cookies")

    async def find(self, house: "House", token_hash: str) -> Holder | None:
        """The browser that holds this cookie now; None for unknown and expired. Raises DatabaseAway."""
        loop = asyncio.get_running_loop()
        ask = _Ask(token_hash, loop.create_future())
        self._waiting.append(ask)
        self._asked_at.append(loop.time())
        if not self._is_looking:
            self._is_looking = True
            self._tasks.start(self._look_all(house), "look")
        return await ask.answer

    async def close(self) -> None:
        """Ends; who still waits hears nothing."""
        await self._tasks.close()

    async def _look_all(self, house: "House") -> None:
        together: list[_Ask] = []
        try:
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER_AT_MOST))]
                await _look(house, together)
                if self._is_often(asyncio.get_running_loop().time()):
                    await asyncio.sleep(PAUSE_S)
        finally:
            self._is_looking = False
            for ask in (*together, *self._waiting):  # This process ends.
                ask.answer.cancel()
            self._waiting.clear()

    def _is_often(self, now: float) -> bool:
        return len(self._asked_at) == OFTEN and now - self._asked_at[0] < OFTEN_S


async def _look(house: "House", together: list[_Ask]) -> None:
    """One statement for all who wait; when it fails, it fails for all."""
    try:
        async with house.db.read() as db:
            found = await store.find_holders(db, {ask.token_hash for ask in together}, house.now())
    except Exception as error:  # Root of what is looked up: everybody hears that it was not.
        for ask in together:
            if not ask.answer.done():
                ask.answer.set_exception(error)
        return
    for ask in together:
        if not ask.answer.done():  # Who asked is still there.
            ask.answer.set_result(found.get(ask.token_hash))
