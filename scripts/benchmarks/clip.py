"""The clip that load publishers send: 4 s of 720p30 VP8 at 1.5 Mbit/s (a key frame every 2 s) and Opus frames of 64 kbit/s, encoded once."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 30, 4
PAYLOAD_BYTES = 1100  # Of a packet: a VP8 frame of 6 kB becomes six.


@dataclass(frozen=True, slots=True)
class Clip:
    """Encoded frames. `keys` are the places of key frames in `video`; `audio` is one Opus frame of 20 ms each."""

    video: list[bytes]
    keys: list[int]
    audio: list[bytes]
    fps: int = FPS

    def save(self, path: Path) -> None:
        head = {
            "video": [len(f) for f in self.video],
            "keys": self.keys,
            "audio": [len(f) for f in self.audio],
            "fps": self.fps,
        }
        text = json.dumps(head).encode()
        path.write_bytes(struct.pack("!I", len(text)) + text + b"".join(self.video) + b"".join(self.audio))

    @staticmethod
    def load(path: Path) -> "Clip":
        data = path.read_bytes()
        length = struct.unpack_from("!I", data)[0]
        head = json.loads(data[4 : 4 + length])
        pieces = _cut(data[4 + length :], [*head["video"], *head["audio"]])
        video = [next(pieces) for _ in head["video"]]
        return Clip(video, head["keys"], list(pieces), head["fps"])


@dataclass(frozen=True, slots=True)
class Shape:
    """What a clip's picture is like."""

    width: int = WIDTH
    height: int = HEIGHT
    fps: int = FPS
    bit_rate: int = 1_500_000
    codec: str = "VP8"
    """Or `H264`: frames in Annex B form, constrained baseline."""


def encode(shape: Shape = Shape()) -> Clip:
    """The clip: a camera that pans over things of all sizes, with the grain of a webcam, so that an encoder has its usual work."""
    video = _encoder(shape)
    generator = np.random.default_rng(7)
    texture, frames, keys = _texture(generator), [], []
    for number in range(shape.fps * SECONDS):
        picture = _picture(number, texture, generator, shape)
        for packet in video.encode(picture.reformat(shape.width, shape.height)):
            if packet.is_keyframe:
                keys.append(len(frames))
            frames.append(bytes(packet))
    return Clip(frames, keys, _sound(), shape.fps)


def _encoder(shape: Shape) -> av.VideoCodecContext:
    context = av.CodecContext.create("libvpx" if shape.codec == "VP8" else "libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = shape.width, shape.height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, shape.fps), Fraction(shape.fps)
    context.bit_rate, context.gop_size = shape.bit_rate, 2 * shape.fps
    rate = {name: str(shape.bit_rate) for name in ("minrate", "maxrate")}
    rate["bufsize"] = str(shape.bit_rate * 2 // 3)
    if shape.codec == "H264":
        context.options = {**rate, "preset": "veryfast", "tune": "zerolatency", "profile": "baseline"}
        return context
    context.options = {
        **rate,
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "keyint_min": str(2 * shape.fps),
    }
    return context


def _picture(number: int, texture: np.ndarray, generator: np.random.Generator, shape: Shape) -> av.VideoFrame:
    left, top = 2 * number, 60 + round(40 * np.sin(number / 15))
    luma = texture[top : top + HEIGHT, left : left + WIDTH] + generator.normal(0, 3, (HEIGHT, WIDTH))
    chroma = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.vstack([luma.clip(0, 255).astype(np.uint8), chroma]), format="yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, shape.fps)
    return frame


def _texture(generator: np.random.Generator) -> np.ndarray:
    """Noise of five sizes on top of each other, as a room has large and small things in it."""
    high, wide = HEIGHT + 128, WIDTH + 2 * FPS * SECONDS + 128
    total = np.full((high, wide), 128.0)
    for size in (128, 64, 32, 16, 8):
        coarse = generator.normal(0, 20, (high // size + 1, wide // size + 1))
        total += np.kron(coarse, np.ones((size, size)))[:high, :wide]
    return total


def _sound() -> list[bytes]:
    context = av.CodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format, context.bit_rate = 48000, "stereo", "s16", 64000
    context.options = {"frame_duration": "20", "vbr": "off"}
    packets = []
    for number in range(50 * SECONDS):
        ticks = np.arange(960) + 960 * number
        tone = (8000 * np.sin(2 * np.pi * 440 * ticks / 48000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 960 * number, Fraction(1, 48000)
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets


def _cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
