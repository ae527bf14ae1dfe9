"""A stream on disk as its one writer holds it: files first, then their line in the index."""

import errno
import os
from dataclasses import asdict
from pathlib import Path

from server.broadcast.hls import index
from server.broadcast.hls.samples import TICKS, AudioFormat, VideoFormat
from server.broadcast.hls.stream import Entry, Part, Segment, Stream, initial_name, part_name, read_part, segment_name
from server.broadcast.hls.timing import Timing
from server.media.recorder.facts import replace

UNFINISHED = ".part"
UNSURE = 100
"""Numbers that are left out after a crash: lines that were not synced may have used them, and a name never means two things."""
KEPT_TARGETS = 8  # Parts stay for 3 target durations in the playlist and 3 more after that (RFC 8216bis, 6.2.2); the rest is for clocks.


class HasEnded(ValueError):
    """The stream was ended; nothing can be added."""


class Tape:
    """Opens a folder, new or left by a writer that died, and appends to it.

    Each segment is synced to the disk with the index, so a power failure costs the last segment; a killed process costs what had not been given to
    `add_part`. Everything touches the disk and may raise OSError: not for an event loop. One writer at a time: whoever starts it sees to that.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory, self.stream = directory, Stream()
        entries, end = index.read_entries(directory / index.NAME)
        for entry in entries:
            self.stream.apply(entry)
        if self.stream.has_ended:
            raise HasEnded(str(directory))
        self._file = (directory / index.NAME).open("ab", buffering=0)
        self._file.truncate(end)
        self._oldest = 0
        self._recover()

    def _recover(self) -> None:
        """Closes the segment that was cut off, says which files are broken, and clears away what no line names."""
        for segment in self.stream.segments:
            if not segment.is_gap and _size(self.directory / segment.name) != segment.size_bytes:
                self._write({"kind": "lost", "segment": segment.number})
        if self.stream.parts:
            self.end_segment()
        if self.stream.has_started:
            for path in self.directory.iterdir():
                if path.name.endswith(UNFINISHED) or _number(path) > self.stream.last_part:
                    path.unlink()
            self.stream.last_part += UNSURE

    def start(self, timing: Timing, at: float) -> None:
        """The first line."""
        self._write({"kind": "start", "at": at, "timing": asdict(timing)})

    def begin_run(self, initial: bytes, video: VideoFormat, audio: AudioFormat) -> None:
        """What follows needs `initial`; when it is not the first, a discontinuity."""
        number = self.stream.last_part + 1
        replace(self.directory / initial_name(number), initial)
        facts = {"codecs": f"{video.codec},{audio.codec}", "width": video.width, "height": video.height}
        self._write({"kind": "run", "part": number, **facts})

    def add_part(self, data: bytes, time: int, duration: int, is_independent: bool, ends_segment: bool) -> None:
        """One more part, there for viewers when this returns; with the last one of a segment comes the segment, in the same moment."""
        number = self.stream.last_part + 1
        self._put(part_name(number), data)
        facts = {"part": number, "time": time, "duration": duration, "bytes": len(data)}
        self._add({"kind": "part", **facts, **({"key": True} if is_independent else {})}, ends_segment)

    def add_gap(self, duration: int, ends_segment: bool) -> None:
        """One part of nothing. Gaps stand in segments of their own."""
        facts = {"part": self.stream.last_part + 1, "time": self.stream.end, "duration": duration, "bytes": 0}
        self._add({"kind": "part", **facts, "gap": True}, ends_segment)

    def end_segment(self) -> None:
        """Of parts that another writer left, or of a gap."""
        self._write(self._segment(self.stream.parts))
        self._sync()

    def stop(self) -> None:
        """The last line. The parts that the playlist still lists stay for good: it never changes any more."""
        self._write({"kind": "stop"})
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Lets go of the index; without `stop` another writer may go on."""
        self._file.close()

    def _add(self, entry: Entry, ends_segment: bool) -> None:
        """One write for both lines: a short part is seen together with the end that allows it (RFC 8216bis, 4.4.4.9)."""
        if not ends_segment:
            return self._write(entry)
        self._write(entry, self._segment([*self.stream.parts, read_part(entry)]))
        self._sync()
        return None

    def _segment(self, parts: list[Part]) -> Entry:
        """Joins the parts to one file; its line. When one of them cannot be read as it was written, the segment is a gap."""
        pieces = [] if parts[0].is_gap else [_read(self.directory / part.name) for part in parts]
        if [len(piece) for piece in pieces] != [part.size_bytes for part in parts]:
            return {"kind": "segment", "bytes": 0, "gap": True}
        self._put(segment_name(parts[0].number), b"".join(pieces))
        return {"kind": "segment", "bytes": sum(map(len, pieces))}

    def _put(self, name: str, data: bytes) -> None:
        unfinished = self.directory / f"{name}{UNFINISHED}"
        unfinished.write_bytes(data)
        unfinished.rename(self.directory / name)

    def _write(self, *entries: Entry) -> None:
        data = b"".join(map(index.line, entries))
        if self._file.write(data) != len(data):  # The next writer cuts the half line off; this one is at its end.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for entry in entries:
            self.stream.apply(entry)

    def _sync(self) -> None:
        """The newest segment and the index are on the disk: after viewers have them, since that may take its time."""
        segment = self.stream.segments[-1]
        if not segment.is_gap:
            with (self.directory / segment.name).open("rb") as file:
                os.fsync(file.fileno())
        os.fsync(self._file.fileno())
        self._remove_old_parts()

    def _remove_old_parts(self) -> None:
        limit = self.stream.end - KEPT_TARGETS * self.stream.timing.target_duration_s * TICKS
        segments = self.stream.segments
        while segments[self._oldest].time + segments[self._oldest].duration < limit:
            self._remove_parts(segments[self._oldest], segments[self._oldest + 1].first_part)
            self._oldest += 1

    def _remove_parts(self, segment: Segment, following: int) -> None:
        for number in range(segment.first_part, following):
            (self.directory / part_name(number)).unlink(missing_ok=True)


def _number(path: Path) -> int:
    """The part that a file is named by; -1 for other files."""
    return int(path.stem[1:]) if path.suffix in {".m4s", ".mp4"} and path.stem[1:].isdecimal() else -1


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
