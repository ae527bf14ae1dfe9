"""Decides where parts and segments end. No clock, no bytes of its own: samples in, cut parts out."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from server.broadcast.hls.samples import TICKS, Picture, Sample, Sound
from server.broadcast.hls.timing import Timing

SOUND_WAIT = TICKS // 2
"""Sound that comes later than this after the pictures is not waited for."""
FRAME = TICKS // 30


@dataclass(frozen=True, slots=True)
class Cut:
    """One part from `start` to `end`. Samples come with their durations: up to the next one of their track, whichever part that is in (0: unknown).

    A picture that lasts longer than a part leaves the following one with sound only.
    """

    start: int
    end: int
    pictures: list[tuple[Picture, int]]
    sounds: list[tuple[Sound, int]]
    ends_segment: bool

    @property
    def is_independent(self) -> bool:
        return bool(self.pictures) and self.pictures[0][0].is_key


class Cutter:
    """Cuts one stretch without gaps, from a key frame on. Waiting samples are few: whoever feeds it ends the stretch at a hole (`Timing.hole`).

    A part ends at the first picture that is at least `Timing.part` behind its beginning, or the last one before the target. Where pictures are too
    rare for that, it ends between two of them. A key frame ends part and segment when the segment is long enough, or when its format is new.
    """

    def __init__(self, timing: Timing, first: Picture) -> None:
        self._timing = timing
        self._start = self._segment = first.time
        self._format = first.format
        self._pictures: deque[Picture] = deque([first])
        self._sounds: deque[Sound] = deque()
        self.last_picture = first.time
        self._last_sound = first.time - 1  # What was heard before the first picture has no place.
        self._frame = FRAME

    def add(self, sample: Sample) -> Iterator[Cut]:
        """The parts that are complete now. A sample that is not behind the one before it in its track is left out."""
        if isinstance(sample, Picture):
            if sample.time <= self.last_picture:
                return
            self._frame, self.last_picture = sample.time - self.last_picture, sample.time
            self._pictures.append(sample)
        else:
            if sample.time <= self._last_sound:
                return
            self._last_sound = sample.time
            self._sounds.append(sample)
        while (cut := self._next()) is not None:
            yield cut

    def finish(self) -> Iterator[Cut]:
        """What is left; its last part ends the segment. The last picture is taken to last as long as the one before."""
        while (end := self._end()) is not None:
            yield self._take(*end)
        yield self._take(min(self.last_picture + self._frame, self._start + self._timing.part_target), True)

    def _next(self) -> Cut | None:
        end = self._end()
        if end is None:
            return None
        heard = self._last_sound >= end[0]
        return self._take(*end) if heard or self.last_picture - end[0] >= SOUND_WAIT else None

    def _end(self) -> tuple[int, bool] | None:
        """When the part ends, and whether the segment ends with it; None: not known yet."""
        timing, last_fitting = self._timing, None
        for picture in self._pictures:
            length = picture.time - self._start
            if length > timing.part_target:
                return self._forced(last_fitting or self._start + timing.part)
            if length > 0 and self._begins_segment(picture):
                return picture.time, True
            if length >= timing.part:
                return self._forced(picture.time)
            if length >= timing.part_least:
                last_fitting = picture.time
        return None

    def _begins_segment(self, picture: Picture) -> bool:
        is_due = picture.time - self._segment >= self._timing.segment_least
        return picture.is_key and (is_due or picture.format != self._format)

    def _forced(self, end: int) -> tuple[int, bool]:
        return end, end + self._timing.part_target - self._segment > self._timing.segment_most

    def _take(self, end: int, ends_segment: bool) -> Cut:
        pictures, sounds = [], []
        while self._pictures and self._pictures[0].time < end:
            picture = self._pictures.popleft()
            following = self._pictures[0].time if self._pictures else max(end, picture.time + 1)
            pictures.append((picture, following - picture.time))
        while self._sounds and self._sounds[0].time < end:
            sound = self._sounds.popleft()
            sounds.append((sound, self._sounds[0].time - sound.time if self._sounds else 0))
        cut = Cut(self._start, end, pictures, sounds, ends_segment)
        self._start = end
        self._segment = end if ends_segment else self._segment
        if self._pictures and self._pictures[0].time == end:
            self._format = self._pictures[0].format or self._format
        return cut
