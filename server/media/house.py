"""The media worker's inside: connections, sessions, and the rounds that keep them going. `control.py` is its door for the web process."""

import asyncio
import contextlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

import structlog

from server.config import Settings
from server.errors import BadSdp, Busy, EtagStale, NoCommonCodec, NotFound, SessionEnded
from server.media.care import Care
from server.media.edge.addresses import announced_addresses, listen_addresses
from server.media.edge.counters import Counters
from server.media.edge.edge import Edge
from server.media.events import Events
from server.media.load import Lateness, Load, is_full
from server.media.native.forwarder import load
from server.media.packet_feed import PacketFeeds
from server.media.peer.build import build
from server.media.peer.connection import Connection
from server.media.peer.layer import Layer
from server.media.peer.places import Places
from server.media.peer.publication import Publication
from server.media.peer.reports import Reports
from server.media.programme import Programme
from server.media.protocol import (
    CONNECTIONS_MAX,
    Answer,
    Event,
    Fragment,
    Offer,
    Renewal,
    Restart,
    Seat,
    SessionView,
    Shown,
    Tiles,
    new_connection_id,
)
from server.media.quarantine import Quarantine
from server.media.recordings import Recordings
from server.media.relay import forward
from server.media.rtp.ring import MediaPacket
from server.media.sdp.answer import Transport, write_answer
from server.media.sdp.fragment import read_fragment, write_fragment
from server.media.sdp.offer import read_offer
from server.media.sdp.one_way import one_way
from server.media.seam import fingerprint, make_certificate
from server.media.session import Session
from server.tasks import Tasks

log = structlog.get_logger(__name__)

SET_UPS_AT_ONCE = 10
BUSY_AGAIN_S = 10
ROUND_S = 0.025
LINES_ROUNDS = 200
"""Every five seconds it is told what the lines did."""
VIEWERS_MAX = 100
"""Of one session; somebody with a watch key must not take the places of those who talk."""
CERTIFICATE_S = 7 * 86_400.0
"""aiortc's certificates are valid for 30 days; a worker may run longer."""
CLOSE_LIMIT_S = 5.0
ENDED_KEPT = 1000
"""Ids of ended sessions; a late message about one of them must not begin it again."""
EMPTY_SESSION_S = 6 * 3600.0


