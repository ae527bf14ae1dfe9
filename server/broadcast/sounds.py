"""Sound of finished tracks, read as it is needed and mixed to one."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from server.broadcast.pictures import UNREADABLE

RATE = 48_000
Samples = npt.NDArray[np.float32]
"""Stereo, one row per sample, -1..1."""

FAR_SAMPLES = RATE // 20  # 50 ms: a gap in the recording, not a clock that runs off.
NEAR_SAMPLES = RATE // 500
KNEE = 0.7
BAD_READS = 1000


class SoundTrack:
    """One audio track. The positions are samples since the beginning of the recording; reading never goes back."""

    def __init__(self, key: str, path: Path, start_s: float, duration_s: float) -> None:
        self.key, self.path = key, path
        self.start_s, self.end_s = start_s, start_s + duration_s
        self._chunks: Iterator[tuple[int, Samples]] | None = None
        self._is_over = False
        self._at, self._rest = 0, np.zeros((0, 2), np.float32)
        self.error = ""
        """Why the rest of it cannot be read; empty as long as it can."""

    def add_to(self, mix: Samples, position: int) -> float:
        """Adds what belongs to `position` and the samples after it; -> how loud that is, 0..1."""
        end, level = position + len(mix), 0.0
        if self._is_over or end <= self.start_s * RATE:
            return level
        if self._chunks is None:
            self._chunks = _placed(self._decode())
        while self._at < end:
            begin, stop = max(self._at, position), min(self._at + len(self._rest), end)
            if stop > begin:
                piece = self._rest[begin - self._at : stop - self._at]
                mix[begin - position : stop - position] += piece
                level = max(level, float(np.abs(piece).mean()))
            if self._at + len(self._rest) > end:
                break
            following = next(self._chunks, None)
            if following is None:
                self._close()
                break
            self._at, self._rest = following
        return level

    def _close(self) -> None:
        """Lets go of the decoder."""
        self._is_over, self._chunks, self._rest = True, None, np.zeros((0, 2), np.float32)

    def _decode(self) -> Iterator[tuple[int, Samples]]:
        """Each decoded piece with the position that its time stamp names. A file that cannot be read ends here."""
        try:
            yield from self._pieces_of_file()
        except UNREADABLE as error:
            self.error = str(error) or type(error).__name__

    def _pieces_of_file(self) -> Iterator[tuple[int, Samples]]:
        resampler = AudioResampler(format="flt", layout="stereo", rate=RATE)
        with av.open(str(self.path), options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.audio[0]
            bad = 0
            for packet in container.demux(stream):
                try:
                    frames = stream.decode(packet)
                except av.error.InvalidDataError:
                    bad += 1
                    if bad > BAD_READS:
                        raise
                    continue
                for frame in frames:
                    yield from self._pieces(frame, resampler)

    def _pieces(self, frame: AudioFrame, resampler: AudioResampler) -> Iterator[tuple[int, Samples]]:
        position = round((self.start_s + (frame.time or 0.0)) * RATE)
        for piece in resampler.resample(frame):
            samples = piece.to_ndarray().reshape(-1, 2).astype(np.float32, copy=False)
            yield position, samples
            position += len(samples)


def _placed(pieces: Iterator[tuple[int, Samples]]) -> Iterator[tuple[int, Samples]]:
    seam = Seam()
    for wanted, samples in pieces:
        position, placed = seam.place(wanted, samples)
        if len(placed):
            yield position, placed


class Seam:
    """Puts pieces one behind the other, without seams.

    A small distance to the time stamps is made up by one sample a piece (0.1 %); a large one is a gap.
    """

    def __init__(self) -> None:
        self._cursor: int | None = None

    def place(self, wanted: int, samples: Samples) -> tuple[int, Samples]:
        """Where the piece really begins, and what is left of it. `wanted` is where its time stamp puts it."""
        if self._cursor is None or wanted - self._cursor > FAR_SAMPLES:
            self._cursor = wanted
        position, error = self._cursor, wanted - self._cursor
        if error < -FAR_SAMPLES:
            samples = samples[min(-error, len(samples)) :]
        elif abs(error) > NEAR_SAMPLES and len(samples) > 100:
            samples = _stretched(samples, len(samples) + (1 if error > 0 else -1))
        self._cursor += len(samples)
        return position, samples


def _stretched(samples: Samples, length: int) -> Samples:
    at, old = np.linspace(0, len(samples) - 1, length), np.arange(len(samples))
    return np.stack([np.interp(at, old, samples[:, side]) for side in range(samples.shape[1])], axis=1).astype(
        np.float32
    )


def limited(mix: Samples) -> Samples:
    """The same, bent softly into -1..1 where several people speak at once."""
    if len(mix) == 0 or (mix.max() <= KNEE and mix.min() >= -KNEE):
        return mix
    size = np.abs(mix)
    loud = size > KNEE
    bent = KNEE + (1 - KNEE) * np.tanh((size - KNEE) / (1 - KNEE))
    return np.where(loud, np.sign(mix) * bent, mix).astype(np.float32)


class Speaker:
    """Who speaks: the loudest, and nobody else for a second, so that a cough does not take the word."""

    QUIET = 0.01
    HOLD_S = 1.0
    FADE = 0.95

    def __init__(self) -> None:
        self.key: str | None = None
        self._levels: dict[str, float] = {}
        self._since = 0.0

    def hear(self, levels: dict[str, float], t_s: float) -> None:
        """The loudness of everybody in the piece of sound at `t_s`."""
        for key in self._levels.keys() | levels.keys():
            self._levels[key] = max(levels.get(key, 0.0), self._levels.get(key, 0.0) * self.FADE)
        loudest = max(self._levels, key=lambda key: self._levels[key], default=None)
        if loudest == self.key or loudest is None or self._levels[loudest] < self.QUIET:
            return
        if self.key is None or t_s - self._since >= self.HOLD_S:
            self.key, self._since = loudest, t_s
