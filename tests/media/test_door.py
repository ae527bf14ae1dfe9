"""What comes in at the door leaves the same behind, whether compiled code takes feedback there or Python reads each datagram."""

import asyncio
import socket
import struct
from functools import cache
from typing import Any

import pytest
from aioice import stun
from aiortc import RTCCertificate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.media.edge.batch import packed_address, unpacked_address
from server.media.edge.counters import Counters
from server.media.edge.edge import Edge
from server.media.native.forwarder import KNOWN, Forwarder
from server.media.peer.build import build
from server.media.peer.connection import Connection
from server.media.peer.link import REPORTS_A_LOOK
from server.media.peer.publication import Publication
from server.media.peer.reports import Reports
from server.media.rtp import rtcp
from server.media.rtp.history import take_number
from server.media.rtp.probe import Probe
from server.media.sdp.offer import read_offer
from server.media.seam import Keys, make_certificate
from tests.fuzz.wire import OFFER, SOURCES
from tests.media.test_compiled import Step, feedbacks, sums
from tests.media.worlds import compiled_forwarder, keys

PEERS = 3
SENT = 300


class Owner:
    """Of the connections; nothing of theirs is its business here."""

    def connected(self, connection: Connection) -> None:
        return

    def gone(self, connection: Connection, reason: str) -> None:
        return

    def source_live(self, connection: Connection, publication: Publication) -> None:
        return


@cache
def _certificate() -> RTCCertificate:
    return make_certificate()


