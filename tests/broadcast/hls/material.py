"""Small encoded pictures and sound, and whole broadcasts made of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

from server.broadcast.hls.packager import Packager
from server.broadcast.hls.packets import PictureReader, read_sound, sound_format
from server.broadcast.hls.samples import TICKS, AudioFormat, Picture, Sample, Sound
from server.broadcast.hls.timing import Timing

STARTED_AT = 1_800_000_000.25
RATE = 48_000


@cache
def pictures(duration_s: float, size: tuple[int, int] = (160, 90), fps: int = 30, gop: int = 60) -> tuple[Picture, ...]:
    """A second hand in grey; every full second one white frame."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.gop_size = gop
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "sc_threshold": "0"}
    reader, made = PictureReader(), []
    for number in range(round(duration_s * fps)):
        level = 235 if number % fps == 0 else 40 + number % fps
        frame = av.VideoFrame.from_ndarray(np.full((size[1] * 3 // 2, size[0]), level, np.uint8), format="yuv420p")
        frame.pts = number
        made += [reader.read(packet) for packet in encoder.encode(frame)]
    made += [reader.read(packet) for packet in encoder.encode(None)]
    return tuple(picture for picture in made if picture is not None)


@cache
def sounds(duration_s: float) -> tuple[tuple[Sound, ...], AudioFormat]:
    """A beep of 50 ms at every full second, AAC as an encoder gives it: its first times are negative."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "stereo", "fltp", 64_000
    encoder.open()
    made = []
    for number in range(-(-round(duration_s * RATE) // 1024)):
        at = (np.arange(1024) + number * 1024) / RATE
        wave = np.where(at % 1 < 0.05, np.sin(2 * np.pi * 1000 * at) * 0.5, 0).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, number * 1024, Fraction(1, RATE)
        made += [read_sound(packet) for packet in encoder.encode(frame)]
    made += [read_sound(packet) for packet in encoder.encode(None)]
    return tuple(made), sound_format(encoder)


@dataclass(frozen=True)
class Show:
    """One stretch of a broadcast, beginning at `at_s` on the feeder's clock."""

    duration_s: float
    size: tuple[int, int] = (160, 90)
    fps: int = 30
    gop: int = 60
    at_s: float = 0.0

    def samples(self) -> Iterator[Sample]:
        """Pictures and sound in the order of their times, as a composer hands them on."""
        move = round(self.at_s * TICKS)
        both: list[Sample] = [
            Picture(one.time + move, one.data, one.format)
            for one in pictures(self.duration_s, self.size, self.fps, self.gop)
        ]
        both += [Sound(one.time + move, one.data) for one in sounds(self.duration_s)[0]]
        return iter(sorted(both, key=lambda one: one.time))


AUDIO = sounds(1)[1]


def packager(directory: Path, wall_at: float = STARTED_AT, timing: Timing | None = None) -> Packager:
    return Packager(directory, AUDIO, wall_at, timing)


def broadcast(directory: Path, *shows: Show, ends: bool = True) -> Packager:
    """Writes the shows one behind the other."""
    writer = packager(directory)
    for show in shows:
        for sample in show.samples():
            writer.write(sample)
    if ends:
        writer.finish()
    return writer
