"""Who watches a stage that is open to everybody gets those who agreed to that, at once and nobody else."""

from dataclasses import replace
from pathlib import Path

from server.media.protocol import Seat
from tests.media.rig import Rig, Way, both_ways, open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8


async def seated(rig: Rig, name: str, seat: Seat) -> WirePeer:
    peer = await joined(rig.client.connect, WirePeer())
    await rig.client.seat("s1", name, replace(seat, connection=peer.connection))
    return peer


def heard(peer: WirePeer, word: bytes) -> bool:
    return any(word in packet.payload for packets in peer.received.values() for packet in packets)


def shown(rig: Rig, peer: WirePeer) -> set[str]:
    """Whose pictures and sounds the worker sends there."""
    outlets = rig.house.connections[peer.connection].parts.outlets
    return {one.publication.participant for one in outlets if one.publication is not None}


@both_ways
async def test_audience_gets_exactly_those_who_agreed(tmp_path: Path, way: Way) -> None:
    """Not one packet of the others; who was given a key to watch sees the whole stage, as before."""
    async with open_rig(tmp_path, way=way) as rig:
        stage = {name: await seated(rig, name, Seat(on_stage=True)) for name in ("ann", "bob")}
        crowd = await seated(rig, "viewer", Seat(on_stage=False, watches=True, audience=True))
        keyed = await seated(rig, "keyed", Seat(on_stage=False, watches=True))
        number = 0

        def speak() -> None:
            nonlocal number
            number += 1
            for name, peer in stage.items():
                peer.send_rtp("0", number, 3000 * number, vp8(True, number, number))
                peer.send_rtp("1", number, 960 * number, f"{name} {number}".encode())

        speak()
        await until(lambda: shown(rig, keyed) == {"ann", "bob"})
        assert shown(rig, crowd) == set()
        for agreed in (["ann"], ["bob"], [], ["ann"]):
            await rig.client.show("s1", agreed, ["ann", "bob"])
            assert shown(rig, crowd) == set(agreed)
            speak()
        await rig.client.seat("s1", "ann", Seat(on_stage=False))
        assert shown(rig, crowd) == set()
        await rig.client.seat("s1", "bob", Seat(on_stage=False))
        assert shown(rig, keyed) == set()
        for peer in (*stage.values(), crowd, keyed):
            await peer.close()


@both_ways
async def test_who_came_from_the_audience_gets_those_who_are_open_to_outsiders(tmp_path: Path, way: Way) -> None:
    """At first nobody, and nobody else after any other change; the others see the newcomer."""
    async with open_rig(tmp_path, way=way) as rig:
        stage = {name: await seated(rig, name, Seat(on_stage=True)) for name in ("ann", "bob")}
        fan = await seated(rig, "fan", Seat(on_stage=True, outsider=True))
        for number in range(1, 3):
            for peer in (*stage.values(), fan):
                peer.send_rtp("0", number, 3000 * number, vp8(True, number, number))
        await until(lambda: shown(rig, stage["ann"]) == {"bob", "fan"})
        assert shown(rig, fan) == set()
        await rig.client.show("s1", ["bob"], ["ann"])
        assert shown(rig, fan) == {"ann"}
        await rig.client.seat("s1", "fan", Seat(state={"camera": True}))
        assert shown(rig, fan) == {"ann"}
        await rig.client.show("s1", [], ["ann", "bob"])
        assert shown(rig, fan) == {"ann", "bob"}
        for peer in (*stage.values(), fan):
            await peer.close()
