"""Samples in, stream on disk out. What the composer calls."""

from collections import deque
from pathlib import Path

from server.broadcast.hls.cutter import Cut, Cutter
from server.broadcast.hls.fragments import fragment
from server.broadcast.hls.initial import initial_section
from server.broadcast.hls.samples import TICKS, AudioFormat, Picture, Sample, Sound, VideoFormat
from server.broadcast.hls.tape import Tape
from server.broadcast.hls.timing import Timing

LONGEST_GAP = 600 * TICKS
"""After a longer absence the date jumps at the discontinuity, and no gap is listed: hours of nothing are nothing to wind through."""
LAG = TICKS // 2  # Sound may be ahead of the pictures: a gap does not grow into what is still on its way.
EARLY_SOUNDS = 64  # 1.4 s at 48 kHz: sound often comes before the key frame that it belongs to.


class Packager:
    """Writes one stream to `directory`, or goes on with one whose writer died: then with a gap for the time between and a discontinuity.

    Samples come from one thread, each track in order, both tracks from one clock of 90,000 ticks a second; `wall_at` is the UNIX time of its tick 0.
    Every call may touch the disk and raise OSError; `needs_key` says that pictures are left out until a key frame comes. The pictures must not stay
    away for longer than `Timing.hole`: who has nothing new repeats the last. When they do, the viewers get a gap, sound included.
    Raises HasEnded for a stream that was finished.
    """

    def __init__(self, directory: Path, audio: AudioFormat, wall_at: float, timing: Timing | None = None) -> None:
        self.tape = Tape(directory)
        self.needs_key = True
        self._audio, self._wall_at = audio, wall_at
        self._timing = self.tape.stream.timing if self.tape.stream.has_started else timing or Timing()
        self._shift: int | None = None
        self._format: VideoFormat | None = None
        self._cutter: Cutter | None = None
        self._early: deque[Sound] = deque(maxlen=EARLY_SOUNDS)

    def write(self, sample: Sample) -> None:
        """Takes one frame; complete parts go to the disk at once."""
        self.tick(sample.time)
        if self._cutter is not None:
            self._put_all(self._cutter, sample)
        elif isinstance(sample, Sound):
            self._early.append(sample)
        elif sample.is_key:
            self._begin(sample)

    def tick(self, now: int) -> None:
        """Says what time it is on the samples' clock, in ticks: several times a second while nothing comes, so that viewers see the gap grow."""
        cutter = self._cutter
        if cutter is not None and now - cutter.last_picture > self._timing.hole:
            self._pause(cutter)
        if self._cutter is None and self._shift is not None:
            self._fill(now + self._shift - LAG, is_over=False)

    def finish(self) -> None:
        """Writes what is left and ends the stream: its playlist is the recording."""
        if self._cutter is not None:
            self._pause(self._cutter)
        self._end_gap()
        self.tape.stop()
        self.tape.close()

    def leave(self) -> None:
        """Writes what is left and lets go: another writer may go on, behind a gap."""
        if self._cutter is not None:
            self._pause(self._cutter)
        self.tape.close()

    def _begin(self, first: Picture) -> None:
        """A stretch begins, at the start, behind a gap, or after another writer."""
        self._shift = self._placed(first.time)
        if first.time + self._shift - self.tape.stream.end > LONGEST_GAP:
            self._format = None  # Not listed as a gap, hence a discontinuity.
        self._fill(first.time + self._shift, is_over=True)
        self._end_gap()
        self._set_format(first)
        self._cutter, self.needs_key = Cutter(self._timing, first), False
        while self._early:
            self._put_all(self._cutter, self._early.popleft())

    def _placed(self, time: int) -> int:
        """How far the stream's clock is ahead of the samples'. They agree with the wall clock, unless that was set back meanwhile."""
        stream = self.tape.stream
        if not stream.has_started:
            self.tape.start(self._timing, self._wall_at + time / TICKS)
        by_clock = round((self._wall_at - stream.started_at) * TICKS) if self._shift is None else self._shift
        return max(by_clock, stream.end - time)

    def _put_all(self, cutter: Cutter, sample: Sample) -> None:
        for cut in cutter.add(sample):
            self._put(cut)

    def _put(self, cut: Cut) -> None:
        if cut.is_independent:
            self._set_format(cut.pictures[0][0])
        stream, shift = self.tape.stream, self._shift or 0
        data = fragment(cut, stream.last_part + 2, shift, self._audio.rate)  # Fragments count from 1.
        self.tape.add_part(data, cut.start + shift, cut.end - cut.start, cut.is_independent, cut.ends_segment)

    def _set_format(self, picture: Picture) -> None:
        if picture.format is not None and picture.format != self._format:
            self._format = picture.format
            self.tape.begin_run(initial_section(self._format, self._audio), self._format, self._audio)

    def _pause(self, cutter: Cutter) -> None:
        self._cutter, self.needs_key = None, True
        for cut in cutter.finish():
            self._put(cut)

    def _fill(self, until: int, is_over: bool) -> None:
        """Adds gaps up to `until`: whole parts while it goes on, the rest of it when it is over."""
        stream, part = self.tape.stream, self._timing.part
        if not stream.segments or until - stream.end > LONGEST_GAP:
            return
        while until - stream.end >= (1 if is_over else part):
            begins = stream.parts[0].time if stream.parts else stream.end
            is_last = stream.end + 2 * part - begins > self._timing.target_duration_s * TICKS
            self.tape.add_gap(min(part, until - stream.end), is_last)

    def _end_gap(self) -> None:
        if self.tape.stream.parts:
            self.tape.end_segment()
