"""A stream on disk as a recording: how long it is, and its end where nobody wrote it."""

from dataclasses import dataclass
from pathlib import Path

from server.broadcast.hls import index
from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.stream import Stream
from server.broadcast.hls.tape import HasEnded, Tape


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies in a stream's folder. `started_at` is the UNIX time of its beginning, None while nothing was written."""

    started_at: float | None
    duration_s: float
    size_bytes: int
    has_ended: bool

    @property
    def is_playable(self) -> bool:
        """Whether it can be watched as a recording."""
        return self.has_ended and self.size_bytes > 0


def read_kept(directory: Path) -> Kept:
    """The stream of a folder, which may be missing. Touches the disk; raises OSError, ValueError for a broken index."""
    stream = Stream()
    entries, _ = index.read_entries(directory / index.NAME)
    try:
        for entry in entries:
            stream.apply(entry)
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("a broken index") from error
    size = sum(one.size_bytes for one in stream.segments)
    return Kept(stream.started_at if stream.has_started else None, stream.end / TICKS, size, stream.has_ended)


def end_abandoned(directory: Path) -> None:
    """Ends a stream whose writer is gone for good. Nobody may be writing it. Touches the disk; raises OSError, ValueError."""
    try:
        tape = Tape(directory)
    except HasEnded:
        return
    try:
        tape.stop()
    finally:
        tape.close()
