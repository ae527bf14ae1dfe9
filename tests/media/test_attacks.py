"""Attacks on the media plane by people who know more than a stranger: they sit on the same address, hold a seat, or recorded what was sent."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.media.peer.incoming import SSRCS_MAX
from server.media.protocol import Offer, Seat
from server.media.rtp import rtcp
from tests.fuzz import wire
from tests.media.rig import Rig, Way, both_ways, open_rig, until
from tests.media.test_hostile import CLIENT_HELLO, Stranger
from tests.media.wire_peer import WirePeer, joined, vp8

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
SEED = 8


class Recorder(WirePeer):
    """A peer whose protected packets are kept, as somebody on the way could."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[bytes] = []

    def send(self, data: bytes) -> None:
        if data[0] >= 128:
            self.kept.append(data)
        super().send(data)


@asynccontextmanager
async def a_call(rig: Rig, *peers: WirePeer) -> AsyncIterator[None]:
    """All peers on the stage of one session."""
    for number, peer in enumerate(peers):
        await joined(rig.client.connect, peer)
        await rig.client.seat("s1", f"p{number}", Seat(peer.connection, on_stage=True))
    yield
    for peer in peers:
        await peer.close()


def counted(rig: Rig, name: str) -> int:
    return rig.house.counters.view().get(name, 0)


async def still_flows(rig: Rig, sender: WirePeer, receiver: WirePeer) -> None:
    """The control: a new picture of `sender` reaches the first slot of `receiver` that shows it."""
    before = len(receiver.received)
    for index in range(30_000, 30_005):
        sender.send_rtp("0", index, index * 3000, vp8(index == 30_000, index, index))
    await until(lambda: len(receiver.received) >= before + 5)


async def test_race_for_the_handshake_is_won_by_whoever_proved_themselves(tmp_path: Path) -> None:
    """M2. Twenty peers join, and a thousand foreign ClientHellos of the same address fall between each one's checks and its handshake."""
    async with open_rig(tmp_path) as rig:
        stranger = Stranger(rig.house.port)
        for _ in range(20):
            peer = WirePeer()
            answer = await rig.client.connect(peer.offer())
            await peer.open(answer.sdp)
            peer.check()
            await until(lambda peer=peer: peer.checks_answered)
            for _ in range(50):
                stranger.send(CLIENT_HELLO)
            began = time.monotonic()
            await peer.handshake()
            assert time.monotonic() - began < 3
            assert peer.is_up
            await peer.close()
        assert stranger.answers == 0
        stranger.close()


@both_ways
async def test_plain_media_reach_nobody(tmp_path: Path, way: Way) -> None:
    """M3. Before ICE, before DTLS and afterwards."""
    plain = wire.rtp(vp8(True, 1, 1), kind=96, ssrc=1000)
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = WirePeer(), WirePeer()
        answer = await rig.client.connect(ann.offer())
        ann.connection = answer.connection
        await ann.open(answer.sdp)
        ann.send(plain)
        ann.check()
        await until(lambda: ann.checks_answered)
        ann.send(plain)
        await ann.connect(answer.sdp)
        async with a_call(rig, bob):
            await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
            for _ in range(100):
                ann.send(plain)
            await until(lambda: counted(rig, "dropped_srtp") >= 101)
            assert bob.received == []
            await still_flows(rig, ann, bob)
            await ann.close()


async def test_media_from_another_address_change_nothing(tmp_path: Path) -> None:
    """M4. Valid packets, sent on by somebody else from another port: not even read, and nothing of ours goes there."""
    async with open_rig(tmp_path) as rig:
        ann, bob = Recorder(), WirePeer()
        async with a_call(rig, ann, bob):
            await still_flows(rig, ann, bob)
            path = rig.house.connections[ann.connection].link.path
            other = Stranger(rig.house.port)
            for data in ann.kept * 20:
                other.send(data)
            await until(lambda: counted(rig, "dropped_unknown_address") >= len(ann.kept) * 20)
            await still_flows(rig, bob, ann)
            assert rig.house.connections[ann.connection].link.path is path
            assert other.answers == 0
            other.close()


