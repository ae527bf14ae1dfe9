"""What this process hears on the bus, and which of its pages it tells."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError

from server.api.answers import Bye, ConsentTold, DeskTold, QueueTold, SessionEndedTold
from server.api.wire import adapter
from server.domain.principal import Agent, Person
from server.domain.rights import is_person, may_read_case
from server.domain.viewers import Viewers
from server.domain.words import CaseId, ConnectionId, LinkId, RecordingId, SessionId
from server.errors import OaseError
from server.service.audience.views import AudienceChange
from server.service.bell import Bell
from server.service.broadcast_views import BroadcastChange
from server.service.house import House
from server.service.views import CaseChange, ConsentQuestion, Entry, QueuePlace, RecordingProgress
from server.signaling.audience import Rooms
from server.signaling.crowd import Crowd, Socket
from server.signaling.holds import Holds

log = structlog.get_logger(__name__)

DESK_PAUSE_S = 0.5
_T = TypeVar("_T")
_Heard = Callable[[dict[str, Any]], Awaitable[None]]


class Listener:
    """Passes on what the bus says. Messages that are not as they should be are noted and left."""

    def __init__(self, house: House, crowd: Crowd, holds: Holds, rooms: Rooms) -> None:
        self._house = house
        self._crowd = crowd
        self._holds = holds
        self._rooms = rooms
        self._desk = Bell()
        self._told: dict[RecordingId, RecordingProgress] = {}
        self._by_kind: dict[str, _Heard] = {
            "entry": self._entry,
            "queue": self._queue,
            "case": self._case,
            "desk": self._desk_changed,
            "broadcast": self._broadcast,
            "consent": self._consent,
            "recording": self._recording,
            "visitor_revoked": self._visitor_revoked,
            "agent_signed_out": self._agent_signed_out,
            "session_ended": self._session_ended,
            "hold": self._hold,
            "viewers": self._viewers,
            "audience": self._audience,
        }

    async def hear(self, message: dict[str, Any]) -> None:
        """One message of the bus."""
        handler = self._by_kind.get(str(message.get("kind")))
        if handler is None:
            log.warning("bus_message_unknown")
            return
        try:
            await handler(message)
        except (ValidationError, KeyError, TypeError) as error:
            log.warning("bus_message_wrong", kind=message["kind"], error=type(error).__name__)

    async def look_again(self) -> None:
        """Something may have been missed: every page gets what the database has, and desks refetch."""
        for socket in self._crowd.all():
            await self.catch_up(socket)
        self._rooms.look_again()
        self._desk.ring()

    async def catch_up(self, socket: Socket) -> None:
        """Sends what the page's cases have and it has not."""
        for watcher in list(socket.watching.values()):
            try:
                await watcher.catch_up(self._house)
            except OaseError as error:
                log.info("feed_behind", code=error.code)
            except Exception:  # The edge: one page's feed, not everybody's. The sweep tries it again.
                log.exception("feed_failed")

    async def _entry(self, message: dict[str, Any]) -> None:
        entry = _read(Entry, message["entry"])
        for socket, case in self._crowd.watching([CaseId(message["case"])]):
            watcher = socket.watching.get(case)
            if watcher is None:
                continue
            try:
                await watcher.hear(self._house, entry)
            except OaseError as error:
                log.info("feed_behind", code=error.code)

    async def _queue(self, message: dict[str, Any]) -> None:
        for plain in message["places"]:
            place = _read(QueuePlace, plain)
            await self._tell_watchers([place.case], "queue", QueueTold(place.case, place.queue))

    async def _case(self, message: dict[str, Any]) -> None:
        change = _read(CaseChange, message["change"])
        await self._tell_watchers([change.case], "case", change)

    async def _broadcast(self, message: dict[str, Any]) -> None:
        """To the pages of those who may be on stage: agents, customers and guests of the session. Viewers' next requests are judged anew."""
        change = _read(BroadcastChange, message["change"])
        self._house.streams.forget(change.session)
        for socket in self._crowd.in_session([CaseId(case) for case in message["cases"]], change.session):
            await self._crowd.tell(socket, "broadcast", change)

    async def _tell_watchers(self, cases: list[CaseId], event: str, body: Any) -> None:
        for socket, case in self._crowd.watching(cases):
            if may_read_case(socket.principal, case):
                await self._crowd.tell(socket, event, body)

    async def _desk_changed(self, message: dict[str, Any]) -> None:
        self._desk.ring()

    async def tell_desks_forever(self) -> None:
        """Two `desk` events a second at most. Run as a task."""
        while True:
            await self._desk.wait(3600.0)
            await asyncio.gather(
                *(self._crowd.tell(socket, "desk", DeskTold()) for socket in self._crowd.at_desk()),
                return_exceptions=True,  # A page that cannot be told costs nobody else the news.
            )
            await asyncio.sleep(DESK_PAUSE_S)

    async def _consent(self, message: dict[str, Any]) -> None:
        person, question = _read(Person, message["person"]), _read(ConsentQuestion, message["question"])
        for socket in self._crowd.all():
            if is_person(socket.principal, person):
                wording = question.wording.get(socket.language) or next(iter(question.wording.values()), "")
                version, words = question.wording_version, question.wording
                body = ConsentTold(question.session, question.purpose, "asked", wording, version, words)
                await self._crowd.tell(socket, "consent", body)

    async def _recording(self, message: dict[str, Any]) -> None:
        """Each web process hears the worker's report and says it; it is told once."""
        progress = _read(RecordingProgress, message["progress"])
        if self._told.get(progress.recording) == progress:
            return
        self._told[progress.recording] = progress
        if len(self._told) > 1000:
            del self._told[next(iter(self._told))]
        for socket in self._crowd.in_session([CaseId(case) for case in message["cases"]], progress.session):
            await self._crowd.tell(socket, "recording", progress)

    async def _visitor_revoked(self, message: dict[str, Any]) -> None:
        link, visitor_id = LinkId(message["link"]), message.get("visitor")
        for socket, visitor in self._crowd.visitors():
            holds_link = any(grant.link_id == link for grant in visitor.links)
            if holds_link and visitor_id in {None, visitor.visitor_id}:
                await self.dismiss(socket, "revoked")

    async def _agent_signed_out(self, message: dict[str, Any]) -> None:
        session_hash = message.get("session_hash")
        for socket in self._crowd.all():
            agent = socket.principal
            is_theirs = isinstance(agent, Agent) and agent.agent_id == message["agent"]
            if isinstance(agent, Agent) and is_theirs and session_hash in {None, agent.session_hash}:
                await self.dismiss(socket, "signed_out")

    async def dismiss(self, socket: Socket, reason: str) -> None:
        """Tells the page why, and closes its socket."""
        log.info("socket_dismissed", reason=reason)
        await self._crowd.tell(socket, "bye", adapter(Bye).validate_python({"reason": reason, "again_in_s": 0.0}))
        await self._crowd.close(socket)

    async def _session_ended(self, message: dict[str, Any]) -> None:
        session = SessionId(message["session"])
        for socket in self._crowd.in_session([CaseId(case) for case in message["cases"]], session):
            await self._crowd.tell(socket, "session_ended", SessionEndedTold(session))

    async def _viewers(self, message: dict[str, Any]) -> None:
        counts = {
            SessionId(one): Viewers(int(pages), int(players)) for one, (pages, players) in message["counts"].items()
        }
        self._house.viewers.hear(str(message["process"]), counts)

    async def _hold(self, message: dict[str, Any]) -> None:
        self._holds.take(ConnectionId(message["connection"]), str(message["sid"]))

    async def _audience(self, message: dict[str, Any]) -> None:
        self._rooms.hear(SessionId(message["session"]), _read(AudienceChange, message["change"]))


def _read(kind: type[_T], plain: Any) -> _T:
    """A message's part as its dataclass. Raises ValidationError."""
    found: _T = adapter(kind).validate_python(plain)
    return found
