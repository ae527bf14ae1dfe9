"""Connections come, move, are replaced and end; each end has its reason."""

import asyncio
import gc
import time
import weakref
from pathlib import Path

import pytest

from server.errors import BadSdp, MediaAway, NotFound, SessionEnded
from server.media.client import MediaClient
from server.media.peer.connection import Connection
from server.media.peer.layer import Layer
from server.media.protocol import Offer, RecordingFacts, Restart, Seat, StartRecording
from server.media.session import Session
from tests.media.rig import Way, both_ways, open_rig, until
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


@pytest.mark.parametrize("by_peer", [True, False])
async def test_nothing_of_an_ended_connection_waits_for_the_collector(tmp_path: Path, by_peer: bool) -> None:
    """The worker's collector comes after tens of thousands of new objects; an ended connection has keys and rings worth 200 kB."""
    async with open_rig(tmp_path) as rig:
        gc.disable()
        try:
            ann = await joined(rig.client.connect, WirePeer())
            await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
            ann.send_rtp("0", 1, 1, vp8(True, 1, 1))
            await until(lambda: rig.house.counters.view().get("packets_in"))
            ended = weakref.ref(rig.house.connections[ann.connection])
            await (ann.close() if by_peer else rig.client.close_connection(ann.connection))
            await until(lambda: ended() is None)
            assert ann.connection not in rig.house.connections
            assert (await rig.client.health()).connections == 0
            await ann.close()
        finally:
            gc.enable()


async def test_nothing_of_people_who_saw_each_other_waits_for_the_collector(tmp_path: Path) -> None:
    """A slot remembers the streams that were in it, for retransmissions; a stream that ended remembers no slot."""
    async with open_rig(tmp_path) as rig:
        gc.disable()
        try:
            ann, bob = [await joined(rig.client.connect, WirePeer()) for _ in range(2)]
            await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
            await rig.client.seat("s1", "bob", Seat(bob.connection, on_stage=True))
            for one, other in ((ann, bob), (bob, ann)):
                await send_until_seen(one, other)
            layers = [
                weakref.ref(layer) for one in (ann, bob) for layer in layers_of(rig.house.connections[one.connection])
            ]
            assert len(layers) == 2
            for one in (ann, bob):
                await rig.client.close_connection(one.connection)
            await until(lambda: not any(layer() for layer in layers))
            await asyncio.gather(ann.close(), bob.close())
        finally:
            gc.enable()


async def send_until_seen(sender: WirePeer, viewer: WirePeer) -> None:
    before = len(viewer.received)
    for number in range(500):
        sender.send_rtp("0", number, 3000 * number, vp8(True, number, number & 255))
        await asyncio.sleep(0.02)
        if len(viewer.received) > before + 3:
            return
    raise AssertionError("nothing came")


def layers_of(connection: Connection) -> list[Layer]:
    return [layer for publication in connection.publications for layer in publication.layers]


@both_ways
async def test_second_connection_replaces_the_first(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
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


@both_ways
async def test_ice_restart_keeps_keys_and_follows_the_new_address(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
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


@both_ways
async def test_ended_session_closes_its_connections(tmp_path: Path, way: Way) -> None:
    async with open_rig(tmp_path, way=way) as rig:
        ann = await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        await rig.client.end_session("s1")
        assert (await rig.event("gone", connection=ann.connection)).data["reason"] == "ended"
        with pytest.raises(NotFound):
            await rig.client.session("s1")
        await until(lambda: not ann.is_up)
        await ann.close()


class StuckDisk:
    """A recorder's stop that does not return: the disk hangs."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def stop_of(self, session: Session) -> None:
        self.is_asked.set()
        await self.goes_on.wait()


@both_ways
async def test_media_stop_at_once_when_the_session_ends(
    tmp_path: Path, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They went on, up to 30 s, until the recording was on the disk; a seat meanwhile was a KeyError."""
    async with open_rig(tmp_path, way=way) as rig:
        ann, bob = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
        await rig.client.seat("s1", "ann", Seat(ann.connection, on_stage=True))
        await rig.client.seat("s1", "bob", Seat(bob.connection, on_stage=True))
        disk = StuckDisk()
        monkeypatch.setattr(rig.house.recordings, "stop_of", disk.stop_of)
        ending = asyncio.get_running_loop().create_task(rig.house.end_session("s1"))
        await disk.is_asked.wait()
        assert all(connection.is_gone for connection in rig.house.connections.values())
        await until(lambda: not ann.is_up and not bob.is_up, 3.0)
        assert not ending.done()
        cleo = await joined(rig.client.connect, WirePeer())
        with pytest.raises(SessionEnded):
            await rig.client.seat("s1", "cleo", Seat(cleo.connection))
        await until(lambda: not cleo.is_up, 3.0)
        disk.goes_on.set()
        await ending
        for peer in (ann, bob, cleo):
            await peer.close()


async def test_recordings_that_end_meanwhile_hold_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One NotFound ended the closing of the worker; the recordings were stopped one after the other."""
    async with open_rig(tmp_path) as rig:
        for name in ("a", "b", "c"):
            await rig.client.seat(f"s{name}", "ann", Seat(on_stage=True))
            await rig.client.start_recording(f"s{name}", StartRecording(name, name, ["ann"]))
        real, begun, all_begun = rig.house.recordings.stop, set(), asyncio.Event()

        async def stop(recording: str) -> RecordingFacts:
            begun.add(recording)
            if len(begun) == 3:
                all_begun.set()
            await all_begun.wait()
            if recording == "a":
                await real(recording)  # As if a DELETE came first.
            return await real(recording)

        monkeypatch.setattr(rig.house.recordings, "stop", stop)
        async with asyncio.timeout(5.0):
            await rig.house.recordings.close()
        with pytest.raises(NotFound):
            rig.house.recordings.agree("c", [])


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


async def test_others_hear_of_an_interrupted_line_within_two_seconds_and_of_its_end(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, idle = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
        for name, peer in (("ann", ann), ("idle", idle)):
            await rig.client.seat("s1", name, Seat(peer.connection, on_stage=True))

        def interrupted() -> list[str]:
            told = [event.data for event in rig.events if event.kind == "roster"]
            return [one["participant"] for one in told[-1]["participants"] if one["interrupted"]]

        await ann.hold_checks()
        for index in range(20):
            ann.send_rtp("1", index, index * 960, b"sound")
            await asyncio.sleep(0.02)
        lost_at = time.monotonic()
        await until(lambda: interrupted() == ["ann"], limit_s=2.0)
        assert time.monotonic() - lost_at > 1.0
        ann.send_rtp("1", 20, 20 * 960, b"sound")
        await until(lambda: interrupted() == [], limit_s=1.0)
        await ann.close()
        await idle.close()
