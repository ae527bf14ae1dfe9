"""What a stream consists of, as its index tells it line by line. Pure: the writer and every reader build the same from the same lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from server.broadcast.hls.timing import Timing

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch with one initialization section, from part `first_part` on. `codecs` as playlists name them."""

    first_part: int
    codecs: str
    width: int
    height: int

    @property
    def name(self) -> str:
        return initial_name(self.first_part)


@dataclass(frozen=True, slots=True)
class Part:
    """Times are ticks since the stream began. A gap has no file behind its name."""

    number: int
    time: int
    duration: int
    size_bytes: int
    is_independent: bool
    is_gap: bool

    @property
    def name(self) -> str:
        return part_name(self.number)


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment and its parts; they are forgotten when it is old. `number` is its media sequence number."""

    number: int
    time: int
    duration: int
    size_bytes: int
    run: Run
    is_discontinuity: bool
    is_gap: bool
    first_part: int
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        return segment_name(self.first_part)


def part_name(number: int) -> str:
    """Parts are counted through the stream, so the name of the next one is known whether or not a segment ends before it."""
    return f"p{number}.m4s"


def initial_name(first_part: int) -> str:
    """Of the initialization section that is needed from that part on."""
    return f"i{first_part}.mp4"


def segment_name(first_part: int) -> str:
    """Segments and initialization sections are named by their first part: where no part's number is ever used twice, no name is."""
    return f"s{first_part}.m4s"


def read_part(entry: Entry) -> Part:
    """Of a `part` line. Raises KeyError, TypeError, ValueError."""
    number, time, duration, size = (int(entry[name]) for name in ("part", "time", "duration", "bytes"))
    return Part(number, time, duration, size, bool(entry.get("key", False)), bool(entry.get("gap", False)))


@dataclass(slots=True)
class Stream:
    """The state after some lines. `started_at` is the UNIX time of tick 0, for all of the stream: gaps take their time."""

    started_at: float = 0.0
    timing: Timing = field(default_factory=Timing)
    runs: list[Run] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    """Of the segment that still grows."""
    last_part: int = -1
    has_started: bool = False
    has_ended: bool = False
    _is_broken_off: bool = False

    @property
    def end(self) -> int:
        """The tick after the last part."""
        if self.parts:
            return self.parts[-1].time + self.parts[-1].duration
        return self.segments[-1].time + self.segments[-1].duration if self.segments else 0

    @property
    def open_run(self) -> Run:
        """Of the growing segment. A gap belongs to what is before it, even where a new run was begun and lost before its first part."""
        is_gap = bool(self.parts) and self.parts[0].is_gap
        return self.segments[-1].run if is_gap and self.segments else self.runs[-1]

    @property
    def open_is_discontinuity(self) -> bool:
        """Whether the growing segment begins anew. Gaps do not: the run they stand behind is over, and what comes after them says so."""
        return self._is_broken_off and not (self.parts and self.parts[0].is_gap)

    def apply(self, entry: Entry) -> None:
        """Takes one line (`index.py` lists them). Unknown kinds are left out; raises KeyError, IndexError, TypeError, ValueError for broken ones."""
        match entry["kind"]:
            case "start":
                self.started_at, self.has_started = float(entry["at"]), True
                self.timing = Timing(**{name: int(entry["timing"][name]) for name in entry["timing"]})
            case "run":
                self._begin_run(entry)
            case "part":
                self._add_part(entry)
            case "segment":
                self._end_segment(int(entry["bytes"]), bool(entry.get("gap", False)))
            case "lost":
                number = int(entry["segment"])
                self.segments[number] = replace(self.segments[number], is_gap=True)
            case "stop":
                self.has_ended = True

    def _begin_run(self, entry: Entry) -> None:
        self._is_broken_off = bool(self.segments)
        self.runs.append(Run(int(entry["part"]), str(entry["codecs"]), int(entry["width"]), int(entry["height"])))

    def _add_part(self, entry: Entry) -> None:
        part = read_part(entry)
        if part.number <= self.last_part:
            raise ValueError("a part that is not behind the one before")
        self.parts.append(part)
        self.last_part = part.number

    def _end_segment(self, size_bytes: int, is_gap: bool) -> None:
        first, number = self.parts[0], len(self.segments)
        duration = self.end - first.time
        one = (number, first.time, duration, size_bytes, self.open_run, self.open_is_discontinuity, is_gap)
        self._is_broken_off = self._is_broken_off and first.is_gap
        self.segments.append(Segment(*one, first.number, tuple(self.parts)))
        self.parts = []
        self._forget(number)

    def _forget(self, number: int) -> None:
        """Takes the parts away from the segment that has just become old: at most one does with each new one, save after gaps."""
        limit = self.segments[number].time - self.timing.skip_boundary
        while number >= 0 and (self.segments[number].parts or self.segments[number].time > limit):
            if self.segments[number].time <= limit:
                self.segments[number] = replace(self.segments[number], parts=())
            number -= 1