@pytest.mark.parametrize("change", ["wrong", "wrong_first", "right_in_small_letters"])
async def test_certificate_must_be_the_one_of_the_offer(tmp_path: Path, change: str) -> None:
    """M5. Another certificate ends the connection within a second, and no packet goes either way."""
    async with open_rig(tmp_path) as rig:
        ann, bob = WirePeer(), WirePeer()
        async with a_call(rig, bob):
            offer = ann.offer()
            right = next(line for line in offer.sdp.splitlines() if line.startswith("a=fingerprint:"))
            wrong = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
            small = right.replace(right.split()[1], right.split()[1].lower())
            written = {"wrong": wrong, "wrong_first": f"{wrong}\r\n{right}", "right_in_small_letters": small}[change]
            answer = await rig.client.connect(Offer(offer.sdp.replace(right, written), offer.sources))
            await rig.client.seat("s1", "ann", Seat(answer.connection, on_stage=True))
            began = time.monotonic()
            await ann.connect(answer.sdp)  # For the browser's side all is well.
            if change == "right_in_small_letters":
                await still_flows(rig, ann, bob)
                await ann.close()
                return
            ann.send_rtp("0", 0, 0, vp8(True, 0, 0))
            bob.send_rtp("0", 0, 0, vp8(True, 0, 0))
            gone = await rig.event("gone", connection=answer.connection)
            assert time.monotonic() - began < 1
            assert gone.data["reason"] == "dtls_failed"
            assert ann.received == []
            assert bob.received == []
            await ann.close()


@both_ways
async def test_recorded_packets_are_not_taken_again(tmp_path: Path, way: Way) -> None:
    """M6. Each a hundred times, old ones after 1,500 others, and with a changed tag; reports, too."""
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = Recorder(), WirePeer()
        async with a_call(rig, ann, bob):
            for index in range(1600):
                ann.send_rtp("0", index, index * 3000, vp8(index == 0, index, index))
                if index % 40 == 39:
                    await until(lambda index=index: len(bob.of("2")) == index + 1)
            refused = counted(rig, "dropped_srtp")
            first, last = ann.kept[0], ann.kept[-1]
            for data in (first, last, first[:-1] + bytes((first[-1] ^ 1,))):
                for _ in range(100):
                    super(Recorder, ann).send(data)
            await until(lambda: counted(rig, "dropped_srtp") == refused + 300)
            ann.send_rtcp(rtcp.picture_loss(1, ann.slots["2"]))
            for _ in range(100):
                super(Recorder, ann).send(ann.kept[-1])
            await until(lambda: counted(rig, "dropped_srtcp") == 100)
            assert len(bob.of("2")) == 1600