class Door:
    """An edge with some connections that were sent packets, and a socket for each on the other side. To be made within a running loop."""

    def __init__(self, forwarder: Forwarder | None) -> None:
        self.now = 100.0
        self.edge = Edge(Counters(), lambda: self.now, forwarder=forwarder)
        self.edge.open(["127.0.0.1"], 0)
        self.port = self.edge._ports[0]
        self.connections = [self._connection(number) for number in range(PEERS)]
        self.keys = [keys(number) for number in range(PEERS)]
        self.sockets = [self._socket() for _ in range(PEERS + 1)]
        self._last = [b"\x80\xc9" + bytes(20)] * PEERS
        for number, connection in enumerate(self.connections):
            self.check(number)
            connection.link.open(keys(number))
            for sent in range(SENT):
                take_number(connection.link.state, connection.link.history, 4_290_000_000 + sent * 3000, 100 + sent)

    def _connection(self, number: int) -> Connection:
        offer = read_offer(OFFER)
        parts, reports = build(offer, SOURCES, self.edge.counters), Reports(lambda now: now)
        clock = self.clock
        made = Connection(self.edge, Owner(), parts, offer, _certificate(), clock, reports, lambda _: None, str(number))
        self._credentials = [*getattr(self, "_credentials", []), made.new_credentials()]
        return made

    def clock(self) -> float:
        return self.now

    def _socket(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        made.connect(("127.0.0.1", self.port.port))
        return made

    # The steps.

    def check(self, peer: int) -> None:
        ufrag, password = self._credentials[peer]
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes |= {"USERNAME": f"{ufrag}:x", "PRIORITY": 1, "ICE-CONTROLLING": 1, "USE-CANDIDATE": None}
        message.add_message_integrity(password.encode())
        self.raw(peer, bytes(message))

    def sealed(self, peer: int, body: bytes) -> None:
        """RTCP of the peer's, whatever stands in it."""
        self._last[peer] = self.keys[peer].seal_rtcp(body.ljust(8, b"\0"))
        self.again(peer)

    def feedback(self, peer: int, report: bytes) -> None:
        """The report, with its length corrected."""
        report = report.ljust(20, b"\0")
        report += bytes(-len(report) % 4)
        self.sealed(peer, struct.pack("!BBH", 0x8F, 205, len(report) // 4 - 1) + report[4:])

    def again(self, peer: int) -> None:
        """The last one once more, which libsrtp refuses."""
        self.raw(peer, self._last[peer])

    def raw(self, peer: int, datagram: bytes) -> None:
        """Anything; `PEERS` is a stranger."""
        self.now += 0.01
        self.sockets[peer].send(datagram)
        self.edge._readable(self.port)

    def move(self, peer: int) -> None:
        """Another address, without a check from there."""
        self.sockets[peer].close()
        self.sockets[peer] = self._socket()

    def swap(self, peer: int) -> None:
        """The peer and the one after it have each other's address."""
        other = (peer + 1) % PEERS
        self.sockets[peer], self.sockets[other] = self.sockets[other], self.sockets[peer]

    def silent(self) -> None:
        """So long without a check that another peer may have the address."""
        self.now += 20

    def probe(self, peer: int, wanted: bool) -> None:
        link = self.connections[peer].link
        link.line.probe = Probe(1e6, self.now) if wanted else None
        if link.line.probe is not None:
            link.line.probe.padded(0, SENT, 1000)
        link.trust()

    def look(self, peer: int) -> None:
        self.connections[peer].link.look(self.now)

    def end(self, peer: int) -> None:
        self.connections[peer].end("ended")

    def left(self) -> list[Any]:
        """All that remains of it."""
        links = [connection.link for connection in self.connections]
        heard = [(link.state.heard_at, link.rtt_s, link.path and link.path.address[0]) for link in links]
        told = [list(link.line.probe._came) for link in links if link.line.probe is not None]
        return [self.edge.counters.view(), heard, told, [sums(link) for link in links]]

    def close(self) -> None:
        self.edge.close()
        for connection in self.connections:
            connection.end("ended")
        for sock in self.sockets:
            sock.close()


peers = st.integers(0, PEERS - 1)
reports = st.one_of(
    feedbacks,
    st.builds(lambda report, more: report + more, feedbacks, feedbacks),
    st.just(rtcp.receiver_report(1, [rtcp.ReportBlock(5, 0.1, 3, 70, 40, 0, 0)])),
    st.just(rtcp.nack(1, 5, [3, 4])),
    st.binary(min_size=8, max_size=80).map(lambda body: b"\x8f\xcd" + body),
    st.binary(min_size=8, max_size=80),
)
datagrams = st.one_of(
    st.binary(max_size=60),
    st.binary(min_size=10, max_size=60).map(lambda body: b"\x80\xc9" + body),
    st.sampled_from([b"", b"\x8f", b"\x8f\xcd" + bytes(1498), b"\x8f\xcd" + bytes(1499), b"\x8f\xcd" + bytes(2100)]),
)
steps = st.one_of(
    st.tuples(st.just("feedback"), peers, feedbacks),
    st.tuples(st.just("sealed"), peers, reports),
    st.tuples(st.just("again"), peers),
    st.tuples(st.just("raw"), st.integers(0, PEERS), datagrams),
    st.tuples(st.just("check"), peers),
    st.tuples(st.just("move"), peers),
    st.tuples(st.just("swap"), peers),
    st.tuples(st.just("silent")),
    st.tuples(st.just("probe"), peers, st.booleans()),
    st.tuples(st.just("look"), peers),
    st.tuples(st.just("end"), peers),
)
WHOLE = bytes(12) + struct.pack("!HHIH", 1, 7, 0x010000 << 8, 0x2007) + b"\x04" * 7 + b"\0"
TAKEN: list[Step] = [("feedback", 0, WHOLE), ("feedback", 0, WHOLE), ("again", 0), ("look", 0)]
MOVED: list[Step] = [
    *TAKEN,
    ("silent",),
    ("swap", 0),
    ("feedback", 1, WHOLE),
    ("check", 1),
    ("feedback", 1, WHOLE),
    ("feedback", 1, WHOLE),
    ("end", 1),
    ("feedback", 1, WHOLE),
]
LATER = WHOLE[:12] + b"\0\x20" + WHOLE[14:]
PROBED: list[Step] = [("feedback", 0, WHOLE), ("probe", 0, True), ("feedback", 0, LATER), ("probe", 0, False), *TAKEN]
MANY: list[Step] = [("feedback", 0, WHOLE)] * (REPORTS_A_LOOK + 10) + [("look", 0), *TAKEN]


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=40))
@example(TAKEN)
@example(MOVED)
@example(PROBED)
@example(MANY)
def test_both_doors_leave_the_same(chosen: list[Step]) -> None:
    async def run() -> None:
        doors = [Door(None), Door(compiled_forwarder())]
        try:
            for name, *arguments in chosen:
                for door in doors:
                    getattr(door, name)(*arguments)
                python, compiled = (door.left() for door in doors)
                assert compiled == python
        finally:
            for door in doors:
                door.close()

    asyncio.run(run())


async def test_same_feedback_never_reaches_python_again() -> None:
    """What the whole door is for: after the first one, reports of a peer are summed up where they are read."""
    door = Door(compiled_forwarder())
    connection, opened = door.connections[0], 0
    held = connection.link.keys
    assert held is not None

    class Watched(Keys):
        def open_rtcp(self, inbox: Any, length: int) -> int:
            nonlocal opened
            opened += 1
            return held.open_rtcp(inbox, length)

    connection.link.keys = Watched(held._inbound, held.outbound)
    for _ in range(REPORTS_A_LOOK + 1):
        door.feedback(0, WHOLE)
    assert opened == 1
    assert connection.link.state.reports == REPORTS_A_LOOK + 1
    door.feedback(0, WHOLE)  # So many come from no browser: from here on, Python counts them in its bucket.
    assert opened == 2
    door.look(0)
    door.feedback(0, WHOLE)
    assert opened == 2
    door.close()


async def test_peers_that_share_a_place_take_turns_in_it() -> None:
    """Two addresses of one hash: the one who came last is known, and both are heard."""
    forwarder = compiled_forwarder()
    door = Door(forwarder)
    first = forwarder.place(packed_address(door.sockets[0].getsockname()))
    for _ in range(40 * KNOWN):
        if forwarder.place(packed_address(door.sockets[1].getsockname())) == first:
            break
        door.move(1)
    else:
        pytest.fail("no port of this machine shares the place")
    door.check(1)
    for _ in range(3):
        for peer in (0, 1):
            door.feedback(peer, WHOLE)
    assert [connection.link.state.reports for connection in door.connections] == [3, 3, 0]
    door.end(0)
    door.feedback(0, WHOLE)
    door.feedback(1, WHOLE)
    assert [connection.link.state.reports for connection in door.connections] == [3, 4, 0]
    assert door.edge.counters.view()["dropped_unknown_address"] == 1
    door.close()


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("2001:db8::1", 40_000, 0, 0), ("fe80::1", 7, 5, 3)])
def test_packed_address_is_read_back(address: tuple[Any, ...]) -> None:
    assert unpacked_address(packed_address(address)) == address
