"""Who speaks, over the wire: levels in packets become an event, and who speaks is heard and seen though there are too few slots."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from server.media.protocol import Seat
from server.tasks import Tasks
from tests.media.rig import Rig, open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8

SPEECH, ROOM = 30, 70
"""As RFC 6464 counts: dB below the loudest."""
PEOPLE = tuple("abcdefg")


@dataclass
class Room:
    """People on one stage whose microphones and cameras run; who is in `loud` speaks."""

    rig: Rig
    peers: dict[str, WirePeer]
    loud: set[str] = field(default_factory=set)

    async def run(self) -> None:
        step = 0
        while True:
            for who, peer in self.peers.items():
                peer.send_rtp("1", step, step * 960, who.encode() * 8, level=SPEECH if who in self.loud else ROOM)
                if step % 2 == 0:
                    peer.send_rtp("0", step // 2, step * 1800, vp8(step % 20 == 0, step // 2, step // 2, who.encode()))
            step += 1
            await asyncio.sleep(0.02)

    def in_slots(self, viewer: str, kind: str) -> set[str]:
        """Whose sound or picture `viewer` gets, as the worker says."""
        slots = self.rig.house.connections[self.peers[viewer].connection].slots()
        return {slot.participant for slot in slots if slot.kind == kind and slot.participant is not None}

    async def only(self, who: str) -> None:
        """Nobody else speaks from now on; returns when the worker has said that."""
        self.loud.clear()
        self.loud.add(who)
        await until(lambda: self.told()[-1:] == [([who], who)])

    def told(self) -> list[tuple[list[str], str | None]]:
        """Each time: who speaks, and who has the word."""
        return [
            (event.data["participants"], event.data["main"]) for event in self.rig.events if event.kind == "speaking"
        ]


@asynccontextmanager
async def open_room(folder: Path, people: tuple[str, ...], video: int, audio: int) -> AsyncIterator[Room]:
    async with open_rig(folder) as rig:
        peers = {}
        for who in people:
            peers[who] = await joined(rig.client.connect, WirePeer(video, audio))
            await rig.client.seat("s1", who, Seat(peers[who].connection, on_stage=True))
        room, tasks = Room(rig, peers), Tasks("room")
        tasks.start(room.run(), "packets")
        try:
            yield room
        finally:
            await tasks.close()
            for peer in peers.values():
                await peer.close()


async def test_who_speaks_is_told_and_keeps_the_word_in_silence(tmp_path: Path) -> None:
    async with open_room(tmp_path, PEOPLE[:2], video=2, audio=2) as room:
        await room.only("a")
        event = await room.rig.event("speaking", participants=["a"], main="a")
        assert event.data["session"] == "s1"
        assert set(event.data["connections"]) == {peer.connection for peer in room.peers.values()}
        room.loud.clear()
        await room.rig.event("speaking", participants=[], main="a")
        await room.only("b")


async def test_with_seven_microphones_and_four_slots_who_speaks_is_heard(tmp_path: Path) -> None:
    async with open_room(tmp_path, PEOPLE, video=2, audio=4) as room:
        for who in ("g", "f", "e", "d"):
            await room.only(who)
        await until(lambda: room.in_slots("a", "audio") == set("defg"))
        await room.only("b")
        await until(lambda: room.in_slots("a", "audio") == set("bdef"))  # The longest silent one made room.
        assert "b" not in room.in_slots("b", "audio")
        hearer = room.peers["a"]
        await until(lambda: any(packet.payload[:1] == b"b" for packet in hearer.received if packet.payload_type == 111))
        for mid in ("4", "5", "6", "7"):
            heard = hearer.of(mid)
            steps = [
                (two.seq - one.seq & 0xFFFF, two.rtp_time - one.rtp_time & 0xFFFFFFFF)
                for one, two in itertools.pairwise(heard)
            ]
            assert {step for step, _ in steps} == {1}, "a switch left a hole"
            assert max(ticks for _, ticks in steps) < 48_000 / 5, "a switch was a pause"


async def test_with_seven_cameras_and_two_slots_the_last_speakers_are_seen(tmp_path: Path) -> None:
    async with open_room(tmp_path, PEOPLE, video=2, audio=4) as room:
        await room.only("g")
        await room.only("e")
        await until(lambda: room.in_slots("a", "video") == {"e", "g"})
        await room.only("c")
        await until(lambda: room.in_slots("a", "video") == {"c", "e"})
        await until(
            lambda: {p.payload[-1:] for mid in ("2", "3") for p in room.peers["a"].of(mid)[-3:]} == {b"c", b"e"}
        )
        assert room.in_slots("c", "video") >= {"e"}
