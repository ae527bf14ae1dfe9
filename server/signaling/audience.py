"""Audiences of thousands: what changed is gathered for a moment, encoded once, and the same bytes go to all.

The bus says each transaction with its numbers. A room tells its pages only numbers without a hole: what is missing (said late by another
process, or lost) is read from the database, once for the room. So a page that hears `after` above its own last number has a hole of its own
making, and asks for the rest.
"""

import asyncio
import time
from dataclasses import dataclass, field

import structlog

from server.api.call import ADDRESS
from server.domain.principal import Agent
from server.domain.words import MemberId, MemberRole, SessionId
from server.errors import OaseError
from server.service.audience.reading import events_after, hand_place, line_for_all, question_for_all
from server.service.audience.views import (
    AudienceChange,
    HandPlace,
    HandView,
    InvitedTold,
    MemberTold,
    MemberView,
    Reaction,
    StageTold,
    member_view,
)
from server.service.audience.voices import find_own, see_broadcast
from server.service.house import House
from server.service.viewers import Watcher
from server.signaling.crowd import Crowd, Socket

log = structlog.get_logger(__name__)

ROUND_S = 0.25
REST = 3.0  # After telling an audience it is left alone for so many times as long as that took: telling is a quarter of the work at most.
REST_LIMIT_S = 0.5  # What stopped the whole process while it was told is no reason to wait long.
LOOK_S = 0.05
VIEWERS_ROUNDS = 8  # How many watch is looked up every so many rounds.
LATE_ROUNDS = 2  # How long a number may be missing before the database is asked.


@dataclass(slots=True)
class _Seat:
    """One page in a room."""

    socket: Socket
    member: MemberView | None
    moderates: bool
    watcher: Watcher
    is_team: bool
    hand: HandPlace | None = None


@dataclass(slots=True)
class _Room:
    """The pages of one audience in this process. Everything up to `last` was told; `told_all` is what was last told to everybody."""

    session: SessionId
    last: int
    told_all: int
    told_moderators: int
    seats: dict[str, _Seat] = field(default_factory=dict)
    heard: list[AudienceChange] = field(default_factory=list)
    passing: list[AudienceChange] = field(default_factory=list)  # Without numbers: reactions, viewers.
    round: int = 0
    round_at: float = 0.0  # When the next round is due.
    late_rounds: int = 0
    told_viewers: int | None = None
    is_stale: bool = False
    reactions: dict[Reaction, int] = field(default_factory=dict)

    def take_next(self) -> list[AudienceChange]:
        """What may be told now: all numbers up to the first hole."""
        self.heard.sort(key=lambda change: change.after)
        ready: list[AudienceChange] = []
        while self.heard and self.heard[0].after <= self.last:
            change = self.heard.pop(0)
            if change.seq > self.last:
                ready.append(change)
                self.last = change.seq
        self.late_rounds = self.late_rounds + 1 if self.heard else 0
        return ready

    @property
    def misses(self) -> bool:
        return self.is_stale or self.late_rounds >= LATE_ROUNDS


