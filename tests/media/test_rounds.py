"""Who is cared for when: viewers now and then, who sends or waits for a report in every round of 25 ms."""

from pathlib import Path

from server.media.protocol import Seat
from tests.media.rig import open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8


async def test_viewer_gets_its_sender_report_in_the_next_round(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await joined(rig.client.connect, WirePeer()), await joined(rig.client.connect, WirePeer())
        for name, peer in (("ann", ann), ("bob", bob)):
            await rig.client.seat("s1", name, Seat(peer.connection, on_stage=True))
        sender, viewer = (rig.house.connections[peer.connection] for peer in (ann, bob))
        assert not sender.is_lively
        ann.send_rtp("0", 1, 0, vp8(True, 1, 1))
        await until(lambda: sender.publications[0].live)
        assert sender.is_lively
        await until(lambda: bob.of("2") and not viewer.link.wants_report)
        assert not viewer.is_lively
        viewer.link.wants_report = True
        rig.house.round(1 - list(rig.house.connections).index(bob.connection))  # None of the viewer's own.
        assert not viewer.link.wants_report
        await ann.close()
        await bob.close()