async def test_addresses_in_an_offer_get_no_packet(tmp_path: Path) -> None:
    """M9. Candidates that point to this machine, the network, the metadata of clouds, everybody; names, too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.1", 0))
        victim.setblocking(False)
        port = victim.getsockname()[1]
        targets = ["127.0.0.1", "169.254.169.254", "10.0.0.1", "224.0.0.251", "255.255.255.255", "x.local", "localhost"]
        lines = [f"a=candidate:{n} 1 udp 2130706431 {target} {port} typ host" for n, target in enumerate(targets)]
        async with open_rig(tmp_path) as rig:
            ann = WirePeer()
            offer = ann.offer()
            answer = await rig.client.connect(Offer(offer.sdp + "\r\n".join(lines) + "\r\n", offer.sources))
            await ann.connect(answer.sdp)
            assert ann.is_up
            assert counted(rig, "packets_out") == 0
            with pytest.raises(BlockingIOError):
                victim.recv(2048)
            await ann.close()


def hostile_payloads() -> Iterator[tuple[str, bytes]]:
    """What fuzzing found interesting, for each kind of packet."""
    for kind in ("rtp", "extensions", "incoming", "rtcp", "feedback", "vp8", "h264", "rtx", "red"):
        for file in sorted((CORPUS / kind).iterdir()):
            for part in [file.read_bytes(), *wire.unframed(file.read_bytes())][:20]:
                yield kind, part[:1300]


@both_ways
async def test_hostile_packets_of_a_member_end_no_other_call(tmp_path: Path, way: Way) -> None:
    """M10. Everything that fuzzing kept, inside valid SRTP: as payloads, as whole packets under every number, and as reports."""
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob, eve = WirePeer(), WirePeer(), WirePeer()
        async with a_call(rig, ann, bob):
            await joined(rig.client.connect, eve)
            await rig.client.seat("s2", "eve", Seat(eve.connection, on_stage=True))
            assert eve._keys is not None
            sent = 0
            for number, (kind, part) in enumerate(hostile_payloads()):
                if kind in ("rtcp", "feedback") and len(part) >= 8:
                    eve.send_rtcp(bytes((part[0] & 0x3F | 0x80, 200 + number % 7)) + part[2:])
                elif kind in ("rtp", "extensions", "incoming") and len(part) >= 12:
                    sealed = eve._keys.seal_rtp(memoryview(bytes((part[0] & 0x3F | 0x80,)) + part[1:]))
                    eve.send(sealed or b"\x80")
                else:
                    eve.send_rtp(
                        "1" if kind == "red" else "0",
                        number,
                        number * 90,
                        part,
                        payload_type=63 if kind == "red" else None,
                    )
                sent += 1
                if number % 20 == 0:
                    await asyncio.sleep(0.01)
            assert sent > 300
            await still_flows(rig, ann, bob)
            assert (await rig.client.health()).ready
            await eve.close()


@both_ways
async def test_names_of_others_open_nothing(tmp_path: Path, way: Way) -> None:
    """M13. Somebody sends under the SSRCs of another's camera and slots, and under thousands of its own."""
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob, eve = WirePeer(), WirePeer(), WirePeer()
        async with a_call(rig, ann, bob):
            await joined(rig.client.connect, eve)
            await rig.client.seat("s2", "eve", Seat(eve.connection, on_stage=True))
            own = dict(eve.ssrcs)
            for stolen in (*ann.ssrcs.values(), *ann.slots.values(), *bob.slots.values(), ann.again_ssrc):
                eve.ssrcs["0"] = stolen
                for index in range(5):
                    eve.send_rtp("0", index, index, vp8(True, index, index, b"stolen"))
            for number in range(2000):
                eve.ssrcs["0"] = 1_000_000 + number
                eve.send_rtp("0", 1, 1, vp8(True, 1, 1, b"stolen"))
                if number % 50 == 0:
                    await asyncio.sleep(0.02)
            eve.ssrcs = own
            await still_flows(rig, ann, bob)
            assert not [packet for peer in (ann, bob) for packet in peer.received if b"stolen" in packet.payload]
            incoming = rig.house.connections[eve.connection].parts.incoming
            assert len(incoming._routes) <= SSRCS_MAX
            assert counted(rig, "dropped_unknown_ssrc") > 1000
            await eve.close()


async def test_data_channels_are_refused_and_cost_nothing(tmp_path: Path) -> None:
    """M14. The line is refused in the answer; what is sent through DTLS all the same is limited and thrown away."""
    rng = random.Random(SEED)
    async with open_rig(tmp_path) as rig:
        ann, bob = WirePeer(), WirePeer()
        offer = ann.offer()
        channel = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\na=sctp-port:5000\r\n"
        answer = await rig.client.connect(Offer(offer.sdp + channel, offer.sources))
        assert "m=application 0 " in answer.sdp
        ann.connection = answer.connection
        await ann.connect(answer.sdp)
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        async with a_call(rig, bob):
            for number in range(2000):
                await ann._dtls._send_data(rng.randbytes(rng.choice((1, 12, 1100))))
                if number % 100 == 0:
                    await asyncio.sleep(0)
            await until(lambda: counted(rig, "dropped_dtls_rate") > 1000)
            await still_flows(rig, ann, bob)
            assert ann.is_up
            await ann.close()
