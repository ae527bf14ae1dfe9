"""Connections come, move, are replaced and end; each end has its reason."""

import asyncio
import time
from pathlib import Path

import pytest

from server.errors import BadSdp, MediaAway, NotFound
from server.media.client import MediaClient
from server.media.protocol import Offer, Restart, Seat
from tests.media.rig import open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8


class Clock:
    """The loop's clock with a jump that the test decides."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


async def test_connected_and_closed_by_peer_are_told(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        await rig.event("connected", connection=ann.connection)
        await ann.close()
        gone = await rig.event("gone", connection=ann.connection)
        assert gone.data == {
            "connection": ann.connection,
            "session": "s1",
            "participant": "ann",
            "reason": "closed_by_peer",
        }
        view = await rig.client.session("s1")
        assert not view.participants[0].connected
        assert view.participants[0].connection is None


async def test_peer_without_checks_for_30_s_is_ended(tmp_path: Path) -> None:
    clock = Clock()
    async with open_rig(tmp_path, clock) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await ann._tasks.close()  # No more checks.
        clock.ahead_s = 27.0
        await asyncio.sleep(1.2)
        assert (await rig.client.health()).connections == 1
        clock.ahead_s = 31.0
        gone = await rig.event("gone", connection=ann.connection, limit_s=3.0)
        assert gone.data["reason"] == "no_check_30s"
        await ann.close()


async def test_second_connection_replaces_the_first(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        first, second = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(first.connection, on_stage=True))
        view = await rig.client.seat("s1", "ann", Seat(second.connection))
        assert view.participants[0].connection == second.connection
        assert view.participants[0].on_stage
        gone = await rig.event("gone", connection=first.connection)
        assert gone.data["reason"] == "replaced"
        await until(lambda: not first.is_up)
        await first.close()
        await second.close()


async def test_wrong_certificate_ends_the_connection(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = WirePeer()
        offer = ann.offer()
        wrong = offer.sdp.replace("sha-256 ", "sha-256 00:")
        answer = await rig.client.connect(Offer(wrong, offer.sources))
        await ann.connect(answer.sdp)  # For the browser's side all is well.
        gone = await rig.event("gone", connection=answer.connection)
        assert gone.data["reason"] == "dtls_failed"
        await ann.close()


async def test_ice_restart_keeps_keys_and_follows_the_new_address(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        await rig.client.seat("s1", "bob", Seat(bob.connection, on_stage=True))
        ann.send_rtp("0", 0, 0, vp8(True, 0, 0))
        await until(lambda: bob.of("2"))
        answer = await rig.client.restart(bob.connection, Restart(bob.offer().sdp))
        await bob.move()
        bob.read_answer(answer.sdp)
        bob.check()
        await until(lambda: bob.checks_answered >= 2)
        for index in range(1, 10):
            ann.send_rtp("0", index, index * 3000, vp8(False, index, index))
        packets = await until(lambda: len(found := bob.of("2")) >= 10 and found)
        assert [packet.seq - packets[0].seq for packet in packets] == list(range(10))
        await ann.close()
        await bob.close()


async def test_restart_of_something_else_is_refused(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        with pytest.raises(BadSdp):
            await rig.client.restart(ann.connection, Restart(WirePeer().offer().sdp))
        with pytest.raises(NotFound):
            await rig.client.restart("nobody", Restart(ann.offer().sdp))
        await ann.close()


async def test_ended_session_closes_its_connections(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        await rig.client.end_session("s1")
        assert (await rig.event("gone", connection=ann.connection)).data["reason"] == "ended"
        with pytest.raises(NotFound):
            await rig.client.session("s1")
        await until(lambda: not ann.is_up)
        await ann.close()


async def test_worker_that_is_away_is_said_so(tmp_path: Path) -> None:
    client = MediaClient(f"unix:{tmp_path / 'nobody.sock'}")
    with pytest.raises(MediaAway):
        await client.health()
    await client.close()


async def test_events_come_back_with_a_new_boot(tmp_path: Path) -> None:
    client = MediaClient(f"unix:{tmp_path / 'control.sock'}")
    boots: list[str] = []

    async def listen() -> None:
        async for event in client.events():
            if event.kind == "hello":
                boots.append(event.data["boot"])

    listening = asyncio.get_running_loop().create_task(listen())
    for count in (1, 2):
        async with open_rig(tmp_path):
            await until(lambda count=count: len(boots) == count, 5.0)  # type: ignore[misc]
    assert boots[0] != boots[1]
    listening.cancel()
    await client.close()


async def test_roster_tells_who_is_here(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=False, state={"microphone": True}))
        roster = [event for event in rig.events if event.kind == "roster"]
        await until(lambda: any(event.kind == "roster" for event in rig.events))
        roster = [event for event in rig.events if event.kind == "roster"]
        (participant,) = roster[-1].data["participants"]
        assert participant["participant"] == "ann"
        assert participant["state"] == {"microphone": True}
        await rig.client.unseat("s1", "ann")
        assert (await rig.client.session("s1")).participants == []
        await ann.close()
