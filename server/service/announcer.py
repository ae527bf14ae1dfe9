"""What the services say to everybody who is connected. Always after the commit, never instead of the database."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from server.domain.principal import Person
from server.domain.viewers import Viewers
from server.domain.words import AgentId, CaseId, ConnectionId, LinkId, SessionId, VisitorId
from server.media.protocol import LayersView
from server.service.audience.views import AudienceChange
from server.service.broadcast_views import BroadcastChange
from server.service.media_views import PersonLine, Speaking
from server.service.views import (
    CaseChange,
    ConsentQuestion,
    Entry,
    QueuePlace,
    RecordingProgress,
    Roster,
    SlotView,
)


class Announcer(Protocol):
    """The way up to the sockets. No method raises: what cannot be said is fetched again by the pages.

    Who may hear what: `domain.rights.may_see_entry(principal, entry.case, entry.session, entry.visibility)`.
    """

    async def entry(self, case: CaseId, entry: Entry) -> None:
        """A new line in a case's timeline."""

    async def queue_changed(self, places: Sequence[QueuePlace]) -> None:
        """The place of everybody who waits, after each change of the queue: one `queue` event to each case."""

    async def case_changed(self, change: CaseChange) -> None:
        """A case was taken, released, ended, closed or reopened."""

    async def broadcast_changed(self, cases: Sequence[CaseId], change: BroadcastChange) -> None:
        """A broadcast stands otherwise. `cases` are its session's; everybody of its audience may know, too."""

    async def desk_changed(self) -> None:
        """The agents' lists changed (to be throttled by the announcer)."""

    async def roster(self, cases: Sequence[CaseId], roster: Roster, to_outsiders: Roster) -> None:
        """Who is in a session changed. `cases` are the session's; who came from its audience on stage is told less."""

    async def slots(self, connection: ConnectionId, slots: Sequence[SlotView]) -> None:
        """Who is in which slot of one connection."""

    async def speaking(self, connections: Sequence[ConnectionId], speaking: Speaking) -> None:
        """Who speaks in a session, for the pages that hold these connections."""

    async def layers(self, connection: ConnectionId, sources: Sequence[LayersView]) -> None:
        """What the page behind one connection should send of its sources. Those that are not named stay as they are."""

    async def lines(self, session: SessionId, lines: Mapping[ConnectionId, PersonLine]) -> None:
        """How the lines in a session are, by connection: agents among their pages hear of all, the others of their own."""

    async def gone(self, connection: ConnectionId, reason: str) -> None:
        """A media connection is closed."""

    async def media(self, state: Literal["away", "back"], home: int) -> None:
        """The media worker of this number went away, or is back without any of the old connections."""

    async def consent_asked(self, person: Person, question: ConsentQuestion) -> None:
        """One person is asked for consent. A socket is that person's if `domain.rights.is_person(principal, person)`."""

    async def recording(self, cases: Sequence[CaseId], progress: RecordingProgress) -> None:
        """A recording started, grew, stopped, failed, or is being finished."""

    async def visitor_revoked(self, visitor: VisitorId | None, link: LinkId) -> None:
        """A link was revoked: its sockets are to be closed (all of the link's when `visitor` is None)."""

    async def agent_signed_out(self, agent: AgentId, session_hash: str | None) -> None:
        """A sign-in ended: its sockets are to be closed; all of the agent's when `session_hash` is None."""

    async def session_ended(self, cases: Sequence[CaseId], session: SessionId) -> None:
        """A session is over; guests lose their access to what comes after."""

    async def viewers(self, process: str, here: Mapping[SessionId, Viewers]) -> None:
        """How many viewers each broadcast has in one web process, for the others."""

    async def audience(self, session: SessionId, change: AudienceChange) -> None:
        """Something changed for the audience of a broadcast, or for its moderators."""