class Rooms:
    """All audiences of this process."""

    def __init__(self, house: House, crowd: Crowd) -> None:
        self._house = house
        self._crowd = crowd
        self._rooms: dict[SessionId, _Room] = {}

    def count(self, session: SessionId) -> int:
        """How many pages of this process are in an audience."""
        room = self._rooms.get(session)
        return len(room.seats) if room else 0

    async def join(self, socket: Socket, session: SessionId) -> int:
        """The page hears the audience from now on; the number after which that is. Raises NotFound."""
        broadcast = await see_broadcast(self._house, socket.principal, session)
        async with self._house.db.read() as db:
            row = await find_own(db, socket.principal, session)
        member = member_view(row) if row else None
        self.leave(socket)
        room = self._rooms.get(session)
        if room is None:
            room = self._rooms[session] = _Room(
                session, broadcast.seq, broadcast.seq, broadcast.seq, is_stale=True
            )  # Something may have come meanwhile.
        moderates = isinstance(socket.principal, Agent) or _moderates(member)
        is_team = isinstance(socket.principal, Agent)
        room.seats[socket.sid] = _Seat(socket, member, moderates, self._count_in(socket, session, is_team), is_team)
        socket.audience = session
        return room.told_moderators if moderates else room.told_all

    def _count_in(self, socket: Socket, session: SessionId, is_team: bool) -> Watcher:
        request = socket.request
        watcher = self._house.viewers.watcher(request.get(ADDRESS, ""), request.headers.get("User-Agent", ""))
        self._house.viewers.connected(session, watcher, team=is_team)
        return watcher

    def leave(self, socket: Socket) -> None:
        """The page hears no audience any more."""
        session, socket.audience = socket.audience, None
        room = self._rooms.get(session) if session else None
        if room is not None:
            seat = room.seats.pop(socket.sid, None)
            if seat is not None:
                self._house.viewers.left(room.session, seat.watcher, team=seat.is_team)
            if not room.seats:
                del self._rooms[room.session]

    def hear(self, session: SessionId, change: AudienceChange) -> None:
        """Something changed, here or in another process."""
        room = self._rooms.get(session)
        if room is None:
            return
        if change.seq:
            room.heard.append(change)
        else:
            room.passing.append(change)

    def react(self, session: SessionId, reaction: Reaction, count: int) -> None:
        """Somebody showed something. Only sums are kept, and only until the next round."""
        room = self._rooms.get(session)
        if room is not None:
            room.reactions[reaction] = room.reactions.get(reaction, 0) + count

    def look_again(self) -> None:
        """Something may have been missed."""
        for room in self._rooms.values():
            room.is_stale = True

    async def tell_forever(self) -> None:
        """Tells all rooms what changed. Run as a task."""
        while True:
            for room in [one for one in self._rooms.values() if one.round_at <= time.monotonic()]:
                began = time.monotonic()
                await self._round(room)
                room.round_at = next_round_at(began, time.monotonic())
            await asyncio.sleep(LOOK_S)

    async def _round(self, room: _Room) -> None:
        room.round += 1
        if room.round % VIEWERS_ROUNDS == 0:
            self._note_viewers(room)
        try:
            await self._tell(room)
        except OaseError as error:
            log.info("audience_behind", code=error.code)
        except Exception:  # The root of what audiences are told: one room's trouble is its own.
            log.exception("audience_failed")

    def _note_viewers(self, room: _Room) -> None:
        viewers = self._house.viewers.now(room.session).all
        if viewers != room.told_viewers:
            room.told_viewers = viewers
            room.passing.append(AudienceChange(viewers=viewers))

    async def _tell(self, room: _Room) -> None:
        if room.reactions:
            sums, room.reactions = room.reactions, {}
            await self._house.announcer.audience(room.session, AudienceChange(reactions=sums))
        changes = room.take_next()
        if room.misses:
            changes.append(await self._read(room))
        changes += room.passing
        room.passing = []
        if not changes:
            return
        members = {one.id: one for change in changes for one in change.members}
        hands = next((change.hands for change in reversed(changes) if change.hands is not None), None)
        await self._tell_members(room, members, hands)
        await self._tell_invited(room, {one for change in changes for one in change.invited})
        await self._tell_all(room, changes)

    async def _read(self, room: _Room) -> AudienceChange:
        """What the database has above `last`."""
        events = await events_after(self._house, room.session, room.last, moderates=True)
        room.is_stale, room.late_rounds = False, 0
        change = AudienceChange(
            after=room.last, seq=events.seq, lines=events.lines, questions=events.questions, polls=events.polls
        )
        room.last = max(room.last, events.seq)
        if events.cut:  # More than fits: every page asks for itself.
            room.told_all = room.told_moderators = room.last
        room.heard = [one for one in room.heard if one.seq > room.last]
        return change

    async def _tell_members(
        self, room: _Room, members: dict[MemberId, MemberView], hands: list[HandView] | None
    ) -> None:
        """Each of whom something became is told; their seats change with it."""
        if not members and hands is None:
            return
        for seat in list(room.seats.values()):
            if seat.member is None:
                continue
            now = members.get(seat.member.id)
            place = seat.hand if hands is None else hand_place(hands, seat.member.id)
            if now is None and place == (seat.hand or HandPlace(None, False)):
                continue
            seat.member, seat.hand = now or seat.member, place
            seat.moderates = isinstance(seat.socket.principal, Agent) or _moderates(seat.member)
            await self._crowd.tell(seat.socket, "member", MemberTold(room.session, seat.member, place))

    async def _tell_invited(self, room: _Room, invited: set[MemberId]) -> None:
        """Only the pages of those whom it concerns hear that there is something for them."""
        for seat in list(room.seats.values()) if invited else ():
            if seat.member is not None and seat.member.id in invited:
                await self._crowd.tell(seat.socket, "invited", InvitedTold(room.session))

    async def _tell_all(self, room: _Room, changes: list[AudienceChange]) -> None:
        for moderates in (False, True):
            after = room.told_moderators if moderates else room.told_all
            told = merged(room.session, after, max(room.last, after), changes, moderates=moderates)
            if _is_empty(told):
                continue
            pages = [seat.socket for seat in room.seats.values() if seat.moderates is moderates]
            await self._crowd.tell_all(pages, "stage", told)
            if moderates:
                room.told_moderators = told.seq
            else:
                room.told_all = told.seq


