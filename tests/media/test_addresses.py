"""IPv4 and IPv6: the media port answers on both, packets go to both, and a network that has only one of them is enough."""

import asyncio
from pathlib import Path

import pytest
from aioice import stun

from server.config import Settings
from server.media.edge.addresses import announced_addresses, is_link_local, listen_addresses, network_of
from server.media.protocol import Seat
from server.media.rtp import rtcp
from tests.media import namespaces
from tests.media.rig import Rig, Way, open_rig, until
from tests.media.test_browsers import chromium, pages_of, wait_for_frames
from tests.media.wire_peer import Received, WirePeer, joined, vp8

needs_namespaces = pytest.mark.skipif(bool(WHY := namespaces.why_not()), reason=WHY)
every_way = pytest.mark.parametrize("way", list(Way))
OWN = "fd77::1"


async def on_stage(rig: Rig, name: str, host: str) -> WirePeer:
    """A peer that takes the candidate of `host`, as if it had no other network."""
    peer = WirePeer()
    answer = await rig.client.connect(peer.offer())
    peer.connection = answer.connection
    others = [line for line in answer.sdp.splitlines(keepends=True) if " typ host" in line and f" {host} " not in line]
    sdp = answer.sdp
    for line in others:
        sdp = sdp.replace(line, "")
    await peer.connect(sdp)
    await rig.client.seat("s1", name, Seat(peer.connection, on_stage=True))
    return peer


async def send_picture(peer: WirePeer, first: int, count: int) -> None:
    for index in range(first, first + count):
        peer.send_rtp("0", index, index * 3000, vp8(index == 0, index, index))
        await asyncio.sleep(0.002)


@every_way
async def test_picture_goes_from_one_family_to_both(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way, host="127.0.0.1,::1") as rig:
        ann = await on_stage(rig, "ann", "::1")
        bob, cid = await on_stage(rig, "bob", "::1"), await on_stage(rig, "cid", "127.0.0.1")
        await send_picture(ann, 0, 50)
        for peer in (bob, cid):
            packets = await until(lambda peer=peer: len(found := peer.of("2")) >= 50 and found)
            assert [packet.payload[5:] for packet in packets] == [vp8(index == 0, 0, 0)[5:] for index in range(50)]
        assert ann.mapped is not None
        assert ann.mapped[:2] == ann.address[:2]
        assert rig.house.counters.view().get("packets_dropped_by_kernel", 0) == 0
        for peer in (ann, bob, cid):
            await peer.close()


@every_way
async def test_lost_packet_comes_again_and_a_peer_moves_over_ipv6(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way, host="::1") as rig:
        ann, bob = await on_stage(rig, "ann", "::1"), await on_stage(rig, "bob", "::1")
        await send_picture(ann, 0, 10)
        first = (await until(lambda: len(found := bob.of("2")) >= 10 and found))[0]
        bob.send_rtcp(rtcp.nack(1, bob.slots["2"], [first.seq]))
        again = await until(lambda: [packet for packet in bob.received if is_again(bob, packet)])
        assert again[0].payload[2:] == first.payload
        await bob.move()
        await send_picture(ann, 10, 30)  # Its next check, within a second, takes the pictures along.
        before = len(bob.of("2"))
        sent = 40
        while len(bob.of("2")) == before:
            await send_picture(ann, sent, 10)
            sent += 10
            assert sent < 2000, "it was not found at its new address"
        await ann.close()
        await bob.close()


def is_again(peer: WirePeer, packet: Received) -> bool:
    return peer.again_slots.get(packet.ssrc) == peer.slots["2"]


async def test_tcp_over_ipv6_is_answered_with_the_address_it_came_from(tmp_path: Path) -> None:
    async with open_rig(tmp_path, host="::1") as rig:
        ann = await joined(rig.client.connect, WirePeer())
        reader, writer = await asyncio.open_connection("::1", rig.house.port)
        check = ann.check_bytes()
        writer.write(len(check).to_bytes(2, "big") + check)
        async with asyncio.timeout(3.0):
            data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        mapped = stun.parse_message(data).attributes["XOR-MAPPED-ADDRESS"]
        assert mapped == writer.get_extra_info("sockname")[:2]
        writer.close()
        await ann.close()


def settings(folder: Path, **more: object) -> Settings:
    return Settings(data=folder, recordings=folder, media_port=0, **more)  # type: ignore[arg-type]


def test_announced_addresses_are_of_both_families_without_link_local_ones(tmp_path: Path) -> None:
    behind = settings(tmp_path, media_announce="203.0.113.7, [2001:db8::7],fe80::1, 169.254.3.4")
    assert announced_addresses(behind, ["10.0.0.2"]) == ["203.0.113.7", "2001:db8::7"]
    assert announced_addresses(settings(tmp_path), ["10.0.0.2", "fd00::2"]) == ["10.0.0.2", "fd00::2"]
    named = settings(tmp_path, media_host="10.0.0.2,[fd00::2]")
    assert listen_addresses(named) == ["10.0.0.2", "fd00::2"]


def test_strangers_are_counted_by_what_one_of_them_owns() -> None:
    assert network_of("192.0.2.1") != network_of("192.0.2.2")
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")


def candidates(sdp: str) -> set[tuple[str, int]]:
    """Address and port of all host candidates (RFC 8839, section 5.1)."""
    fields = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate:") and " typ host" in line]
    return {(one[4], int(one[5])) for one in fields}


@pytest.mark.net
@needs_namespaces
@pytest.mark.parametrize("address", ["fd77::1/64", "10.77.0.1/24"])
async def test_one_family_is_enough(tmp_path: Path, address: str) -> None:
    """A network without the other family: 20 of 20 connect, and link-local addresses are told to nobody."""
    host = address.partition("/")[0]
    with namespaces.network_of(address):
        async with open_rig(tmp_path, host="") as rig:
            peers = [WirePeer() for _ in range(20)]
            answers = [await rig.client.connect(peer.offer()) for peer in peers]
            told = [candidates(answer.sdp) for answer in answers]
            assert all((host, rig.house.port) in one and not any(is_link_local(at) for at, _ in one) for one in told)
            await asyncio.gather(*(peer.connect(answer.sdp) for peer, answer in zip(peers, answers, strict=True)))
            assert all(peer.is_up for peer in peers)
            for peer in peers:
                await peer.close()


@pytest.mark.net
@pytest.mark.browser
@needs_namespaces
async def test_chromium_connects_twenty_times_without_ipv4(tmp_path: Path) -> None:
    with namespaces.network_of(f"{OWN}/64"):
        async with (
            open_rig(tmp_path, host="") as rig,
            pages_of(rig) as site,
            chromium(tmp_path, site, 2) as (ann, bob),
        ):
            await rig.client.seat("s1", "ann", Seat(await ann.evaluate("join(1, 1)"), on_stage=True))
            for _ in range(20):
                connection = await bob.evaluate("join(1, 1)")
                await rig.client.seat("s1", "bob", Seat(connection, on_stage=True))
                await wait_for_frames(bob, "3", 1, 5.0)
                path = rig.house.connections[connection].link.path
                assert path is not None
                assert path.address[0] == OWN
                await bob.evaluate("pc.close()")
