"""Pictures of finished tracks: read frame by frame, never more than two of a track in memory, and laid onto one canvas."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from server.broadcast.layout import Box, Place, even, fit

Plane = npt.NDArray[np.uint8]
SILENT_S = 3.0  # No frame for so long: the camera was switched off. The recorder asks for a key frame every 2 s, so a still picture has more.
LAST_FRAME_S = 0.5
BORDER = 6
BAD_READS = 1000
UNREADABLE = (av.error.FFmpegError, ValueError, IndexError, MemoryError)
"""What reading a broken file raises; IndexError where it has no picture or no sound."""


class PictureTrack:
    """One video track. `key` names its person or screen; times count from the beginning of the recording."""

    def __init__(self, key: str, path: Path, start_s: float, duration_s: float) -> None:
        self.key, self.path = key, path
        self.start_s, self.end_s = start_s, start_s + duration_s
        self._frames: Iterator[VideoFrame] | None = None
        self._now: VideoFrame | None = None
        self._next: VideoFrame | None = None
        self._is_over = False
        self.error = ""
        """Why the rest of it cannot be read; empty as long as it can."""

    def frame_at(self, t_s: float) -> VideoFrame | None:
        """What was to be seen at `t_s`, or None where nothing was. `t_s` never goes back."""
        if t_s < self.start_s or self._is_over:
            return None
        if self._frames is None:
            self._frames = self._decode()
            self._next = next(self._frames, None)
        while self._next is not None and self._time(self._next) <= t_s:
            self._now, self._next = self._next, next(self._frames, None)
        if self._now is None:
            return None
        age_s = t_s - self._time(self._now)
        if self._next is None and age_s > LAST_FRAME_S:
            self._close()
            return None
        return self._now if age_s <= LAST_FRAME_S or self._is_bridged() else None

    def _close(self) -> None:
        """Lets go of the decoder and its pictures: a recording may have hundreds of parts, and each is over at some time."""
        self._is_over = True
        self._frames = self._now = self._next = None

    def _is_bridged(self) -> bool:
        both = self._now is not None and self._next is not None
        return both and self._time(self._next) - self._time(self._now) <= SILENT_S

    def _time(self, frame: VideoFrame | None) -> float:
        return self.start_s + (frame.time or 0.0) if frame is not None else 0.0

    def _decode(self) -> Iterator[VideoFrame]:
        """Every frame. A file that cannot be read ends here: what others sent is still to be seen."""
        try:
            yield from self._frames_of_file()
        except UNREADABLE as error:
            self.error = str(error) or type(error).__name__

    def _frames_of_file(self) -> Iterator[VideoFrame]:
        with av.open(str(self.path), options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            good = bad = 0
            for packet in container.demux(stream):
                try:
                    for frame in stream.decode(packet):
                        good += 1
                        yield frame
                except av.error.InvalidDataError:
                    bad += 1
                    if bad > BAD_READS:
                        raise
            if bad and not good:
                raise ValueError("no frame can be decoded")


class Canvas:
    """One 4:2:0 picture on which others are laid. Only what changed is drawn again."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.picture = VideoFrame(width, height, "yuv420p")
        """What was drawn last. It changes with the next `draw`: for an encoder that takes its own copy at once."""
        self.planes, self._clean = planes_of(self.picture), _planes(background(width, height))
        self._places: list[Place] = []
        self._drawn: dict[str, tuple[VideoFrame | None, bool]] = {}
        self._scalers: dict[str, VideoReformatter] = {}
        self.wipe()

    def wipe(self) -> None:
        """The empty canvas; with the next `draw` everything is drawn."""
        for plane, clean in zip(self.planes, self._clean, strict=True):
            plane[:] = clean
        self._places = []
        self._drawn.clear()

    def draw(self, places: list[Place], frames: dict[str, VideoFrame | None], speaker: str | None = None) -> set[str]:
        """The picture of this moment; the keys of the places that had to be drawn.

        A place without a frame (somebody with sound only) gets a round sign; who speaks, a frame around.
        """
        changed = set()
        if places != self._places:
            self.wipe()
            self._places = places
        for place in places:
            frame, speaks = frames.get(place.key), place.key == speaker and len(places) > 1
            if self._drawn.get(place.key, ()) != (frame, speaks):
                self._drawn[place.key] = (frame, speaks)
                self._paint(place, frame, speaks)
                changed.add(place.key)
        return changed

    def _paint(self, place: Place, frame: VideoFrame | None, speaks: bool) -> None:
        shown = place.box
        if frame is None:
            self._sign(place.box)
        else:
            shown = self._lay(frame, place)
        if speaks:
            self._frame_around(shown)

    def frame(self) -> VideoFrame:
        """A copy that stays as it is."""
        copy = VideoFrame(self.width, self.height, "yuv420p")
        for target, source in zip(planes_of(copy), self.planes, strict=True):
            target[:] = source
        return copy

    def _clear(self, box: Box) -> None:
        for plane, clean, half in zip(self.planes, self._clean, (1, 2, 2), strict=True):
            _part(plane, box, half)[:] = _part(clean, box, half)

    def _sign(self, box: Box) -> None:
        radius = min(box.width, box.height) / 6
        for plane, card, disc, half in zip(self.planes, (48, 136, 118), (150, 140, 104), (1, 2, 2), strict=True):
            part = _part(plane, box, half)
            y, x = np.ogrid[: part.shape[0], : part.shape[1]]
            part[:] = card
            part[(y - part.shape[0] / 2) ** 2 + (x - part.shape[1] / 2) ** 2 < (radius / half) ** 2] = disc

    def _frame_around(self, box: Box) -> None:
        for plane, value, half in zip(self.planes, (170, 142, 88), (1, 2, 2), strict=True):
            part, thick = _part(plane, box, half), BORDER // half
            part[:thick] = part[-thick:] = value
            part[:, :thick] = part[:, -thick:] = value

    def _lay(self, frame: VideoFrame, place: Place) -> Box:
        """Where the picture really stands inside its place."""
        box = place.box
        width, height = fit(frame.width, frame.height, box, place.whole)
        scaler = self._scalers.setdefault(place.key, VideoReformatter())
        way = (
            "AREA" if width < frame.width else "BILINEAR"
        )  # Smaller by the mean of what falls together: calmer, and a third quicker.
        scaled = scaler.reformat(frame, width=width, height=height, format="yuv420p", interpolation=way, threads=1)
        wide, high = min(width, box.width), min(height, box.height)
        if (wide, high) != (box.width, box.height):
            self._clear(box)
        cut_x, cut_y = even((width - wide) / 2 - 0.5), even((height - high) / 2 - 0.5)
        x, y = box.x + even((box.width - wide) / 2), box.y + even((box.height - high) / 2)
        for target, rows, half in zip(self.planes, planes_of(scaled), (1, 2, 2), strict=True):
            part = rows[cut_y // half : (cut_y + high) // half, cut_x // half : (cut_x + wide) // half]
            target[y // half : (y + high) // half, x // half : (x + wide) // half] = part
        return Box(x, y, wide, high)


def planes_of(frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """The three planes of a 4:2:0 frame, to be read and written in place."""
    luma, blue, red = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    )
    return luma, blue, red


def _planes(whole: Plane) -> tuple[Plane, Plane, Plane]:
    """The three planes of a 4:2:0 picture, as views."""
    rows, columns = whole.shape[0] * 2 // 3, whole.shape[1]
    chroma = whole[rows:].reshape(2, rows // 2, columns // 2)
    return whole[:rows], chroma[0], chroma[1]


def _part(plane: Plane, box: Box, half: int) -> Plane:
    return plane[box.y // half : (box.y + box.height) // half, box.x // half : (box.x + box.width) // half]


def background(width: int, height: int) -> Plane:
    """What is seen where nobody is: a calm, dark gradient in the colour of deep water."""
    y = np.linspace(0, 1, height)[:, None]
    x = np.linspace(-1, 1, width)[None, :]
    luma = 40 - 16 * y + 14 * np.exp(-(x**2 * 2 + (y - 0.42) ** 2 * 7))
    whole = np.empty((height * 3 // 2, width), np.uint8)
    whole[:height] = np.clip(luma, 16, 235)
    _planes(whole)[1][:], _planes(whole)[2][:] = 138, 116
    return whole
