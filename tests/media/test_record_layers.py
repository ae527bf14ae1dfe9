"""What a recording does with a camera that comes in several layers: whose it asks for, and what it writes when they change."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from server.media.protocol import Offer, Seat, StartRecording
from server.media.recorder.finish import finish
from tests.media.record_packets import Sent, video
from tests.media.rig import open_rig
from tests.media.test_layers import RIDS, Camera, on_stage, told
from tests.media.wire_peer import WirePeer

H264_SIZES = {"l": (160, 90), "m": (320, 180), "h": (640, 360)}


async def test_only_those_who_agreed_are_asked_for_their_best_picture(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, eve = await on_stage(rig, "ann", RIDS, video=0), await on_stage(rig, "eve", RIDS, video=0)
        cameras = Camera(ann, ("m",)), Camera(eve, ("m",))

        async def run(seconds: float) -> None:
            await asyncio.gather(*(camera.run(seconds) for camera in cameras))

        await run(0.3)
        await rig.client.start_recording("s1", StartRecording("rec", "rec", ["ann"]))
        await run(0.3)
        assert told(rig, ann)[-1] == ["m", "h"]
        assert told(rig, eve) == [["m"]]
        await rig.client.agree("rec", ["eve"])
        await run(2.5)
        assert told(rig, ann)[-1] == ["m"]
        assert told(rig, eve)[-1] == ["h"]
        await rig.client.stop_recording("rec")
        await ann.close()
        await eve.close()


class H264Camera:
    """Sends real H.264 in layers, 30 frames a second: each second begins with a key frame of every layer that is active."""

    def __init__(self, peer: WirePeer) -> None:
        self.peer = peer
        self.active: set[str] = set()
        self._packets = {rid: in_frames(rid) for rid in RIDS}

    async def run(self, seconds: int) -> None:
        began = time.monotonic()
        for number in range(30 * seconds):
            for rid in RIDS:
                # What is not sent counts in the numbers, too: its layer comes back after a gap.
                for packet in next(self._packets[rid]):
                    if rid in self.active:
                        self._send(rid, packet)
            await asyncio.sleep(max(0.0, began + (number + 1) / 30 - time.monotonic()))

    def _send(self, rid: str, packet: Sent) -> None:
        self.peer.send_rtp(
            "0", packet.seq, packet.rtp_time, packet.payload, rid=rid, marker=packet.marker, payload_type=102
        )


def in_frames(rid: str) -> Iterator[list[Sent]]:
    for _, frame in itertools.groupby(video("H264", 60, size=H264_SIZES[rid]), key=lambda packet: packet.t):
        yield list(frame)


def h264_offer(offer: Offer) -> Offer:
    """The same with H.264 in place of VP8."""
    fmtp = "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
    sdp = offer.sdp.replace("VP8/90000", f"H264/90000\r\n{fmtp}").replace("apt=96", "apt=102")
    for before, after in (
        ("RTP/SAVPF 96", "RTP/SAVPF 102"),
        ("rtpmap:96", "rtpmap:102"),
        ("rtcp-fb:96", "rtcp-fb:102"),
    ):
        sdp = sdp.replace(before, after)
    return replace(offer, sdp=sdp)


async def test_h264_that_changes_its_layer_is_recorded_as_files_that_play(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann = WirePeer(0, 0, RIDS)
        answer = await rig.client.connect(h264_offer(ann.offer()))
        await ann.connect(answer.sdp)
        await rig.client.seat("s1", "ann", Seat(answer.connection, on_stage=True))
        camera = H264Camera(ann)
        camera.active = {"m", "h"}
        await camera.run(1)
        await rig.client.start_recording("s1", StartRecording("rec", "rec", ["ann"]))
        await camera.run(2)
        camera.active = {"m"}  # The large layer is not sent any more: down at once.
        await camera.run(2)
        camera.active = {"m", "h"}  # Up only after CALM_S, which is not over: no third file.
        await camera.run(1)
        await rig.client.stop_recording("rec")
        await ann.close()
    directory = tmp_path / "recordings" / "rec"
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    tracks = sorted(facts.tracks, key=lambda track: track.start_s)
    assert [size_and_frames(directory / track.name) for track in tracks] == [
        (H264_SIZES["h"], pytest.approx(45, abs=20)),
        (H264_SIZES["m"], pytest.approx(70, abs=25)),
    ]
    large, small = tracks
    assert 0 <= small.start_s - (large.start_s + large.duration_s) < 1.2  # Until the next key frame of the other layer.
    assert small.start_s + small.duration_s == pytest.approx(5.0, abs=0.5)


def size_and_frames(path: Path) -> tuple[tuple[int, int], int]:
    """Of every frame the size has to be the same; none is broken."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    assert not any(frame.is_corrupt for frame in frames)
    (size,) = {(frame.width, frame.height) for frame in frames}
    return size, len(frames)
