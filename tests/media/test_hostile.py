"""Strangers on the media port: nothing they send ends a call, keeps a new one from connecting, or is answered."""

import asyncio
import contextlib
import os
import random
import socket
from pathlib import Path

import pytest
from aioice import stun

from server.media.edge.tcp import STREAMS_OF_A_PEER, UNPROVEN_OF_AN_ADDRESS
from server.media.protocol import Seat
from server.media.rtp import rtcp
from tests.media.rig import Rig, Way, both_ways, open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8

CLIENT_HELLO = bytes.fromhex("16feff000000000000000000c4010000b8") + bytes(190)


class Stranger:
    """A socket without credentials that counts answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    @property
    def answers(self) -> int:
        count = 0
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(2048) is not None:
                count += 1
        return count

    def close(self) -> None:
        self._socket.close()


def short_controlling(ufrag: str) -> bytes:
    """A request whose ICE-CONTROLLING is too short."""
    return b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x80\x2a\x00\x02\x00\x00\x00\x00"


def attacks(rng: random.Random) -> list[bytes]:
    bare = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    return [
        b"",
        b"\x80" + bytes(1500),
        b"\xbf" + bytes(1600),
        CLIENT_HELLO,
        short_controlling("x"),
        bare,
        *(rng.randbytes(rng.randrange(1, 1500)) for _ in range(50)),
        *(bytes((first,)) + rng.randbytes(40) for first in range(256)),
    ]


async def call(rig: Rig) -> tuple[WirePeer, WirePeer]:
    ann, bob = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
    for name, peer in (("ann", ann), ("bob", bob)):
        await rig.client.seat("s1", name, Seat(peer.connection, on_stage=True))
    return ann, bob


@both_ways
@pytest.mark.parametrize("seed", [1, 2])
async def test_running_call_and_new_call_survive_strangers(tmp_path: Path, way: Way, seed: int) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await call(rig)
        stranger = Stranger(rig.house.port)
        for data in attacks(random.Random(seed)) * 5:
            stranger.send(data)
            await asyncio.sleep(0)
        for index in range(20):
            ann.send_rtp("0", index, index * 3000, vp8(index == 0, index, index))
        await until(lambda: len(bob.of("2")) == 20)
        cleo = await joined(rig.client.connect, WirePeer())
        assert cleo.is_up
        assert stranger.answers == 0
        counts = (await rig.client.stats()).counters
        assert counts["dropped_size"] >= 15
        assert counts["dropped_unknown_address"] > 100
        for peer in (ann, bob, cleo):
            assert peer.is_up
            await peer.close()
        stranger.close()


async def test_foreign_client_hello_before_the_handshake_changes_nothing(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        peer = WirePeer()
        answer = await rig.client.connect(peer.offer())
        stranger = Stranger(rig.house.port)
        for data in (b"", CLIENT_HELLO, os.urandom(300)) * 50:
            stranger.send(data)
        await peer.connect(answer.sdp)
        assert peer.is_up
        assert stranger.answers == 0
        stranger.close()
        await peer.close()


async def test_check_with_a_wrong_password_is_not_answered(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        peer = WirePeer()
        await peer.open((await rig.client.connect(peer.offer())).sdp)
        for _ in range(20):
            peer.check(password="0" * 32)
        await asyncio.sleep(0.2)
        assert peer.checks_answered == 0
        assert (await rig.client.stats()).counters["dropped_stun_forged"] == 20
        await peer.close()


@both_ways
async def test_junk_from_a_member_harms_nobody(tmp_path: Path, way: Way) -> None:
    """Even behind an authenticated address: broken SRTP, broken DTLS, garbage."""
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await call(rig)
        rng = random.Random(3)
        for _ in range(300):
            ann.send(bytes((rng.choice((22, 128, 144, 200, 70)),)) + rng.randbytes(rng.randrange(1, 1400)))
        for payload in (b"", b"\x90", b"\x90\x80", b"\x90\xff\x80"):
            ann.send_rtp("0", 1, 0, payload)
        for _ in range(100):
            ann.send_rtcp(bytes((0x80 | rng.randrange(32), rng.randrange(192, 224))) + rng.randbytes(30))
        for index in range(20, 40):
            ann.send_rtp("0", index, index * 3000, vp8(index == 20, index, index))
        await until(lambda: len(bob.of("2")) >= 20)
        first, *others = [packet.rtp_time for packet in bob.of("2")[-20:]]
        assert [time - first & 0xFFFFFFFF for time in others] == [index * 3000 for index in range(1, 20)]
        assert ann.is_up
        assert bob.is_up
        await ann.close()
        await bob.close()


async def test_checks_faster_than_the_limit_are_dropped(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        peer = await joined(rig.client.connect, WirePeer())
        for _ in range(400):
            peer.check()
        await until(lambda: rig.house.counters.view().get("dropped_stun_rate", 0) > 100)
        assert peer.checks_answered < 250
        await peer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00",
        b"\xff\xff" + bytes(100),
        b"\x00\x14" + bytes(20),
        b"\x00\x05\x80" + bytes(4),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_tcp_connection_without_a_proof_is_closed(tmp_path: Path, data: bytes) -> None:
    async with open_rig(tmp_path) as rig:
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.house.port)
        writer.write(data)
        async with asyncio.timeout(2.0):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()


async def test_address_of_a_live_peer_is_never_taken_over(tmp_path: Path) -> None:
    """A check of one's own with somebody else's address as sender cut that person off."""
    async with open_rig(tmp_path) as rig:
        ann, bob = await call(rig)
        ann.send(bob.check_bytes())
        await until(lambda: rig.house.counters.view().get("dropped_stun_taken", 0) == 1)
        ann.send_rtp("0", 0, 0, vp8(True, 0, 0))
        await until(lambda: bob.of("2"))
        assert ann.is_up
        await ann.close()
        await bob.close()


@both_ways
async def test_only_a_nominating_check_moves_a_peer(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await ann._tasks.close()  # No more checks by itself.
        link = rig.house.connections[ann.connection].link
        before = link.path
        answered = ann.checks_answered
        await ann.move()
        ann.check(nominate=False)
        await until(lambda: ann.checks_answered > answered)
        assert link.path is before
        ann.check()
        await until(lambda: link.path is not before)
        await ann.close()


async def test_peer_moves_once_a_second_and_ends_where_it_wished_last(tmp_path: Path) -> None:
    """One who forges addresses sends our pictures to few of them; a phone that changes networks twice is back within two seconds."""
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await ann._tasks.close()  # No more checks by itself.
        link = rig.house.connections[ann.connection].link
        seen = [link.path]
        for _ in range(6):
            answered = ann.checks_answered
            await ann.move()
            ann.check()
            await until(lambda answered=answered: ann.checks_answered > answered)
            seen += [link.path] if link.path is not seen[-1] else []
        assert len(seen) == 2
        assert rig.house.counters.view()["moves_held"] == 5
        assert link.path is not None
        first = link.path.address
        await until(lambda: link.path.address == ann.address, limit_s=2.0)
        assert ann.address != first
        await ann.close()


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def proven_stream(rig: Rig, peer: WirePeer) -> Stream:
    """A TCP connection over which `peer` has proved itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.house.port)
    check = peer.check_bytes()
    writer.write(len(check).to_bytes(2, "big") + check)
    async with asyncio.timeout(3.0):
        await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    return reader, writer