class House:
    """Start it with `open`, end it with `close`. `clock` is the loop's clock; tests give their own."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic, plain: bool = False) -> None:
        """`plain` sends packets one by one, as on systems without `sendmmsg`."""
        self.counters = Counters()
        self.events = Events(secrets.token_urlsafe(8))
        self.connections: dict[str, Connection] = {}
        self.sessions: dict[str, Session] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self.clock = clock
        self._settings = settings
        forwarder = load() if settings.media_compiled else None
        self._edge = Edge(self.counters, clock, plain, forwarder)
        self._certificate = make_certificate()
        self._certificate_at = clock()
        self._wall_offset = time.time() - clock()
        self._reports = Reports(self._wall)
        self._tasks = Tasks("media")
        self._care = Care(self._reports, self.events.send, self._tasks)
        self.recordings = Recordings(settings.recordings, settings.record_reserve_bytes, self.events.send, self._tasks)
        self.packet_feeds = PacketFeeds(clock, self._send)
        self._places = Places(SET_UPS_AT_ONCE)
        self._quarantine = Quarantine(self._give_up)
        self._desk = asyncio.Lock()
        self.load = Load()
        self.lateness = Lateness()
        self._addresses: list[str] = []
        self.port = 0

    async def open(self) -> None:
        """Opens the media port (UDP and TCP) and starts the rounds. Raises OSError when the port is taken."""
        listening = listen_addresses(self._settings)
        self._addresses = announced_addresses(self._settings, listening)
        self.port = self._edge.open(listening, self._settings.own_media_port)
        await self._edge.open_tcp()
        self._tasks.start(self._rounds(), "rounds")
        log.info(
            "media_open",
            number=self._settings.media_number,
            port=self.port,
            addresses=self._addresses,
            forwarding=self._edge.forwarding,
        )

    async def close(self) -> None:
        """Tells every browser that it is over, then closes the port."""
        await asyncio.gather(self.recordings.close(), self._close_all(list(self.connections.values())))
        await self._tasks.close()
        self._edge.close()

    @staticmethod
    async def _close_all(connections: list[Connection]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await asyncio.gather(*(connection.close("ended") for connection in connections))

    @property
    def is_full(self) -> bool:
        """Whether one more would be felt by those who are here."""
        return is_full(self.load.share(), self.lateness.usual_s())

    # What the control routes do.

    async def connect(self, offer: Offer) -> Answer:
        """A connection for a browser's offer, one at a time and with packets in between. Raises BadSdp, NoCommonCodec, Busy."""
        async with self._desk:
            await asyncio.sleep(0)
            return self._connect(offer)

    def _connect(self, offer: Offer) -> Answer:
        if len(self.connections) >= CONNECTIONS_MAX or (self.is_full and not offer.returns):
            raise Busy(retry_after_s=BUSY_AGAIN_S)
        if self.clock() - self._certificate_at > CERTIFICATE_S:
            self._certificate, self._certificate_at = make_certificate(), self.clock()
        read = read_offer(offer.sdp)
        sources = offer.sources if offer.way == "both" else one_way(read, offer.way)
        parts = build(read, sources, self.counters)
        connection = Connection(
            self._edge,
            self,
            parts,
            read,
            self._certificate,
            self.clock,
            self._reports,
            self._handshake,
            new_connection_id(self._settings.media_number),
        )
        self.connections[connection.id] = connection
        self.counters.add("connections_made")
        return self._answer(connection)

    def restart(self, connection: str, restart: Restart) -> Answer:
        """ICE restart: new credentials, same keys. Raises NotFound, BadSdp."""
        found = self._connection(connection)
        read = read_offer(restart.sdp)
        if [section.mid for section in read.sections] != [line.mid for line in found.parts.lines]:
            raise BadSdp(reason="other_sections")
        if read.fingerprint != found.fingerprint:
            raise BadSdp(reason="other_fingerprint")
        found.answered += 1
        found.remote_ufrag = read.ufrag
        return self._answer(found)

    def patch(self, connection: str, fragment: Fragment) -> Renewal:
        """A fragment with other credentials restarts ICE; candidates are not needed. Raises NotFound, BadSdp, EtagStale."""
        found = self._connection(connection)
        ufrag = read_fragment(fragment.sdp)
        if fragment.match not in ("*", found.ufrag):
            raise EtagStale
        if ufrag == found.remote_ufrag:
            return Renewal(found.ufrag)
        found.answered += 1
        found.remote_ufrag = ufrag
        text = write_fragment(self._transport(found), found.parts.lines)
        return Renewal(found.ufrag, text)

    def _answer(self, connection: Connection) -> Answer:
        text = write_answer(self._transport(connection), connection.parts.lines)
        return Answer(connection.id, text, connection.slots(), connection.ufrag)

    def _transport(self, connection: Connection) -> Transport:
        """How the connection is reached from now on."""
        ufrag, password = connection.new_credentials()
        return Transport(
            session=connection.number,
            version=connection.answered,
            ufrag=ufrag,
            password=password,
            fingerprint=fingerprint(connection.certificate),
            setup=connection.setup,
            addresses=self._addresses,
            port=self.port,
            tcp=True,
        )

    async def close_connection(self, connection: str, reason: str = "ended") -> None:
        """Ends a connection; an unknown one is no error."""
        found = self.connections.get(connection)
        if found is not None:
            await found.close(reason)

    def seat(self, session: str, participant: str, seat: Seat) -> SessionView:
        """Seats a participant. Raises NotFound when the connection is unknown or gone, SessionEnded (and the connection is closed), NoCommonCodec."""
        connection = self._connection(seat.connection) if seat.connection is not None else None
        if connection is not None and seat.audience and not Programme.fits(connection.parts.outlets):
            raise NoCommonCodec
        if session in self._ended:
            if connection is not None and connection.session in ("", session):
                self._tasks.start(connection.close("ended"), "close")
            raise SessionEnded
        if (
            connection is not None
            and connection.session
            and (connection.session, connection.participant) != (session, participant)
        ):
            self.unseat(connection.session, connection.participant)
        found = self.sessions.get(session)
        if found is None:
            found = self.sessions[session] = Session(session, self._announce, self.clock)
        if seat.watches and found.watching >= VIEWERS_MAX:
            raise Busy(retry_after_s=BUSY_AGAIN_S)
        replaced = found.seat(
            participant,
            connection,
            seat.on_stage,
            seat.state,
            watches=seat.watches,
            audience=seat.audience,
            outsider=seat.outsider,
        )
        if replaced is not None:
            self._tasks.start(replaced.close("replaced"), "close")
        self._ask_now(found)
        return found.view()

    def unseat(self, session: str, participant: str) -> None:
        """The participant leaves; its connection stays."""
        found = self.sessions.get(session)
        if found is not None:
            found.unseat(participant)

    def session(self, session: str) -> Session:
        """Raises NotFound."""
        found = self.sessions.get(session)
        if found is None:
            raise NotFound
        return found

    def show(self, session: str, shown: Shown) -> None:
        """What the audience sees, and whom outsiders; without a programme there is no audience. Raises NotFound."""
        found = self.session(session)
        found.show(shown.programme, shown.to_outsiders)
        for connection in found.audience() if shown.programme is None else ():
            self._tasks.start(connection.close("ended"), "close")

    def wake_cameras(self, session: str) -> None:
        """Asks everybody in the session for key frames, whether anybody sees them yet or not. Raises NotFound."""
        found = self.session(session)
        found.wish_key_frames()
        self._ask_now(found)

    async def end_session(self, session: str) -> None:
        """Everybody out at once, connections closed; then the recording is on the disk, which may take its time."""
        found = self.sessions.pop(session, None)
        if found is None:
            return
        self._ended[session] = None
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)
        found.is_over = True
        self.packet_feeds.end_of(found)
        connections = [seat.connection for seat in found.participants.values() if seat.connection is not None]
        for connection in connections:
            connection.end("ended")
        await asyncio.gather(self.recordings.stop_of(found), self._close_all(connections))

    def _announce(self, event: Event) -> None:
        self.events.send(event)
        self.recordings.heard(event)
        self.packet_feeds.heard(event)

    def _connection(self, connection: str) -> Connection:
        found = self.connections.get(connection)
        if found is None or found.is_gone:
            raise NotFound
        return found

    def see(self, connection: str, tiles: Tiles) -> None:
        """How large the browser shows what it gets. Raises NotFound."""
        found = self._connection(connection)
        found.parts.choice.see({tile.mid: (tile.width, tile.height) for tile in tiles.tiles})
        self._care.choose(found, self.clock())

    # What connections tell.

    def connected(self, connection: Connection) -> None:
        self.counters.add("connections_up")
        self.events.send(Event("connected", _facts(connection)))
        if connection.session in self.sessions:
            self.sessions[connection.session].connected(connection)
            self._ask_now(self.sessions[connection.session])

    def gone(self, connection: Connection, reason: str) -> None:
        self.connections.pop(connection.id, None)
        self.counters.add(f"gone_{reason}")
        self.events.send(Event("gone", {**_facts(connection), "reason": reason}))
        if connection.session in self.sessions:
            found = self.sessions[connection.session]
            self._quarantine.guard(found, self.clock(), lambda session, now: session.lost(connection))

    def source_live(self, connection: Connection, publication: Publication) -> None:
        if connection.session in self.sessions:
            self.sessions[connection.session].refresh()

    def _ask_now(self, session: Session) -> None:
        """Somebody may wait for a picture: the next round would ask for the key frame 25 ms later."""
        for seat in session.participants.values():
            if seat.connection is not None and seat.connection.is_connected:
                self._reports.often(seat.connection, self.clock())

    def _send(self, packets: Iterable[tuple[Layer, MediaPacket]]) -> None:
        """What composers make goes out as what comes from people does."""
        for layer, packet in packets:
            forward(layer, packet, self._edge.forwarder)
        self._edge.flush()

    def _handshake(self, connection: Connection) -> None:
        self._tasks.start(connection.handshake(self._places), "handshake")

    # The rounds.

    async def _rounds(self) -> None:
        count = 0
        while True:
            asleep_at = time.monotonic()
            await asyncio.sleep(ROUND_S)
            self.lateness.note(time.monotonic() - asleep_at - ROUND_S)
            self.round(count)
            count += 1

    def round(self, count: int) -> None:
        """One round of 25 ms, by `care.py`; sessions are looked at less often."""
        now = self.clock()
        self._care.round(list(self.connections.values()), count, now)
        for session in self.packet_feeds.sessions():
            self._quarantine.run(session, now, self.packet_feeds.look)
        if count % 8 == 0:
            self._tend_all(now, self._tend)
        if count % LINES_ROUNDS == 0:
            self._tend_all(now, self._say_lines)
        if count % 400 == 0:
            self._forget_empty(now)
        self._edge.flush()

    def _wall(self, now: float) -> float:
        return now + self._wall_offset

    def _tend_all(self, now: float, work: Callable[[Session, float], None]) -> None:
        for session in list(self.sessions.values()):
            self._quarantine.run(session, now, work)

    def _tend(self, session: Session, now: float) -> None:
        session.quiet(now)
        session.listen(now)
        self.recordings.listen(session)

    def _give_up(self, session: Session) -> None:
        self.counters.add("sessions_quarantined")
        self._tasks.start(self.end_session(session.id), "give_up")

    def _say_lines(self, session: Session, now: float) -> None:
        lines = session.lines(now)
        if lines:
            told = {"session": session.id, "at": round(self._wall(now), 1), "seconds": LINES_ROUNDS * ROUND_S}
            self.events.send(Event("lines", {**told, "lines": lines}))

    def _forget_empty(self, now: float) -> None:
        for session in list(self.sessions.values()):
            is_used = session.recording is not None or self.packet_feeds.has(session)
            if not is_used and now - session.empty_since > EMPTY_SESSION_S:
                del self.sessions[session.id]


def _facts(connection: Connection) -> dict[str, str]:
    return {"connection": connection.id, "session": connection.session, "participant": connection.participant}
