"""CPU of the composer: 1, 2 and 4 publishers of 720p30 with their sound to one 1280x720 stream, and one whose picture goes through as it is."""

import argparse
import asyncio
import contextlib
import statistics
import struct
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import report
from aiortc.codecs.h264 import H264Encoder
from clip import FPS, PAYLOAD_BYTES, Clip, Shape, encode
from report import cpu_s, say, spread

from server.broadcast.compose.scene import Scene
from server.media.protocol import Offer, Seat
from server.media.rtp import rtcp
from server.media.rtp.clock import ntp_from_unix
from server.media.scene import voice
from tests.broadcast.compose.rig import ComposeRig, film
from tests.media.record_packets import beeps, flashes, skews_ms
from tests.media.wire_peer import WirePeer, joined

SETTLE_S = 4.0
SKEW_S = 20.0
H264_LINES = """a=rtpmap:96 H264/90000\r
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"""
ROUNDS = {"core_1": 1, "core_2": 2, "core_4": 4, "core_passthrough": 1}


class H264Peer(WirePeer):
    """The same, with a camera that sends H.264."""

    def offer(self) -> Offer:
        offer = super().offer()
        return Offer(offer.sdp.replace("a=rtpmap:96 VP8/90000", H264_LINES), offer.sources)


class Publisher:
    """Sends the clip in real time, with sender reports, and jumps to a key frame when one is wanted."""

    def __init__(self, peer: WirePeer, frames: list[list[bytes]], clip: Clip) -> None:
        self._peer, self._frames, self._clip = peer, frames, clip
        self._frame = self._picture = self._sound = self._seq = 0

    async def run(self) -> None:
        began, reported = time.monotonic(), 0.0
        while True:
            now = time.monotonic() - began
            self._jump()
            while self._picture <= now * FPS:
                self._send_picture()
            while self._sound <= now * 50:
                payload = self._clip.audio[self._sound % len(self._clip.audio)]
                self._peer.send_rtp("1", self._sound, self._sound * 960, payload, level=30)
                self._sound += 1
            if now >= reported:
                reported += 1.0
                for mid, rate in (("0", 90_000), ("1", 48_000)):
                    times = ntp_from_unix(time.time()), round(now * rate) & 0xFFFFFFFF
                    self._peer.send_rtcp(rtcp.sender_report(self._peer.ssrcs[mid], *times, 1, 1))
            await asyncio.sleep(1 / 120)

    def _jump(self) -> None:
        if any(isinstance(one, rtcp.PictureLoss) for one in self._peer.reports):
            keys = self._clip.keys
            self._frame = min(keys, key=lambda key: (key - self._frame) % len(self._frames))
        self._peer.reports.clear()
        self._peer.received.clear()

    def _send_picture(self) -> None:
        payloads = self._frames[self._frame]
        for at, payload in enumerate(payloads):
            self._peer.send_rtp("0", self._seq, self._picture * 3000, payload, marker=at == len(payloads) - 1)
            self._seq += 1
        self._frame = (self._frame + 1) % len(self._frames)
        self._picture += 1


def payloads_of(clip: Clip, codec: str) -> list[list[bytes]]:
    """The RTP payloads of each frame."""
    if codec == "VP8":
        return [_vp8(frame) for frame in clip.video]
    packer, packed = H264Encoder(), []
    for frame in clip.video:
        packet = av.Packet(frame)
        packet.pts, packet.time_base = 0, Fraction(1, 90_000)
        packed.append(packer.pack(packet)[0])
    return packed


def _vp8(frame: bytes) -> list[bytes]:
    cuts = range(0, len(frame), PAYLOAD_BYTES)
    return [struct.pack("!B", 0 if at else 0x10) + frame[at : at + PAYLOAD_BYTES] for at in cuts]


def voices() -> list[bytes]:
    """Four seconds of the robots' voice in Opus: the clip's own tone is nothing that people say, and costs an AAC encoder more than speech."""
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = 48_000, "stereo", "s16", 64_000
    context.options = {"frame_duration": "20"}
    packets = []
    for number, piece in enumerate(voice().reshape(-1, 960)):
        frame = av.AudioFrame.from_ndarray(np.repeat(piece, 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 960 * number, Fraction(1, 48_000)
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Each row has a worker and a composer of its own; the composer's CPU over windows, sound included."""
    clips = {codec: replace(encode(Shape(codec=codec)), audio=voices()) for codec in ("VP8", "H264")}
    found: dict[str, list[float]] = {}
    facts: dict[str, Any] = {}
    for name, people in ROUNDS.items():
        if options.only in ("", name):
            codec = "H264" if name == "core_passthrough" else "VP8"
            found[name], facts[name] = await _cost(clips[codec], codec, people, options)
            say(f"{name}: {found[name]}")
    medians = {name: round(statistics.median(runs), 3) if (runs := found.get(name)) else None for name in ROUNDS}
    skew = await _skew() if not options.only else {}
    return {**medians, **skew, "streams": facts, "spread": {name: spread(runs, 3) for name, runs in found.items()}}


async def _cost(
    clip: Clip, codec: str, people: int, options: argparse.Namespace
) -> tuple[list[float], dict[str, float]]:
    frames = payloads_of(clip, codec)
    names = [f"p{number}" for number in range(people)]
    with tempfile.TemporaryDirectory(prefix="oase-bench-") as folder:
        async with ComposeRig(Path(folder)) as rig, contextlib.AsyncExitStack() as ends:
            publishing = []
            for number, name in enumerate(names):
                peer = await joined(rig.worker.client.connect, (WirePeer if codec == "VP8" else H264Peer)(0, 0))
                ends.push_async_callback(peer.close)
                await rig.worker.client.seat(rig.worker.session, name, Seat(peer.connection, on_stage=True))
                publishing.append(asyncio.create_task(Publisher(peer, frames, clip).run()))
                await asyncio.sleep(0.0137 * number)  # Cameras are not in step with each other.
            await rig.compose(Scene(layout="grid", agreed=names))
            wanted = "passing" if codec == "H264" else "composing"
            await rig.health(lambda health: health.people == people and health.state == wanted)
            await asyncio.sleep(SETTLE_S)
            before = await rig.client.health()
            runs = [await _core(rig, options.seconds) for _ in range(options.repeats)]
            after = await rig.client.health()
            for task in publishing:
                task.cancel()
            size = sum(path.stat().st_size for path in rig.directory.glob("s*.m4s"))
    length_s = after.position_s
    return runs, {
        "fps": after.fps,
        "latency_s": after.latency_s,
        "measured_s": round(length_s - before.position_s, 1),
        "bps": round(8 * size / length_s),
    }


async def _core(rig: ComposeRig, seconds: float) -> float:
    assert rig.process is not None
    before, began = cpu_s(rig.process.pid), time.monotonic()
    await asyncio.sleep(seconds)
    return (cpu_s(rig.process.pid) - before) / (time.monotonic() - began)


async def _skew() -> dict[str, float]:
    """How far flashes and beeps of a robot are apart in the stream."""
    with tempfile.TemporaryDirectory(prefix="oase-bench-") as folder:
        async with ComposeRig(Path(folder)) as rig:
            await rig.worker.join("ann")
            await rig.compose(Scene(agreed=["ann"]))
            await rig.length(SKEW_S)
            await rig.end()
        path = await film(rig.directory)
        skews = skews_ms(flashes(path)[1:-1], beeps(path))
    return {"av_skew_ms_max": round(max(skews), 1), "av_skew_ms_median": round(statistics.median(skews), 1)}


if __name__ == "__main__":
    report.main(
        measure,
        ("--repeats", {"type": int, "default": 3, "help": "windows of each row"}),
        ("--seconds", {"type": float, "default": 5.0, "help": "length of a window"}),
        ("--only", {"default": "", "help": "one row, such as core_4"}),
    )
