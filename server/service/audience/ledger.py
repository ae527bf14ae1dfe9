"""How what an audience does is written down: many things in one transaction, each acknowledged once it is committed.

An audience of thousands votes and writes hundreds of times a second, and one commit each would be most of the work. While one transaction is
under way the others' wishes wait; the next one takes them all, in their order. The broadcast's row is locked meanwhile, so that the numbers of
all web processes have no holes and no doubles.
"""

import asyncio
import collections
import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import ChatLineState, PollId, QuestionId, SessionId
from server.errors import Busy, NotFound, OaseError
from server.service.audience.views import (
    AudienceChange,
    AudienceRules,
    ChatLine,
    HandView,
    MemberView,
    PollView,
    PollVotes,
    QuestionView,
    QuestionVotes,
    line_view,
)
from server.store import audience as audience_store
from server.store import broadcasts as store
from server.store import polls as poll_store
from server.store import questions as question_store
from server.store.broadcast_rows import BroadcastRow, LineRow
from server.tasks import Tasks

if TYPE_CHECKING:
    from server.service.house import House

T = TypeVar("T")

WAITING_AT_MOST = 2_000
TOGETHER_AT_MOST = 40  # So that a message of the bus stays within its limit.
PAUSE_S = 0.04  # Between two transactions of one audience.


@dataclass(slots=True)
class Page:
    """One transaction: what is done in it, with the broadcast as it is while nobody else writes."""

    db: AsyncConnection
    now: datetime
    broadcast: BroadcastRow
    seq: int
    lines: list[ChatLine] = field(default_factory=list)
    questions: list[QuestionView] = field(default_factory=list)
    polls: list[PollView] = field(default_factory=list)
    members: list[MemberView] = field(default_factory=list)
    has_hands: bool = False  # Raised hands changed.
    rules: AudienceRules | None = None
    me_too: int | None = None
    voted: dict[QuestionId, int] = field(default_factory=dict)
    polled: set[PollId] = field(default_factory=set)

    @property
    def session(self) -> SessionId:
        return self.broadcast.session_id

    def next_seq(self) -> int:
        """The number of one more change."""
        self.seq += 1
        return self.seq

    async def move_line(self, row: LineRow, state: ChatLineState) -> ChatLine:
        """A line is in another state from now on."""
        moved = dataclasses.replace(row, state=state, seq=self.next_seq())
        await audience_store.set_line(self.db, row.id, state, moved.seq)
        self.lines.append(line_view(moved))
        return self.lines[-1]

    async def close(self) -> AudienceChange:
        """Writes the sums and the last number; what was changed."""
        votes = []
        for question, by in self.voted.items():
            votes.append(
                QuestionVotes(question, await question_store.count_votes(self.db, question, by, self.next_seq()))
            )
        poll_votes = []
        for poll in self.polled:
            poll_votes.append(PollVotes(poll, await poll_store.count_votes(self.db, poll, self.next_seq())))
        before = self.broadcast.seq
        if self.seq > before:
            await store.set_broadcast(self.db, self.session, seq=self.seq)
        return AudienceChange(
            after=before if self.seq > before else 0,
            seq=self.seq if self.seq > before else 0,
            lines=self.lines,
            questions=self.questions,
            votes=votes,
            polls=self.polls,
            poll_votes=poll_votes,
            members=self.members,
            hands=await _hands(self) if self.has_hands else None,
            rules=self.rules,
            me_too=self.me_too,
        )


async def _hands(page: Page) -> list[HandView]:
    rows = await poll_store.list_hands(page.db, page.session)
    return [HandView(row.member_id, name, row.raised_at, row.called_at) for row, name in rows]


Work = Callable[[Page], Awaitable[Any]]
_Waiting = tuple[Work, "asyncio.Future[Any]"]


class Ledger:
    """The wishes of all audiences of this process. A wish raises what it has to say before it changes anything."""

    def __init__(self) -> None:
        self._waiting: dict[SessionId, collections.deque[_Waiting]] = {}
        self._tasks = Tasks("ledger")

    async def write(self, house: "House", session: SessionId, work: Callable[[Page], Awaitable[T]]) -> T:
        """What `work` gives, once it is committed and said. Raises what `work` raises, NotFound, Busy (too much waits), DatabaseAway."""
        waiting = self._waiting.get(session)
        is_new = waiting is None
        if waiting is None:
            waiting = self._waiting[session] = collections.deque()
        if len(waiting) >= WAITING_AT_MOST:
            raise Busy
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waiting.append((work, done))
        if is_new:
            self._tasks.start(self._write_all(house, session), "write")
        return await done

    async def close(self) -> None:
        """Ends; what was not written is not acknowledged."""
        await self._tasks.close()

    async def _write_all(self, house: "House", session: SessionId) -> None:
        waiting = self._waiting[session]
        try:
            while waiting:
                together = [waiting.popleft() for _ in range(min(len(waiting), TOGETHER_AT_MOST))]
                await _write_together(house, session, together)
                await asyncio.sleep(PAUSE_S)
        finally:
            del self._waiting[session]
            for _, done in waiting:
                done.cancel()


async def _write_together(house: "House", session: SessionId, together: list[_Waiting]) -> None:
    """One transaction. A wish that is refused costs the others nothing; a database that is away costs all."""
    results: list[tuple[asyncio.Future[Any], Any]] = []
    try:
        async with house.db.write() as db:
            broadcast = await store.lock_broadcast(db, session)
            if broadcast is None:
                raise NotFound
            page = Page(db, house.now(), broadcast, broadcast.seq)
            for work, done in together:
                results.append((done, await _tried(work, page)))
            change = await page.close()
    except Exception as error:  # Root of what is written: everybody hears that it was not.
        for _, done in together:
            _settle(done, error)
        return
    await house.announcer.audience(session, change)
    for done, result in results:
        _settle(done, result)


async def _tried(work: Work, page: Page) -> Any:
    try:
        return await work(page)
    except OaseError as refusal:
        return refusal


def _settle(done: "asyncio.Future[Any]", result: Any) -> None:
    if done.done():  # Who asked is gone.
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
