"""A case's timeline on its way to one page: what was missed, then what comes; in order, nothing twice, nothing left out.

The database is the only source that counts. An announced entry is passed on at once when it is the next number; any gap, whatever its reason
(a lost bell, a late one, two processes), is filled by reading. Sequence numbers are given inside the writing transaction, so that all numbers below
a committed one are committed too.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from server.domain.principal import Principal
from server.domain.rights import may_see_entry
from server.domain.words import CaseId
from server.service.house import House
from server.service.timeline import read_timeline
from server.service.views import Entry

PAGE = 200

Tell = Callable[[Entry], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Watcher:
    """One page that follows one case. `last`: everything up to this number was sent, or is not for this page."""

    case: CaseId
    principal: Principal
    last: int
    tell: Tell
    is_behind: bool = False
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hear(self, house: House, entry: Entry) -> None:
        """An entry was announced."""
        async with self._turn:
            if entry.seq <= self.last:
                return
            if entry.seq > self.last + 1 or self.is_behind:
                await self._read(house)
                self.last = max(self.last, entry.seq)
            else:
                self.last = entry.seq
                await self._pass(entry)

    async def catch_up(self, house: House) -> int:
        """Reads and sends what is new; the number up to which that is."""
        async with self._turn:
            await self._read(house)
            return self.last

    async def _read(self, house: House) -> None:
        self.is_behind = True  # Until this has worked: a database that is away now is asked again later.
        more = True
        while more:
            page = await read_timeline(house, self.principal, self.case, self.last, PAGE)
            for entry in page.entries:
                await self._pass(entry)
            self.last = max(self.last, page.seq)
            more = page.more
        self.is_behind = False

    async def _pass(self, entry: Entry) -> None:
        if may_see_entry(self.principal, entry.case, entry.session, entry.visibility):
            await self.tell(entry)
