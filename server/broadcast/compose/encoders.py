"""The programme's encoders: every picture and every piece of sound is encoded once."""

from fractions import Fraction

import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from server.broadcast.hls.packets import PictureReader, sound_format
from server.broadcast.hls.samples import TICKS, AudioFormat, Picture, Sound
from server.broadcast.sounds import RATE, Samples

FPS = 30
CHUNK = 1024
"""Samples of one AAC frame."""
SOUND_BPS = 128_000
OPUS_CHUNK, OPUS_BPS = 960, 64_000
RATES_BPS = {360: 700_000, 720: 2_500_000, 1080: 4_500_000}
"""The most that a second of a picture of this height takes."""
SD_MATRIX = (
    6  # SMPTE 170M, in FFmpeg's and in H.264's numbers: what WebRTC's cameras send, and what the canvas is painted in.
)


_TICK, _SAMPLE = Fraction(1, TICKS), Fraction(1, RATE)


class PictureEncoder:
    """H.264 without delay: what goes in comes out at once.

    The cheapest that still looks well: CAVLC, no 8x8 transform and no decimation take a third of the time away and 0.7 dB of luma PSNR, on four
    moving tiles at the same rate. Without motion of half pixels (`subme=0`, and so `ultrafast`) it would be 4 dB. It is constrained baseline,
    which every browser and phone decodes.
    """

    def __init__(self, width: int, height: int) -> None:
        context = VideoCodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base, context.framerate = _TICK, Fraction(FPS)
        context.gop_size = 10 * FPS  # Key frames come when they are asked for, long before that.
        context.thread_count = 1 if height <= 720 else 2
        context.color_primaries = context.color_trc = context.colorspace = SD_MATRIX
        rate_bps = RATES_BPS[height]
        context.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "crf": "26",
            "maxrate": str(rate_bps),
            "bufsize": str(rate_bps),
            "forced-idr": "1",
            "x264-params": "scenecut=0:weightp=0:cabac=0:8x8dct=0:no-dct-decimate=1",
        }
        self._context, self._reader = context, PictureReader()

    def encode(self, frame: VideoFrame, time: int, is_key: bool) -> list[Picture]:
        """`time` in ticks. The frame may be painted over afterwards."""
        frame.pts, frame.time_base = time, _TICK
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        found = [self._reader.read(packet) for packet in self._context.encode(frame)]
        return [picture for picture in found if picture is not None]


class OpusEncoder:
    """The sound as WebRTC wants it: Opus, stereo, in pieces of 20 ms whatever comes in."""

    def __init__(self) -> None:
        context = AudioCodecContext.create("libopus", "w")
        context.sample_rate, context.layout, context.format, context.bit_rate = RATE, "stereo", "flt", OPUS_BPS
        context.options = {"application": "lowdelay", "frame_duration": "20"}
        self._context = context
        self._rest, self._position = np.zeros((0, 2), np.float32), 0

    def encode(self, mix: Samples, position: int) -> list[tuple[int, bytes]]:
        """Packets and the positions of their first samples; `mix` begins at `position`. After a hole what was left over is dropped."""
        if position != self._position + len(self._rest):
            self._rest, self._position = mix[:0], position
        self._rest = np.concatenate((self._rest, mix))
        found = []
        while len(self._rest) >= OPUS_CHUNK:
            piece, self._rest = self._rest[:OPUS_CHUNK], self._rest[OPUS_CHUNK:]
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(piece).reshape(1, -1), format="flt", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._position, _SAMPLE
            self._position += OPUS_CHUNK
            found += [(packet.pts or 0, bytes(packet)) for packet in self._context.encode(frame)]
        return found


class SoundEncoder:
    """AAC, stereo.

    The fast coder, both sides apart: at 128 kbit/s speech needs no more, and it takes a quarter of the time.
    """

    def __init__(self) -> None:
        context = AudioCodecContext.create("aac", "w")
        context.sample_rate, context.layout, context.format, context.bit_rate = RATE, "stereo", "fltp", SOUND_BPS
        context.options = {"aac_coder": "fast", "aac_ms": "0"}
        context.open()
        self._context = context

    @property
    def format(self) -> AudioFormat:
        """What players are told."""
        return sound_format(self._context)

    def encode(self, mix: Samples, position: int) -> list[Sound]:
        """CHUNK samples, the first of them at `position`."""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(mix.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, position, _SAMPLE
        packets = self._context.encode(frame)
        return [Sound(round((packet.pts or 0) * TICKS / RATE), bytes(packet)) for packet in packets]
