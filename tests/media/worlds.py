"""Forwarding without a worker: real slots, keys, batches and sockets, driven step by step. Two worlds given the same steps must send the same."""

import os
import select
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from pylibsrtp import Policy, Session

from server.media.edge.counters import Counters
from server.media.edge.paths import UdpPath, new_batch
from server.media.native import build
from server.media.native.forwarder import Forwarder, load
from server.media.peer.layer import Layer
from server.media.peer.link import Link
from server.media.peer.outlet import Outlet
from server.media.peer.publication import Publication
from server.media.relay import forward, resend, start_at_key_frame
from server.media.rtp.clock import PublisherClock
from server.media.sdp.answer import MID, TRANSPORT_CC, Sending
from server.media.sdp.codecs import ChosenCodec
from server.media.seam import Keys
from server.media.tap import Codec, Source

CODECS = {
    96: Codec("video/VP8", 90_000),
    98: Codec("video/H264", 90_000),
    111: Codec("audio/opus", 48_000),
    120: Codec("video/AV1", 90_000),
}
STREAMS = (("0", ""), ("1", "l"), ("1", "m"), ("1", "h"))
"""What comes in: one camera in one layer, another in three. By m-line and RID."""
SOURCES = len(STREAMS)
SO_NO_CHECK, UDP_GRO = 11, 104
"""Linux's numbers, which Python has no names for."""
PLACES = 3
"""Addresses that receive; slots share them."""
KEY_FRAME = bytes((0x10, 0, 1, 2, 3))


def compiled_forwarder() -> Forwarder:
    """The library of this checkout, or the one that the environment names (built with sanitizers)."""
    named = os.environ.get("OASE_TEST_LIBRARY")
    if named:
        return Forwarder(Path(named))
    if why := build.ensure():
        pytest.skip(f"no compiled code here: {why}")
    forwarder = load()
    assert forwarder is not None
    return forwarder


def keys(number: int) -> Keys:
    """The same for the same number."""
    key = bytes((number + place) & 255 for place in range(44))

    def session(kind: int) -> Session:
        return Session(Policy(key=key, ssrc_type=kind, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_256_GCM))

    return Keys(session(Policy.SSRC_ANY_INBOUND), session(Policy.SSRC_ANY_OUTBOUND))


class CountedPath(UdpPath):
    """Tells of what goes out beside the batch."""

    on_send: Callable[[], None]

    def send(self, data: bytes) -> None:
        self.on_send()
        super().send(data)


