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

from server.domain.principal import Principal, Visitor
from server.domain.words import ChatLineState, MemberId, PollId, QuestionId, SessionId, VisitorId
from server.errors import Busy, NotFound, OaseError
from server.service.audience.gathered import Gathered
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
from server.store.broadcast_rows import BroadcastRow, LineRow, MemberRow, QuestionRow
from server.tasks import Tasks

if TYPE_CHECKING:
    from server.service.house import House

T = TypeVar("T")

WAITING_AT_MOST = 2_000
TOGETHER_AT_MOST = 40  # So that a message of the bus stays within its limit.
PAUSE_S = 0.08  # Between two transactions of one audience.


@dataclass(slots=True)
class Page:
    """One transaction: what is done in it, with the broadcast as it is while nobody else writes."""

    db: AsyncConnection
    now: datetime
    broadcast: BroadcastRow
    first: int  # The last number before this transaction.
    seq: int
    gathered: Gathered
    lines: list[ChatLine] = field(default_factory=list)
    questions: list[QuestionView] = field(default_factory=list)
    polls: list[PollView] = field(default_factory=list)
    members: list[MemberView] = field(default_factory=list)
    has_hands: bool = False  # Raised hands changed.
    rules: AudienceRules | None = None
    me_too: int | None = None
    members_known: dict[VisitorId, MemberRow] = field(default_factory=dict)
    questions_known: dict[QuestionId, QuestionRow] = field(default_factory=dict)
    polled: set[PollId] = field(default_factory=set)

    @property
    def session(self) -> SessionId:
        return self.broadcast.session_id

    def next_seq(self) -> int:
        """The number of one more change."""
        self.seq += 1
        return self.seq

    def forget(self, member: MemberId) -> None:
        """A member changed in this transaction."""
        self.members_known = {visitor: row for visitor, row in self.members_known.items() if row.id != member}

    async def find_question(self, question: QuestionId) -> QuestionRow | None:
        """A question of this audience; read once for all who vote for it."""
        known = self.questions_known.get(question)
        if known is None and (known := await question_store.find_question(self.db, self.session, question)) is not None:
            self.questions_known[question] = known
        return known

    async def pin(self, banner: dict[str, str] | None) -> None:
        """What stands on the picture from now on; the composer is told after the commit."""
        scene = {**self.broadcast.scene, "banner": banner}
        self.broadcast = dataclasses.replace(self.broadcast, scene=scene)
        await store.set_broadcast(self.db, self.session, scene=scene)

    async def move_line(self, row: LineRow, state: ChatLineState) -> ChatLine:
        """A line is in another state from now on."""
        moved = dataclasses.replace(row, state=state, seq=self.next_seq())
        await audience_store.set_line(self.db, row.id, state, moved.seq)
        self.lines.append(line_view(moved))
        return self.lines[-1]

    async def close(self) -> AudienceChange:
        """Writes what was gathered, the sums and the last number; what was changed."""
        await self.gathered.write(self.db)
        votes = []
        for question, by in self.gathered.voted.items():
            votes.append(
                QuestionVotes(question, await question_store.count_votes(self.db, question, by, self.next_seq()))
            )
        poll_votes = []
        for poll in self.polled:
            poll_votes.append(PollVotes(poll, await poll_store.count_votes(self.db, poll, self.next_seq())))
        before = self.first
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


@dataclass(frozen=True, slots=True)
class _Wish:
    """What somebody wants to be written, and who waits for it."""

    work: Work
    done: "asyncio.Future[Any]"
    visitor: VisitorId | None
    line_sent: str | None


def _visitors(together: list[_Wish]) -> set[VisitorId]:
    return {wish.visitor for wish in together if wish.visitor is not None}


class Ledger:
    """The wishes of all audiences of this process. A wish raises what it has to say before it changes anything."""

    def __init__(self) -> None:
        self._waiting: dict[SessionId, collections.deque[_Wish]] = {}
        self._tasks = Tasks("ledger")

    async def write(
        self,
        house: "House",
        principal: Principal,
        session: SessionId,
        work: Callable[[Page], Awaitable[T]],
        *,
        line_sent: str | None = None,
    ) -> T:
        """What `work` gives, once it is committed and said. `line_sent`: the id for whose line it will ask `page.gathered`.

        Raises what `work` raises, NotFound, Busy (too much waits), DatabaseAway.
        """
        waiting = self._waiting.get(session)
        is_new = waiting is None
        if waiting is None:
            waiting = self._waiting[session] = collections.deque()
        if len(waiting) >= WAITING_AT_MOST:
            raise Busy
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        visitor = principal.visitor_id if isinstance(principal, Visitor) else None
        waiting.append(_Wish(work, done, visitor, line_sent))
        if is_new:
            self._tasks.start(self._write_all(house, session), "write")
        return await done

    async def close(self) -> None:
        """Ends; what was not written is not acknowledged."""
        await self._tasks.close()

    async def _write_all(self, house: "House", session: SessionId) -> None:
        waiting, together = self._waiting[session], list[_Wish]()
        try:
            while waiting:
                together = [waiting.popleft() for _ in range(min(len(waiting), TOGETHER_AT_MOST))]
                await _write_together(house, session, together)
                await asyncio.sleep(PAUSE_S)
        finally:
            del self._waiting[session]
            for wish in (*together, *waiting):  # This process ends: nobody waits for what will not be written.
                wish.done.cancel()


async def _write_together(house: "House", session: SessionId, together: list[_Wish]) -> None:
    """One transaction. A wish that is refused costs the others nothing; a database that is away costs all."""
    results: list[tuple[asyncio.Future[Any], Any]] = []
    try:
        async with house.db.write() as db:
            broadcast = await store.lock_broadcast(db, session)
            if broadcast is None:
                raise NotFound
            page = Page(db, house.now(), broadcast, broadcast.seq, broadcast.seq, Gathered(session))
            page.members_known = await audience_store.find_members(db, session, _visitors(together))
            await page.gathered.look_for_lines(db, {wish.line_sent for wish in together if wish.line_sent is not None})
            for wish in together:
                results.append((wish.done, await _tried(wish.work, page)))
            change = await page.close()
    except Exception as error:  # Root of what is written: everybody hears that it was not.
        for wish in together:
            _settle(wish.done, error)
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
