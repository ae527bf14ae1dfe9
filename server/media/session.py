"""One session on this worker: who is here, who is on stage, and who sees whom. No names, no rules about who may: the web process knows those."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from server.media.peer.connection import Connection
from server.media.peer.publication import Publication
from server.media.protocol import Event, ParticipantView, SessionView
from server.media.slots import assign
from server.media.tap import Source, Tap

SPEAKING = 127 - 50.0
"""Louder than -50 dBov is speech; a quiet room lies below -60."""


@dataclass(slots=True)
class Participant:
    """One person's seat. The connection may go and come; the seat stays until it is taken away."""

    id: str
    connection: Connection | None = None
    on_stage: bool = False
    watches: bool = False
    state: dict[str, Any] = field(default_factory=dict)

    def live(self) -> list[Publication]:
        """Sources from which packets come."""
        if self.connection is None:
            return []
        return [publication for publication in self.connection.publications if publication.live]

    def view(self) -> ParticipantView:
        """For the web process."""
        connection = self.connection
        return ParticipantView(
            self.id,
            connection.id if connection is not None else None,
            self.on_stage,
            connection is not None and connection.is_connected,
            [publication.source.value for publication in self.live()],
            self.state,
        )


class Session:
    """Everybody on stage gets everybody else on stage. `announce` gets `slots` and `roster` events."""

    def __init__(self, session: str, announce: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self.id = session
        self.participants: dict[str, Participant] = {}
        self.recording: str | None = None
        self.is_over = False
        self.empty_since = clock()
        self._announce = announce
        self._clock = clock
        self._taps: tuple[Tap, ...] = ()

    def seat(
        self,
        participant: str,
        connection: Connection | None,
        on_stage: bool | None,
        state: dict[str, Any] | None,
        *,
        watches: bool = False,
    ) -> Connection | None:
        """Puts the participant where it belongs; the connection that it had before, if this one replaces it."""
        seat = self.participants.setdefault(participant, Participant(participant))
        replaced = None
        if connection is not None and connection is not seat.connection:
            replaced, seat.connection = seat.connection, connection
            connection.session, connection.participant = self.id, participant
            if replaced is not None:
                replaced.session = replaced.participant = ""
        seat.watches = watches
        if on_stage is not None:
            seat.on_stage = on_stage
        if state is not None:
            seat.state = state
        self.refresh()
        return replaced

    def unseat(self, participant: str) -> Connection | None:
        """The participant is gone from the session; its connection, which stays open."""
        seat = self.participants.pop(participant, None)
        if seat is None:
            return None
        connection = seat.connection
        if connection is not None:
            connection.session = connection.participant = ""
            self._empty(connection)
        self.refresh()
        return connection

    def _empty(self, connection: Connection) -> None:
        for publication in connection.publications:
            publication.participant = ""
            publication.taps = ()
        if assign(connection.parts.outlets, []):
            self._announce(Event("slots", {"connection": connection.id, "slots": connection.slots()}))

    def lost(self, connection: Connection) -> None:
        """The connection is over; its participant keeps the seat."""
        seat = self.participants.get(connection.participant)
        if seat is not None and seat.connection is connection:
            seat.connection = None
            if seat.watches:
                del self.participants[seat.id]
            self.refresh()

    def refresh(self) -> None:
        """Sets taps and slots after any change, and says what changed."""
        for seat in self.participants.values():
            if seat.connection is not None:
                for publication in seat.connection.publications:
                    publication.participant = seat.id
                    publication.taps = self._taps if seat.on_stage else ()
        for seat in self.participants.values():
            if seat.connection is not None and seat.connection.is_connected:
                self._assign(seat, seat.connection)
        self._announce(Event("roster", {"session": self.id, "participants": self.view().participants}))

    def _assign(self, viewer: Participant, connection: Connection) -> None:
        wanted: list[Publication] = []
        if viewer.on_stage or viewer.watches:
            for seat in self.participants.values():
                if (
                    seat is not viewer
                    and seat.on_stage
                    and seat.connection is not None
                    and seat.connection.is_connected
                ):
                    wanted += seat.live()
        if assign(connection.parts.outlets, wanted):
            self._announce(Event("slots", {"connection": connection.id, "slots": connection.slots()}))

    def quiet(self, now: float) -> None:
        """Takes sources that have fallen silent out of their slots. To be called a few times a second."""
        changed = False
        for seat in self.participants.values():
            for publication in seat.live():
                if publication.is_silent(now, seat.state.get(publication.source.value) is False):
                    publication.live = False
                    changed = True
        if changed:
            self.refresh()
        if any(seat.connection is not None for seat in self.participants.values()):
            self.empty_since = now

    def loudest(self) -> str | None:
        """The participant on stage whose microphone is loudest, if anybody speaks at all."""
        best, loudness = None, SPEAKING
        for seat in self.participants.values():
            for publication in seat.live() if seat.on_stage else ():
                if publication.source is Source.MICROPHONE and publication.loudness > loudness:
                    best, loudness = seat.id, publication.loudness
        return best

    def add_tap(self, tap: Tap) -> None:
        """`tap` gets every packet of everybody on stage from now on; a key frame of each picture is asked for."""
        self._taps += (tap,)
        self.refresh()
        self.wish_key_frames()

    def wish_key_frames(self) -> None:
        """Asks for a key frame of each picture, merged to one a second."""
        for seat in self.participants.values():
            for publication in seat.live():
                publication.wish_key_frames()

    def remove_tap(self, tap: Tap) -> None:
        """`tap` gets nothing more."""
        self._taps = tuple(other for other in self._taps if other is not tap)
        self.refresh()

    def request_key_frame(self, participant: str, source: Source) -> None:
        """Asks for a key frame, merged to one a second. Unknown and silent sources are no error."""
        seat = self.participants.get(participant)
        for publication in seat.live() if seat is not None else ():
            if publication.source is source:
                publication.wish_key_frame_of_feed(self._clock())

    def view(self) -> SessionView:
        """Who is here; who only watches is not told."""
        listed = [seat.view() for seat in self.participants.values() if not seat.watches]
        return SessionView(self.id, listed, self.recording)

    @property
    def watching(self) -> int:
        """How many only watch."""
        return sum(seat.watches for seat in self.participants.values())
