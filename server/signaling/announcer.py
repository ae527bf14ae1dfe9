"""What the services say, on its way to the pages: over the bus to all web processes, or, for what every process hears from the media worker itself,
straight to the sockets here."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from server.api.answers import GoneTold, LayersOfSource, LayersTold, MediaTold, SlotsTold
from server.api.metrics import METRICS
from server.api.wire import to_plain
from server.domain.principal import Agent, Person
from server.domain.viewers import Viewers
from server.domain.words import AgentId, CaseId, ConnectionId, LinkId, SessionId, VisitorId
from server.media.protocol import LayersView, worker_of
from server.service.audience.views import AudienceChange
from server.service.broadcast_views import BroadcastChange
from server.service.media_views import LinesTold, PersonLine, Speaking
from server.service.views import (
    CaseChange,
    ConsentQuestion,
    Entry,
    QueuePlace,
    RecordingProgress,
    Roster,
    SlotView,
)
from server.signaling.bus import Bus
from server.signaling.crowd import Crowd
from server.signaling.holds import Holds

PLACES_A_MESSAGE = 500


class SocketAnnouncer:
    """`service.announcer.Announcer` for real sockets. No method raises or waits for a page."""

    def __init__(self, bus: Bus, crowd: Crowd, holds: Holds) -> None:
        self._bus = bus
        self._crowd = crowd
        self._holds = holds
        self._had_viewers = False
        self._slots: dict[
            ConnectionId, SlotsTold
        ] = {}  # The newest of each open connection: a page may hold it only later.
        self._speaking: dict[ConnectionId, Speaking] = {}
        self._layers: dict[ConnectionId, dict[str, LayersOfSource]] = {}  # The same, by m-line.

    def _say(self, kind: str, **body: Any) -> None:
        self._bus.say({"kind": kind, **body})

    async def entry(self, case: CaseId, entry: Entry) -> None:
        self._say("entry", case=case, entry=to_plain(entry))

    async def queue_changed(self, places: Sequence[QueuePlace]) -> None:
        for start in range(0, max(1, len(places)), PLACES_A_MESSAGE):
            self._say("queue", places=[to_plain(place) for place in places[start : start + PLACES_A_MESSAGE]])

    async def case_changed(self, change: CaseChange) -> None:
        self._say("case", change=to_plain(change))

    async def broadcast_changed(self, cases: Sequence[CaseId], change: BroadcastChange) -> None:
        self._say("broadcast", cases=list(cases), change=to_plain(change))

    async def desk_changed(self) -> None:
        self._say("desk")

    async def consent_asked(self, person: Person, question: ConsentQuestion) -> None:
        self._say("consent", person=to_plain(person), question=to_plain(question))

    async def recording(self, cases: Sequence[CaseId], progress: RecordingProgress) -> None:
        self._say("recording", cases=list(cases), progress=to_plain(progress))

    async def visitor_revoked(self, visitor: VisitorId | None, link: LinkId) -> None:
        self._say("visitor_revoked", visitor=visitor, link=link)

    async def agent_signed_out(self, agent: AgentId, session_hash: str | None) -> None:
        self._say("agent_signed_out", agent=agent, session_hash=session_hash)

    async def session_ended(self, cases: Sequence[CaseId], session: SessionId) -> None:
        self._say("session_ended", cases=list(cases), session=session)

    async def viewers(self, process: str, here: Mapping[SessionId, Viewers]) -> None:
        if here or self._had_viewers:
            counts = {session: [one.pages, one.players] for session, one in here.items()}
            self._say("viewers", process=process, counts=counts)
        self._had_viewers = bool(here)

    async def audience(self, session: SessionId, change: AudienceChange) -> None:
        self._say("audience", session=session, change=to_plain(change))

    async def hold(self, connection: ConnectionId, sid: str) -> None:
        """A page took a connection: every process has to know the last holder, and the page what was said before."""
        self._holds.take(connection, sid)
        self._say("hold", connection=connection, sid=sid)
        if connection in self._slots:
            await self._tell_holder(connection, "slots", self._slots[connection])
        if connection in self._speaking:
            await self._tell_holder(connection, "speaking", self._speaking[connection])
        if connection in self._layers:
            await self._tell_layers(connection)

    async def roster(self, cases: Sequence[CaseId], roster: Roster, to_outsiders: Roster) -> None:
        pages = self._crowd.in_session(cases, roster.session)
        await asyncio.gather(
            *(
                self._crowd.tell(socket, "roster", to_outsiders if socket.stage == roster.session else roster)
                for socket in pages
            )
        )

    async def slots(self, connection: ConnectionId, slots: Sequence[SlotView]) -> None:
        self._slots[connection] = SlotsTold(connection, list(slots))
        await self._tell_holder(connection, "slots", self._slots[connection])

    async def speaking(self, connections: Sequence[ConnectionId], speaking: Speaking) -> None:
        self._speaking |= dict.fromkeys(connections, speaking)
        await asyncio.gather(*(self._tell_holder(one, "speaking", speaking) for one in connections))

    async def layers(self, connection: ConnectionId, sources: Sequence[LayersView]) -> None:
        kept = self._layers.setdefault(connection, {})
        kept |= {one.mid: LayersOfSource(one.mid, one.rids, one.limit_bps) for one in sources}
        await self._tell_layers(connection)

    async def _tell_layers(self, connection: ConnectionId) -> None:
        told = LayersTold(connection, list(self._layers[connection].values()))
        await self._tell_holder(connection, "layers", told)

    async def lines(self, session: SessionId, lines: Mapping[ConnectionId, PersonLine]) -> None:
        METRICS.see_lines(lines.values())
        everybody = LinesTold(session, list(lines.values()))
        for connection, own in lines.items():
            socket = self._crowd.find(self._holds.holder(connection) or "")
            if socket is not None:
                is_agent = isinstance(socket.principal, Agent)
                await self._crowd.tell(socket, "lines", everybody if is_agent else LinesTold(session, [own]))

    async def gone(self, connection: ConnectionId, reason: str) -> None:
        await self._tell_holder(connection, "gone", GoneTold(connection, reason))
        self._holds.forget(connection)
        self._slots.pop(connection, None)
        self._speaking.pop(connection, None)
        self._layers.pop(connection, None)

    async def _tell_holder(self, connection: ConnectionId, event: str, body: Any) -> None:
        """The page that holds the connection, if it is connected to this process."""
        socket = self._crowd.find(self._holds.holder(connection) or "")
        if socket is not None:
            await self._crowd.tell(socket, event, body)

    async def media(self, state: Literal["away", "back"], home: int) -> None:
        self._slots = {one: told for one, told in self._slots.items() if worker_of(one) != home}
        self._speaking = {one: told for one, told in self._speaking.items() if worker_of(one) != home}
        self._layers = {one: told for one, told in self._layers.items() if worker_of(one) != home}
        told = MediaTold(state, home)
        await self._crowd.tell_all(self._crowd.all(), "media", told)
