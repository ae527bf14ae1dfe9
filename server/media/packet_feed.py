"""The stage's packets for composers: `GET /sessions/{session}/packets`, a WebSocket. What it says stands in `packet_wire.py`."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from aiohttp import web

from server.errors import BadField, Busy, NotFound
from server.media.packet_wire import pack, unpack
from server.media.peer.layer import Layer
from server.media.programme import Programme
from server.media.protocol import Event
from server.media.recorder.reorder import Packet
from server.media.rtp.ring import MediaPacket
from server.media.session import Session
from server.media.tap import Codec, RequestKeyFrame, Source, Tap
from server.media.wire import dump

FEEDS_MAX = 4
"""Of one session: its composer, the next one while that still ends, and somebody who looks."""
WAITING_BYTES = 2 * 2**20
"""More than a second of four people. Who reads slower than that gets a newer picture, not every one."""
MESSAGE_BYTES = 60_000
GATHER_S, SOON_S = 0.03, 0.01
"""Packets wait so long for company: a message costs as much as several packets. Less while somebody watches what the composer makes of them."""
SOURCES_MAX = 1000


class PacketFeed(Tap):
    """One composer's queue. At most WAITING_BYTES wait; then the oldest packets are dropped, counted, and a new key frame is asked for.

    Everything happens on the worker's loop, and nothing here waits for the composer but `send_to`.
    """

    def __init__(self, request_key_frame: RequestKeyFrame, aim: Callable[[], None]) -> None:
        self._request_key_frame, self._aim = request_key_frame, aim
        self.programme: Programme | None = None
        self._agreed: frozenset[str] = frozenset()
        self._tiles: dict[tuple[str, Source], tuple[int, int]] = {}
        self._numbers: dict[tuple[str, Source, Codec], int] = {}
        self._sources: list[tuple[str, Source]] = []
        self._facts: dict[str, Event] = {}
        self._packets: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._is_over = False
        self.dropped = 0

    def takes(self, participant: str) -> bool:
        """See `tap.py`."""
        return participant in self._agreed

    def tile(self, participant: str, source: Source) -> tuple[int, int] | None:
        """See `tap.py`."""
        return self._tiles.get((participant, source))

    def packet(
        self,
        participant: str,
        source: Source,
        codec: Codec,
        seq: int,
        rtp_time: int,
        marker: bool,
        payload: bytes,
        arrival: float,
        capture: float | None,
    ) -> None:
        """See `tap.py`."""
        if participant not in self._agreed or self._is_over:
            return
        number = self._number(participant, source, codec)
        data = pack(number, Packet(seq, rtp_time, marker, bytes(payload), arrival, capture))
        self._packets.append((number, data))
        self._bytes += len(data)
        while self._bytes > WAITING_BYTES:
            self._drop()
        self._wake.set()

    def _number(self, participant: str, source: Source, codec: Codec) -> int:
        key = participant, source, codec
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._sources)
            self._sources.append((participant, source))
            if number >= SOURCES_MAX:
                self.end()  # The composer comes again and starts anew.
            facts = {"number": number, "participant": participant, "source": source.value, "mime": codec.mime}
            more = {"clock_rate": codec.clock_rate, "fmtp": codec.fmtp, "channels": codec.channels}
            self.tell(Event("source", {**facts, **more}), f"source {number}")
        return number

    def _drop(self) -> None:
        number, data = self._packets.popleft()
        self._bytes -= len(data)
        self.dropped += 1
        participant, source = self._sources[number]
        if source is not Source.MICROPHONE:
            self._request_key_frame(participant, source)

    def tell(self, fact: Event, name: str = "") -> None:
        """A fact for the composer; an older one of the same name that still waits is replaced. Facts go before packets."""
        self._facts[name or fact.kind] = fact
        self._wake.set()

    def hear(self, wish: Event) -> None:
        """What the composer says. Raises BadField for what it cannot mean."""
        try:
            if wish.kind == "agreed":
                self._agree(map(str, wish.data["participants"]))
            elif wish.kind == "tiles":
                tiles = wish.data["tiles"]
                self._tiles = {
                    (str(one["participant"]), Source(one["source"])): (int(one["width"]), int(one["height"]))
                    for one in tiles
                }
                self._aim()
            elif wish.kind == "key_frame":
                self._request_key_frame(str(wish.data["participant"]), Source(wish.data["source"]))
            elif wish.kind == "programme":
                self.programme = Programme(str(wish.data["stream"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadField(field=wish.kind) from error

    def _agree(self, participants: Iterable[str]) -> None:
        """Whoever is not named any more is out of the queue as well."""
        self._agreed = frozenset(participants)
        kept = [one for one in self._packets if self._sources[one[0]][0] in self._agreed]
        self._packets = deque(kept)
        self._bytes = sum(len(data) for _, data in kept)
        self._aim()

    def look(self, now: float) -> None:
        """Says whether the programme is wanted, and asks for key frames of it. To be called many times a second."""
        programme = self.programme
        if programme is not None and programme.has_news():
            self.tell(Event("wanted", {"programme": programme.is_wanted}))
        if programme is not None and programme.wants_key(now):
            self.tell(Event("refresh", {}))

    def read(self, message: bytes, now: float) -> Iterator[tuple[Layer, MediaPacket]]:
        """The composer's packets in a binary message, as they go to slots. Raises BadField for what is none."""
        try:
            for number, packet in unpack(message):
                taken = self.programme.take(number, packet, now) if self.programme is not None else None
                if taken is not None:
                    yield taken
        except ValueError as error:
            raise BadField(field="programme") from error

    def end(self) -> None:
        """`send_to` returns soon."""
        self._is_over = True
        self._wake.set()

    async def send_to(self, ws: web.WebSocketResponse) -> None:
        """Sends until the other side is gone or `end` is called."""
        with contextlib.suppress(ConnectionError):
            while not self._is_over:
                await self._wake.wait()
                self._wake.clear()
                for fact in self._take_facts():
                    await ws.send_str(dump(fact).decode())
                while self._packets and not self._facts:
                    await ws.send_bytes(self._take_message())
                is_near = self.programme is not None and self.programme.is_wanted
                await asyncio.sleep(SOON_S if is_near else GATHER_S)
        await ws.close()

    def _take_facts(self) -> list[Event]:
        facts = list(self._facts.values())
        self._facts.clear()
        return facts

    def _take_message(self) -> bytes:
        taken: list[bytes] = []
        size = 0
        while self._packets and size < MESSAGE_BYTES:
            taken.append(self._packets.popleft()[1])
            size += len(taken[-1])
        self._bytes -= size
        return b"".join(taken)