class World:
    """Two cameras in four streams, and as many slots (one for each connection) as `seeds`; every third one has negotiated the other way round."""

    def __init__(self, forwarder: Forwarder | None, seeds: list[int]) -> None:
        self.forwarder = forwarder
        self.counters = Counters()
        self._places = [udp_socket() for _ in range(PLACES)]
        self._sender = udp_socket()
        self.batch = new_batch(self._sender, self.counters, False, forwarder)
        every = [ChosenCodec(codec, number, None, "", ()) for number, codec in CODECS.items()]
        self._cameras = [
            Publication(mid, Source.CAMERA, "video", every, PublisherClock(), rids)
            for mid, rids in (("0", [""]), ("1", ["l", "m", "h"]))
        ]
        self.publications = [self._cameras[int(mid)] for mid, _ in STREAMS]
        self._numbers = [0] * SOURCES
        self.now = 1.0
        self._taken = 0
        for source, publication in enumerate(self.publications):
            publication.add_layer(source + 1, STREAMS[source][1])
        self.outlets = [self._slot(number, seed) for number, seed in enumerate(seeds)]

    def _slot(self, number: int, seed: int) -> Outlet:
        link = Link()
        extensions = ({MID: 4, TRANSPORT_CC: 3}, {MID: 5}, {TRANSPORT_CC: 7})[number % 3]
        offered = [96, 111] if number % 3 == 2 else [98, 96, 111]
        codecs = [ChosenCodec(CODECS[kind], kind + number % 2, None, "", ()) for kind in offered]
        outlet = Outlet(link, str(number), "video", Sending(seed | 1, seed | 2, "g0", "v0"), codecs, extensions, seed)
        link.use(self._path(number))
        link.open(keys(number))
        return outlet

    def _path(self, place: int) -> UdpPath:
        address = self._places[place % PLACES].getsockname()
        path = CountedPath(self._sender, self.batch, address, self.counters)
        path.on_send = lambda: self.counters.add("packets_beside")
        return path

    def layer(self, source: int) -> Layer:
        found = self.publications[source].find_layer(STREAMS[source][1])
        assert found is not None
        return found

    # The steps.

    def packet(self, source: int, step: int, time: int, codec: int, payload: bytes, marker: bool) -> None:
        """A packet comes, `step` numbers after the newest of its source."""
        self.now += 0.01
        self._numbers[source] = number = self._numbers[source] + step & 0xFFFF
        layer = self.layer(source)
        try:
            packet = layer.take(number, time, marker, CODECS[codec], payload, self.now, repaired=False)
        except ValueError:
            return
        if packet is not None:
            self.publications[source].note(layer, self.now, lambda publication: None)
            if packet.key_frame:
                self.publications[source].note_key_frame(layer, self.now)
            forward(layer, packet, self.forwarder)
            self.publications[source].look()

    def show(self, slot: int, source: int) -> None:
        self.outlets[slot].show(self.publications[source])

    def start(self, slot: int, source: int) -> None:
        """As `show`, from a key frame of just now on if there is one."""
        self.outlets[slot].show(self.publications[source])
        start_at_key_frame(self.outlets[slot])

    def clear(self, slot: int) -> None:
        self.outlets[slot].clear()

    def twice(self, slot: int, wanted: bool) -> None:
        self.outlets[slot].send_twice(wanted)

    def move(self, slot: int, place: int) -> None:
        """The peer's address is another one from now on."""
        self.outlets[slot].link.use(self._path(place))

    def close(self, slot: int) -> None:
        """The connection of the slot ends."""
        self.outlets[slot].link.close()

    def rekey(self, slot: int, number: int) -> None:
        self.outlets[slot].link.close()
        self.outlets[slot].link.open(keys(number))

    def again(self, slot: int, back: int) -> None:
        """The receiver asks for the packet `back` before its newest."""
        outlet = self.outlets[slot]
        newest = outlet.map.newest_seq(outlet.layer.newest if outlet.layer is not None else None)
        resend(outlet, [newest - back & 0xFFFF], self.now)

    def restart(self, source: int) -> None:
        """The source begins anew under another SSRC."""
        self.publications[source].add_layer(77, STREAMS[source][1])

    def bye(self, source: int) -> None:
        """The sender says that this stream is over, for now."""
        self.publications[source].ended(self.layer(source))

    def received(self) -> list[list[bytes]]:
        """What came at each place since the last call, after the batch went out; by SSRC, and in order within each."""
        self.batch.flush()
        counts = self.counters.view()
        sent = counts.get("packets_out", 0) + counts.get("packets_beside", 0)
        expected = sent - counts.get("packets_dropped_by_kernel", 0) - self._taken
        self._taken += expected
        found: list[list[bytes]] = [[] for _ in self._places]
        while expected > 0:
            ready, _, _ = select.select(self._places, [], [], 5.0)
            assert ready, f"{expected} packets did not come"
            for place in ready:
                found[self._places.index(place)].append(place.recv(2048))
                expected -= 1
        return [sorted(packets, key=lambda packet: packet[8:12]) for packets in found]

    def refuse_joined(self) -> None:
        """The kernel takes no message of several packets any more."""
        self._sender.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)

    def receiver_joins(self, place: int) -> socket.socket:
        """This place's socket, which from now on gets packets as the kernel got them, several in one."""
        self._places[place].setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        return self._places[place]

    def end(self) -> None:
        self.batch.close()
        for sock in (self._sender, *self._places):
            sock.close()


def udp_socket() -> socket.socket:
    """A port of this machine with room for a burst; reading never waits."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock
