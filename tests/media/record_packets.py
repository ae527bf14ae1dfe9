"""What a browser would send: real VP8, H.264 and Opus, packed by aiortc, with a flash and a beep at every full second."""

import asyncio
import fractions
import functools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

from server.media.protocol import Event, StartRecording
from server.media.recorder import Recorder
from server.media.tap import Codec, Source

VP8 = Codec("video/VP8", 90_000)
H264 = Codec("video/H264", 90_000, "profile-level-id=42e01f;packetization-mode=1")
OPUS = Codec("audio/opus", 48_000, "", 2)
MARK_S = 0.1  # So long are flash and beep.


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet: when it was sampled, in seconds since the source began."""

    t: float
    seq: int
    rtp_time: int
    marker: bool
    payload: bytes
    is_key: bool


@functools.cache
def second_of_video(codec: str, width: int, height: int, fps: int) -> list[tuple[list[bytes], bool]]:
    """The packets of each frame of one second, a key frame first. Deterministic noise makes the frames weigh something."""
    context = av.CodecContext.create("libvpx" if codec == "VP8" else "libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = fractions.Fraction(1, fps)
    context.framerate = fractions.Fraction(fps, 1)
    context.bit_rate = 1_500_000 if width > 640 else 500_000
    if codec == "VP8":
        context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"}
        packer = Vp8Encoder()
    else:
        context.options = {"preset": "ultrafast", "tune": "zerolatency"}
        context.profile = "Baseline"
        packer = H264Encoder()
    context.gop_size = 3000
    noise = np.random.default_rng(width + fps)
    frames = []
    for number in range(fps):
        frame = av.VideoFrame.from_ndarray(_picture(number / fps, width, height, noise), format="yuv420p")
        frame.pts, frame.time_base = number, context.time_base
        for packet in context.encode(frame):
            frames.append((packer.pack(packet)[0], bool(packet.is_keyframe)))
    return frames


def _picture(t: float, width: int, height: int, noise: np.random.Generator) -> np.ndarray:
    luma = np.full((height * 3 // 2, width), 128, np.uint8)
    luma[:height] = 235 if t % 1 < MARK_S - 1e-6 else 30
    stripe = luma[: height // 4]
    stripe[:, : width // 2] = np.clip(
        stripe[:, : width // 2].astype(int) + noise.integers(-20, 20, (height // 4, width // 2)), 0, 255
    )
    return luma


@functools.cache
def second_of_sound() -> list[bytes]:
    """Fifty Opus packets: 100 ms of 1 kHz, then silence."""
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "s16"
    context.options = {"application": "lowdelay", "frame_duration": "20"}
    payloads: list[bytes] = []
    for number in range(150):
        at = np.arange(960) + number * 960
        tone = np.where(at % 48_000 < MARK_S * 48_000, np.sin(at * 2 * np.pi * 1000 / 48_000) * 12_000, 0).astype(
            np.int16
        )
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, number * 960
        payloads += [bytes(packet) for packet in context.encode(frame)]
    return payloads[50:100]


def video(
    codec: str, seconds: float, fps: int = 30, size: tuple[int, int] = (320, 180), ppm: float = 0.0, seed: int = 1
) -> Iterator[Sent]:
    """A picture; its codec clock runs `ppm` millionths too fast."""
    seq, rtp_0 = random.Random(seed).randrange(2**15), random.Random(seed + 9).randrange(2**32)
    frames = second_of_video(codec, *size, fps)
    for number in range(int(seconds * fps)):
        t = number / fps
        payloads, is_key = frames[number % fps]
        for at, payload in enumerate(payloads):
            rtp_time = (rtp_0 + round(t * 90_000 * (1 + ppm / 1e6))) % 2**32
            yield Sent(t, seq, rtp_time, at == len(payloads) - 1, payload, is_key)
            seq += 1


def sound(seconds: float, ppm: float = 0.0, seed: int = 2) -> Iterator[Sent]:
    """A voice, beeping."""
    seq, rtp_0 = random.Random(seed).randrange(2**15), random.Random(seed + 9).randrange(2**32)
    payloads = second_of_sound()
    for number in range(int(seconds * 50)):
        rtp_time = (rtp_0 + round(number * 960 * (1 + ppm / 1e6))) % 2**32
        yield Sent(number / 50, seq + number, rtp_time, number == 0, payloads[number % 50], True)


@dataclass(slots=True)
class Stream:
    """A source of a person, and how its packets come. `delay(t)` in seconds; `report(t)` says whether a sender report is there."""

    participant: str
    source: Source
    codec: Codec
    packets: Iterator[Sent]
    delay: Callable[[float], float] = lambda t: 0.02
    has_report: Callable[[float], bool] = lambda t: True
    start: float = 0.0


def in_order(streams: list[Stream], began: float) -> list[tuple[float, Stream, Sent]]:
    """All packets by arrival (loop time)."""
    arrivals = [(began + s.start + p.t + s.delay(p.t), s, p) for s in streams for p in s.packets]
    return sorted(arrivals, key=lambda entry: entry[0])


def give(recorder: Recorder, arrival: float, stream: Stream, packet: Sent, began: float) -> None:
    """One packet on the tap."""
    capture = began + stream.start + packet.t if stream.has_report(packet.t) else None
    recorder.packet(
        stream.participant,
        stream.source,
        stream.codec,
        packet.seq,
        packet.rtp_time,
        packet.marker,
        packet.payload,
        arrival,
        capture,
    )


class Bench:
    """A recorder with its surroundings: what it announced, which key frames it asked for."""

    def __init__(self, root: Path, people: list[str], reserve_bytes: int = 0) -> None:
        self.directory = root / "rec"
        self.events: list[Event] = []
        self.keys: list[tuple[str, Source]] = []
        self.newest = 0.0
        self.recorder = Recorder(
            StartRecording("rec", "rec", people, {"case": "K7M-2Q4"}),
            "session",
            root=root,
            reserve_bytes=reserve_bytes,
            ask_key=lambda participant, source: self.keys.append((participant, source)),
            announce=self.events.append,
            clock=lambda: max(time.monotonic(), self.newest),
        )

    @property
    def began(self) -> float:
        return self.recorder.began

    async def feed(self, *streams: Stream) -> None:
        """All packets as fast as the disk takes them; their arrival times are simulated."""
        for number, (arrival, stream, packet) in enumerate(in_order(list(streams), self.began)):
            self.newest = max(arrival, self.newest)
            give(self.recorder, arrival, stream, packet, self.began)
            if number % 500 == 0:
                await asyncio.sleep(0.001)

    async def record(self, *streams: Stream) -> None:
        await self.recorder.start()
        await self.feed(*streams)
        await self.recorder.stop()


def flashes(path: Path, start_s: float = 0.0) -> list[float]:
    """When the picture turns white."""
    times, was_white = [], False
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            middle = frame.to_ndarray(format="gray")[frame.height // 2 :]
            is_white = float(middle.mean()) > 130
            if is_white and not was_white and frame.time is not None:
                times.append(frame.time + start_s)
            was_white = is_white
    return times


def beeps(path: Path, start_s: float = 0.0) -> list[float]:
    """When the sound begins."""
    times, was_loud = [], False
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            samples = frame.to_ndarray().astype(np.float32).reshape(-1)
            step = 2 if frame.format.is_planar is False else 1
            samples = samples[: frame.samples * step : step]
            samples = samples / 32768 if frame.format.name.startswith("s16") else samples
            for at in range(0, len(samples), 240):
                is_loud = float(np.abs(samples[at : at + 240]).max()) > 0.1
                if is_loud and not was_loud and frame.time is not None:
                    times.append(frame.time + at / frame.sample_rate + start_s)
                was_loud = is_loud
    return times


def skews_ms(flash_times: list[float], beep_times: list[float]) -> list[float]:
    """For each flash how far the nearest beep is, in milliseconds."""
    return [min((abs(beep - flash) for beep in beep_times), default=9.0) * 1000 for flash in flash_times]


def duration_s(path: Path) -> float:
    """The time of the last frame that decodes."""
    last = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams[0]):
            last = max(last, frame.time or 0.0)
    return last