async def test_silent_streams_are_few_for_each_address(tmp_path: Path) -> None:
    """700 silent connections kept everybody out."""
    async with open_rig(tmp_path) as rig, contextlib.AsyncExitStack() as ends:

        async def stranger(address: str) -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", rig.house.port, local_addr=(address, 0))
            ends.callback(writer.close)

        def refused() -> int:
            return rig.house.counters.view().get("dropped_tcp_full", 0)

        for _ in range(UNPROVEN_OF_AN_ADDRESS + 3):
            await stranger("127.0.0.1")
        await until(lambda: refused() == 3, 3.0)
        assert len(rig.house._edge._streams) == UNPROVEN_OF_AN_ADDRESS
        await stranger("127.0.0.2")
        await until(lambda: len(rig.house._edge._streams) == UNPROVEN_OF_AN_ADDRESS + 1, 3.0)
        assert refused() == 3


async def test_streams_of_a_peer_are_few(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        streams = [await proven_stream(rig, ann) for _ in range(STREAMS_OF_A_PEER + 2)]
        await until(lambda: len(rig.house._edge._streams) == STREAMS_OF_A_PEER, 3.0)
        assert rig.house.counters.view()["dropped_tcp_many"] == 2
        for _, writer in streams:
            writer.close()
        await ann.close()


@both_ways
async def test_stream_that_nobody_reads_ends_with_its_peer(tmp_path: Path, way: Way) -> None:
    """It waited for its buffer to drain for ever."""
    async with open_rig(tmp_path, way=way) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        _, writer = await proven_stream(rig, ann)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        (stream,) = rig.house._edge._streams
        assert stream.path is not None
        assert stream._transport is not None
        for _ in range(100_000):
            stream.path.send(bytes(1200))
            if stream._transport.get_write_buffer_size():
                break
        assert stream._transport.get_write_buffer_size()
        await rig.client.close_connection(ann.connection)
        await until(lambda: not rig.house._edge._streams, 5.0)
        assert stream._transport.is_closing()
        writer.close()
        await ann.close()


async def test_peers_that_never_finish_do_not_keep_others_out(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        silent = []
        for _ in range(12):
            peer = WirePeer()
            await peer.open((await rig.client.connect(peer.offer())).sdp)
            peer.check()
            silent.append(peer)
        await until(lambda: all(peer.checks_answered for peer in silent))
        async with asyncio.timeout(4.0):
            ann = await joined(rig.client.connect, WirePeer())
        assert ann.is_up
        for peer in (ann, *silent):
            await peer.close()


async def test_member_who_floods_is_slowed_down(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await call(rig)
        ann.send_rtp("0", 0, 0, vp8(True, 0, 0))
        for _ in range(80):
            for _ in range(100):
                ann.send_rtcp(rtcp.nack(1, bob.slots["2"], [1]))
            await asyncio.sleep(0)
        await until(lambda: rig.house.counters.view().get("dropped_media_rate", 0) > 100)
        bob.send_rtp("0", 0, 0, vp8(True, 0, 0))
        await until(lambda: ann.of("2"))
        await ann.close()
        await bob.close()


async def test_reports_and_handshakes_of_a_member_have_limits_of_their_own(tmp_path: Path) -> None:
    """200 datagrams of 5,100 asked numbers each, far below the limit for media, took a core."""
    async with open_rig(tmp_path) as rig:
        ann, bob = await call(rig)
        bob.send_rtp("0", 0, 0, vp8(True, 0, 0))
        await until(lambda: ann.of("2"))
        asked = rtcp.nack(1, ann.slots["2"], range(1600)) * 3
        for _ in range(30):
            for _ in range(20):
                ann.send_rtcp(asked)
                ann.send(bytes((22, 254, 253)) + bytes(60))
            await asyncio.sleep(0)
        await until(lambda: rig.house.counters.view().get("dropped_rtcp_rate", 0) > 100)
        await until(lambda: rig.house.counters.view().get("dropped_dtls_rate", 0) > 100)
        assert ann.is_up
        await ann.close()
        await bob.close()