class PacketFeeds:
    """All feeds of this worker."""

    def __init__(self, clock: Callable[[], float], send: Callable[[Iterable[tuple[Layer, MediaPacket]]], None]) -> None:
        """`send` sends packets of programmes to the slots that show them."""
        self._clock, self._send = clock, send
        self._open: dict[PacketFeed, Session] = {}

    @contextmanager
    def open(self, session: Session) -> Iterator[PacketFeed]:
        """A feed that hangs on `session`, which takes nobody yet. Raises NotFound when the session ended, Busy when it has too many."""
        if session.is_over:
            raise NotFound
        if sum(one is session for one in self._open.values()) >= FEEDS_MAX:
            raise Busy(retry_after_s=1)
        feed = PacketFeed(session.request_key_frame, session.aim_taps)
        feed.tell(Event("hello", {"session": session.id, "now": self._clock()}))
        feed.tell(_stage(session))
        feed.tell(Event("speaking", {"participants": [], "main": session.speaker}))
        self._open[feed] = session
        session.add_tap(feed)
        try:
            yield feed
        finally:
            del self._open[feed]
            session.remove_tap(feed)
            session.drop(feed.programme)

    def hear(self, feed: PacketFeed, wish: Event) -> None:
        """What a composer says. Raises BadField for what it cannot mean."""
        feed.hear(wish)
        if wish.kind == "programme" and feed.programme is not None:
            self._open[feed].play(feed.programme)

    def read(self, feed: PacketFeed, message: bytes) -> None:
        """What a composer makes: it goes to whoever watches. Raises BadField for what it cannot be."""
        self._send(feed.read(message, self._clock()))

    def sessions(self) -> set[Session]:
        """Those that somebody composes."""
        return set(self._open.values())

    def look(self, session: Session, now: float) -> None:
        """Asks the composers of this session for what its audience needs. To be called many times a second."""
        for feed, other in self._open.items():
            if other is session:
                feed.look(now)

    def heard(self, event: Event) -> None:
        """What sessions announce: tells their feeds who is on stage and who speaks."""
        for feed, session in self._open.items():
            if event.data.get("session") != session.id:
                continue
            if event.kind == "roster":
                feed.tell(_stage(session))
            elif event.kind == "speaking":
                feed.tell(Event("speaking", {name: event.data[name] for name in ("participants", "main")}))

    def end_of(self, session: Session) -> None:
        """The session is over."""
        for feed, other in self._open.items():
            if other is session:
                feed.end()

    def has(self, session: Session) -> bool:
        """Whether somebody composes this session."""
        return any(other is session for other in self._open.values())


def _stage(session: Session) -> Event:
    people = [
        {"participant": seat.id, "sources": [one.source.value for one in seat.live()]}
        for seat in session.participants.values()
        if seat.on_stage and seat.connection is not None and seat.connection.is_connected
    ]
    return Event("stage", {"participants": people})
