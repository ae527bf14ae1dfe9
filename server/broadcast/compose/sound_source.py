"""A microphone: coded frames in, samples at a position of the programme out."""

import time
from collections import deque

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.packet import Packet

from server.broadcast.compose.delay import Delay
from server.broadcast.compose.line import Frame
from server.broadcast.sounds import RATE, Samples, Seam

WAITING_MAX = 200
"""Frames of 20 ms. The programme takes them several times a second; without it the oldest are dropped."""


class SoundSource:
    """`take` and `close` are called on the event loop, `add_to` by the programme."""

    def __init__(self, delay: Delay) -> None:
        self._delay = delay
        self._waiting: deque[Frame] = deque(maxlen=WAITING_MAX)
        self._pieces: deque[tuple[int, Samples]] = deque()
        self._seam = Seam()
        self._is_closed = False
        self._context = AudioCodecContext.create("opus", "r")
        self._context.sample_rate, self._context.layout = RATE, "stereo"

    def take(self, frame: Frame) -> None:
        """The next frame of the sender."""
        now = time.monotonic()
        self._delay.note(now - frame.time, now)
        self._waiting.append(frame)

    def close(self) -> None:
        """Nothing more of it is heard."""
        self._is_closed = True

    def add_to(self, mix: Samples, position: int, began: float) -> None:
        """Adds what belongs to `position` and the samples after it; positions count from the moment `began` and never go back."""
        end = position + len(mix)
        while self._waiting and (self._waiting[0].time - began) * RATE < end:
            self._decode(self._waiting.popleft(), began)
        while self._pieces and self._pieces[0][0] < end and not self._is_closed:
            at, samples = self._pieces[0]
            begin, stop = max(at, position), min(at + len(samples), end)
            if stop > begin:
                mix[begin - position : stop - position] += samples[begin - at : stop - at]
            if at + len(samples) > end:
                break
            self._pieces.popleft()

    def _decode(self, frame: Frame, began: float) -> None:
        try:
            pieces = self._context.decode(Packet(frame.data))
        except (av.error.FFmpegError, ValueError):  # Bad bytes from the network are normal.
            return
        wanted = round((frame.time - began) * RATE)
        for piece in pieces:
            if piece.sample_rate == RATE and piece.format.name == "fltp" and len(piece.planes) in (1, 2):
                samples = _side_by_side(piece)
                self._pieces.append(self._seam.place(wanted, samples))
                wanted += len(samples)


def _side_by_side(piece: AudioFrame) -> Samples:
    """Both sides of it, also of a piece that has one. Quicker than `to_ndarray`, which is called for each packet of everybody."""
    samples: Samples = np.empty((piece.samples, 2), np.float32)
    sides = [np.frombuffer(memoryview(plane), np.float32, piece.samples) for plane in piece.planes]
    samples[:, 0], samples[:, 1] = sides[0], sides[-1]
    return samples
