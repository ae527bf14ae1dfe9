"""One session on this worker: who is here, who is on stage, and who sees whom. No names, no rules about who may: the web process knows those."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from server.media.peer.connection import Connection
from server.media.peer.publication import Publication
from server.media.programme import Programme
from server.media.protocol import Event, LineView, ParticipantView, SessionView
from server.media.rtp.loudness import QUIET
from server.media.rtp.speakers import Speakers
from server.media.slots import assign
from server.media.tap import Source, Tap


@dataclass(slots=True)
class Participant:
    """One person's seat. The connection may go and come; the seat stays until it is taken away."""

    id: str
    connection: Connection | None = None
    on_stage: bool = False
    watches: bool = False
    is_audience: bool = False
    is_outsider: bool = False
    interrupted: bool = False
    state: dict[str, Any] = field(default_factory=dict)

    def live(self) -> list[Publication]:
        """Sources from which packets come."""
        if self.connection is None:
            return []
        return [publication for publication in self.connection.publications if publication.live]

    def microphone(self) -> Publication | None:
        """The one that is on, if it is."""
        return next((one for one in self.live() if one.source is Source.MICROPHONE), None)

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
            self.interrupted,
        )


class Session:
    """Everybody on stage gets everybody else on stage. `announce` gets `slots`, `roster` and `speaking` events."""

    def __init__(self, session: str, announce: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self.id = session
        self.participants: dict[str, Participant] = {}
        self.recording: str | None = None
        self.is_over = False
        self.empty_since = clock()
        self._announce = announce
        self._clock = clock
        self._taps: tuple[Tap, ...] = ()
        self._speakers = Speakers()
        self._programme: Programme | None = None
        self._shown_programme: str | None = None
        self._shown_to_outsiders: frozenset[str] = frozenset()

    def seat(
        self,
        participant: str,
        connection: Connection | None,
        on_stage: bool | None,
        state: dict[str, Any] | None,
        *,
        watches: bool = False,
        audience: bool = False,
        outsider: bool | None = None,
    ) -> Connection | None:
        """Puts the participant where it belongs; the connection that it had before, if this one replaces it."""
        seat = self.participants.setdefault(participant, Participant(participant))
        replaced = None
        if connection is not None and connection is not seat.connection:
            replaced, seat.connection = seat.connection, connection
            connection.session, connection.participant = self.id, participant
            if replaced is not None:
                replaced.session = replaced.participant = ""
        was_on_stage, seat.watches, seat.is_audience = seat.on_stage, watches, audience
        if outsider is not None:
            seat.is_outsider = outsider
        if on_stage is not None:
            seat.on_stage = on_stage
        if state is not None:
            seat.state = state
        self._changed(seat, was_on_stage)
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
        if seat.on_stage or not seat.watches:
            self.refresh()
        return connection

    def _empty(self, connection: Connection) -> None:
        for publication in connection.publications:
            publication.participant = ""
            publication.tap(())
        if assign(connection.parts.outlets, []):
            self._announce(Event("slots", {"connection": connection.id, "slots": connection.slots()}))

    def lost(self, connection: Connection) -> None:
        """The connection is over; its participant keeps the seat."""
        seat = self.participants.get(connection.participant)
        if seat is not None and seat.connection is connection:
            seat.connection = None
            if seat.watches:
                del self.participants[seat.id]
            self._changed(seat)

    def connected(self, connection: Connection) -> None:
        """The connection of somebody here is up."""
        seat = self.participants.get(connection.participant)
        if seat is not None:
            self._changed(seat)
            if seat.on_stage and self._speakers.main is not None:
                self._say_who_speaks()

    def _changed(self, seat: Participant, was_on_stage: bool = False) -> None:
        """Nobody sees who only watches, so that their coming and going is nobody else's work."""
        if was_on_stage or seat.on_stage or not seat.watches:
            self.refresh()
        elif seat.connection is not None and seat.connection.is_connected:
            self._assign(seat, seat.connection, self._shown())

    def show(self, programme: str | None, to_outsiders: Collection[str] = ()) -> None:
        """The audience gets this programme and no other, and who came from it on stage exactly these people, from now on."""
        self._shown_programme = programme
        self._shown_to_outsiders = frozenset(to_outsiders)
        self._fill()

    def play(self, programme: Programme) -> None:
        """A composer makes this of the stage from now on."""
        self._programme = programme
        self._fill()

    def drop(self, programme: Programme | None) -> None:
        """Its composer is gone."""
        if programme is not None and programme is self._programme:
            self._programme = None
            self._fill()

    def audience(self) -> list[Connection]:
        """Of nobody but those whom nobody knows."""
        seats = self.participants.values()
        return [seat.connection for seat in seats if seat.is_audience and seat.connection is not None]

    def refresh(self) -> None:
        """Sets taps and slots after any change, and says what changed."""
        for seat in self.participants.values():
            if seat.connection is not None:
                for publication in seat.connection.publications:
                    publication.participant = seat.id
        self.aim_taps()
        self._fill()
        self._announce(Event("roster", {"session": self.id, "participants": self.view().participants}))

    def aim_taps(self) -> None:
        """Each tap gets the packets of those on stage whom it takes; to be called when a tap takes others than before, or shows them larger."""
        for seat in self.participants.values():
            taps = tuple(tap for tap in self._taps if seat.on_stage and tap.takes(seat.id))
            for publication in seat.connection.publications if seat.connection is not None else ():
                publication.tap(taps)

    def _fill(self) -> None:
        shown = self._shown()
        for seat in self.participants.values():
            if seat.connection is not None and seat.connection.is_connected:
                self._assign(seat, seat.connection, shown)

    def _shown(self) -> list[Publication]:
        """All that may be seen and heard, most important first: those who speak, then those who spoke last."""
        heard = {who: place for place, who in enumerate(self._speakers.heard)}
        seen = {who: place for place, who in enumerate(self._speakers.seen)}
        found = [
            publication
            for seat in self.participants.values()
            if seat.on_stage and seat.connection is not None and seat.connection.is_connected
            for publication in seat.live()
        ]
        return sorted(found, key=lambda one: (heard if one.kind == "audio" else seen).get(one.participant, len(found)))

    def _assign(self, viewer: Participant, connection: Connection, shown: Sequence[Publication]) -> None:
        may = viewer.on_stage or viewer.watches
        wanted = [publication for publication in shown if publication.participant != viewer.id] if may else []
        if viewer.is_audience:
            wanted = self._shown_to_audience()
        if viewer.is_outsider:
            wanted = [publication for publication in wanted if publication.participant in self._shown_to_outsiders]
        if assign(connection.parts.outlets, wanted):
            self._announce(Event("slots", {"connection": connection.id, "slots": connection.slots()}))

    def _shown_to_audience(self) -> list[Publication]:
        """What the composer makes of the stage, never what comes from somebody on it: that may be behind a card, or not in the picture."""
        programme = self._programme
        return programme.publications if programme is not None and programme.stream == self._shown_programme else []

    def quiet(self, now: float) -> None:
        """Takes sources that have fallen silent out of their slots, and says whose line is interrupted. To be called a few times a second."""
        changed = False
        for seat in self.participants.values():
            interrupted = seat.connection is not None and seat.connection.is_interrupted(now)
            changed = changed or interrupted is not seat.interrupted
            seat.interrupted = interrupted
            for publication in seat.live():
                if publication.is_silent(now, seat.state.get(publication.source.value) is False):
                    publication.live = False
                    changed = True
        if changed:
            self.refresh()
        if any(seat.connection is not None for seat in self.participants.values()):
            self.empty_since = now

    def listen(self, now: float) -> None:
        """Hears who speaks, says when that changes, and gives slots to those who do. To be called a few times a second."""
        before = (self._speakers.speaking, self._speakers.main)
        orders = (self._speakers.heard, self._speakers.seen)
        self._speakers.hear(self._levels(now), now, self._least(now))
        if orders != (self._speakers.heard, self._speakers.seen):
            self._fill()
        if before != (self._speakers.speaking, self._speakers.main):
            self._say_who_speaks()

    def _levels(self, now: float) -> dict[str, float | None]:
        """Of everybody on stage; a microphone that is off is silent."""
        return {
            seat.id: microphone.loudness.at(now) if (microphone := seat.microphone()) is not None else QUIET
            for seat in self.participants.values()
            if seat.on_stage and seat.connection is not None and seat.connection.is_connected
        }

    def _least(self, now: float) -> dict[str, float]:
        """Of everybody whose microphone is on."""
        return {
            seat.id: microphone.loudness.take_least(now)
            for seat in self.participants.values()
            if (microphone := seat.microphone()) is not None and microphone.loudness.is_told
        }

    def _say_who_speaks(self) -> None:
        connections = [seat.connection.id for seat in self.participants.values() if seat.on_stage and seat.connection]
        told = {"participants": list(self._speakers.speaking), "main": self._speakers.main}
        self._announce(Event("speaking", {"session": self.id, "connections": connections, **told}))

    def lines(self, now: float) -> list[LineView]:
        """What the lines of those on stage did since this was asked last."""
        return [
            _line(seat.id, seat.connection, now)
            for seat in self.participants.values()
            if seat.on_stage and seat.connection is not None and seat.connection.is_connected
        ]

    @property
    def speaker(self) -> str | None:
        """Who has the word; also while nobody says anything."""
        return self._speakers.main

    def add_tap(self, tap: Tap) -> None:
        """`tap` gets every packet of everybody on stage whom it takes, from now on; a key frame of each of their pictures is asked for."""
        self._taps += (tap,)
        self.refresh()
        for seat in self.participants.values():
            for publication in seat.live():
                if tap in publication.taps:
                    publication.wish_key_frames()

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


def _line(participant: str, connection: Connection, now: float) -> LineView:
    outlets = connection.parts.outlets
    measured = connection.parts.meter.look(connection.publications, outlets, connection.link, now)
    twice = any(outlet.is_sent_twice for outlet in outlets)
    return LineView(
        participant, connection.id, **asdict(measured), twice=twice, lowered=connection.link.line.is_narrow(now)
    )