def next_round_at(began: float, ended: float) -> float:
    """When an audience may be told again that was told from `began` to `ended` (seconds of any one clock)."""
    return max(began + ROUND_S, ended + min(REST * (ended - began), REST_LIMIT_S))


def merged(session: SessionId, after: int, seq: int, changes: list[AudienceChange], *, moderates: bool) -> StageTold:
    """Several changes as one message: of each thing the last word."""
    lines = {line.id: line for change in changes for line in change.lines}
    questions = {question.id: question for change in changes for question in change.questions}
    hands = next((change.hands for change in reversed(changes) if change.hands is not None), None)
    reactions: dict[Reaction, int] = {}
    for change in changes:
        for reaction, count in change.reactions.items():
            reactions[reaction] = reactions.get(reaction, 0) + count
    public_lines = [shown for line in lines.values() if (shown := line_for_all(line))]
    public_questions = [public for one in questions.values() if (public := question_for_all(one))]
    return StageTold(
        session=session,
        after=after,
        seq=seq,
        lines=list(lines.values()) if moderates else public_lines,
        questions=list(questions.values()) if moderates else public_questions,
        votes=list({one.question: one for change in changes for one in change.votes}.values()),
        polls=list({one.id: one for change in changes for one in change.polls}.values()),
        poll_votes=list({one.poll: one for change in changes for one in change.poll_votes}.values()),
        hands=hands if moderates else None,
        rules=next((change.rules for change in reversed(changes) if change.rules is not None), None),
        reactions=reactions,
        me_too=next((change.me_too for change in reversed(changes) if change.me_too is not None), None),
        viewers=next((change.viewers for change in reversed(changes) if change.viewers is not None), None),
    )


def _is_empty(told: StageTold) -> bool:
    """Nothing that a page would show. Its numbers go with the next message."""
    lists = (told.lines, told.questions, told.votes, told.polls, told.poll_votes, told.reactions)
    facts = (told.hands, told.rules, told.me_too, told.viewers)
    return not any(lists) and all(fact is None for fact in facts)


def _moderates(member: MemberView | None) -> bool:
    return member is not None and member.role is MemberRole.MODERATOR and not member.banned
