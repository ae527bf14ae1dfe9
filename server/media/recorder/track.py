"""One source of one person: its packets become frames, its frames get their time, and go into a file."""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from server.media.recorder.frames import Frame, assembler
from server.media.recorder.matroska import Blocks, TrackFormat, head
from server.media.recorder.reorder import Hole, Packet, Reorder
from server.media.recorder.timing import TrackClock
from server.media.recorder.writer import Sink, Writer

VIDEO_WAIT_S = (
    0.8  # A retransmission is asked for up to a second; what comes later is rare, and the next key frame is near.
)
AUDIO_WAIT_S = 0.3
SETTLE_S = 1.5  # So long frames are held back until the sender reports of all tracks of a person are in.
PAUSE_S = 3.0
SHORT_GAP_S = 0.1  # Shorter ones are not worth a line.
ASK_AGAIN_S = 0.4


class Journal(Protocol):
    """What a track tells the recording."""

    @property
    def began(self) -> float:
        """The loop time at which the recording began."""

    def file_name(self, participant: str, source: str) -> str | None:
        """A new name, without suffix; None when this source of this person has too many files, or had many just now."""

    def opened(self, participant: str, sink: Sink) -> None:
        """A file of this person begins: a withdrawal must reach it for as long as anything of it may wait for the disk."""

    def note(self, kind: str, **facts: object) -> None:
        """One line of the index."""

    def seconds(self, moment: float) -> float:
        """Loop time -> seconds since the recording began, never negative."""

    def wall(self, moment: float) -> float:
        """Loop time -> UNIX time."""


@dataclass(slots=True)
class Person:
    """The tracks of one participant, which share one clock or none."""

    ident: str
    tracks: "dict[str, Track]" = field(default_factory=dict)

    def has_reports(self, now: float) -> bool:
        """Whether every track that is alive knows its capture time: only then do all of them use it."""
        alive = [track for track in self.tracks.values() if now - track.last_arrival < SETTLE_S]
        return all(track.has_report for track in alive)


@dataclass(slots=True)
class _Part:
    """The file that is written now. `start` is the loop time of its time stamp 0."""

    sink: Sink
    blocks: Blocks
    format: TrackFormat
    start: float


class Track:
    """A stream from its first packet to its last, over pauses, losses and changes of size. Not thread-safe; never blocks."""

    def __init__(
        self,
        person: Person,
        source: str,
        codec: str,
        clock_rate: int,
        writer: Writer,
        journal: Journal,
        ask_key: Callable[[], None],
    ) -> None:
        self._person, self.source, self._writer, self._journal, self._ask_key = (
            person,
            source,
            writer,
            journal,
            ask_key,
        )
        self._rate = clock_rate
        self.codec = codec
        self._is_sound = codec == "opus"
        self._assembler = assembler(codec)
        self._part: _Part | None = None
        self._held: deque[tuple[Frame, int, float]] = deque()
        self._settled = False
        self._first_arrival: float | None = None
        self.last_arrival = -math.inf
        self._frame_arrival = self._frame_time = -math.inf
        self._needs_key = not self._is_sound
        self._gap: str | None = None
        self._key_arrival = self._asked = -math.inf
        self.is_broken = False
        self._begin_stream()

    @property
    def participant(self) -> str:
        return self._person.ident

    @property
    def has_report(self) -> bool:
        return self._clock.has_capture

    def _begin_stream(self) -> None:
        self._clock = TrackClock(self._rate)
        self._reorder = Reorder(AUDIO_WAIT_S if self._is_sound else VIDEO_WAIT_S)

    def packet(self, packet: Packet, key_interval_s: float) -> None:
        """One packet as it arrived."""
        if self._clock.is_restart(packet.rtp_time, packet.arrival):
            self._take(self._reorder.expire(math.inf))
            self._release(math.inf)  # By the old clock.
            self._begin_stream()
            self._lost("restart")
        if self._first_arrival is None:
            self._first_arrival = packet.arrival
        self.last_arrival = packet.arrival
        self._take(self._reorder.put(packet))
        self._ask_when_due(packet.arrival, key_interval_s)

    def tick(self, now: float) -> None:
        """Gives up missing packets of a source that fell silent, and lets go what is held."""
        self._take(self._reorder.expire(now))
        self._release(now)

    def end(self, revoked: bool = False) -> None:
        """Closes the file: with everything that has come, or (`revoked`) without what is held back."""
        if revoked:
            self._held.clear()
        else:
            self._take(self._reorder.expire(math.inf))
            self._release(math.inf)
        self._close_part()

    def abandon(self) -> None:
        """Closes the file at once, after a fault of our own. Nothing more is written; the person's next track is a new one."""
        self.is_broken = True
        self._held.clear()
        self._close_part()

    def _take(self, items: Iterable[Packet | Hole]) -> None:
        for item in items:
            if isinstance(item, Hole):
                self._lost("lost")
            else:
                self._assemble(item)

    def _assemble(self, packet: Packet) -> None:
        ticks = self._clock.ticks(packet.rtp_time, packet.arrival, packet.capture)
        try:
            frame = self._assembler.feed(packet.payload, packet.marker)
        except ValueError:  # Bad bytes from the network are normal.
            return self._lost("damaged")
        if frame is None:
            return None
        if frame.is_key:
            self._key_arrival = packet.arrival
            self._needs_key = False
        if not self._needs_key:
            self._held.append((frame, ticks, packet.arrival))
        return self._release(packet.arrival)

    def _lost(self, reason: str) -> None:
        self._assembler.lost()
        self._gap = reason
        if not self._is_sound and not self._needs_key:
            self._needs_key = True
            self._asked = -math.inf

    def _release(self, now: float) -> None:
        if not self._settled and self._first_arrival is not None:
            self._settled = now - self._first_arrival >= SETTLE_S or self._person.has_reports(now)
        while self._settled and self._held:
            self._write(*self._held.popleft())

    def _write(self, frame: Frame, ticks: int, arrival: float) -> None:
        moment = self._clock.seconds(ticks, self._person.has_reports(arrival), arrival - self._frame_arrival)
        if self._is_sound and moment < self._journal.began - 0.001:
            return  # It was on its way when the recording began.
        self._note_gap(moment)
        self._frame_arrival, self._frame_time = arrival, moment
        part = self._part_for(frame, moment)
        if part is None:
            return
        time_ms = round((moment - part.start) * 1000)
        if not self._writer.write(part.sink, part.blocks.block(frame.data, time_ms, frame.is_key)):
            self._held.clear()
            self._lost("disk_too_slow")

    def _note_gap(self, until: float) -> None:
        reason, self._gap = self._gap, None
        length_s = until - self._frame_time
        if not math.isfinite(length_s) or length_s < SHORT_GAP_S or (reason is None and length_s < PAUSE_S):
            return
        since_s, until_s = self._journal.seconds(self._frame_time), self._journal.seconds(until)
        facts = {
            "participant": self._person.ident,
            "source": self.source,
            "from_s": round(since_s, 3),
            "to_s": round(until_s, 3),
        }
        self._journal.note("gap", reason=reason or "paused", **facts)

    def _part_for(self, frame: Frame, moment: float) -> _Part | None:
        part, wanted = self._part, frame.format
        if part is not None and (wanted is None or not _needs_new_file(part.format, wanted)):
            return part
        if wanted is None:
            return None
        self._close_part()
        return self._open_part(wanted, moment)

    def _open_part(self, wanted: TrackFormat, moment: float) -> _Part | None:
        name = self._journal.file_name(self._person.ident, self.source)
        if name is None:
            return None
        start = max(moment, self._journal.began)
        part = self._part = _Part(Sink(f"{name}.mkv"), Blocks(wanted.is_sound), wanted, start)
        self._journal.opened(self._person.ident, part.sink)
        facts: dict[str, object] = {
            "track": name,
            "participant": self._person.ident,
            "source": self.source,
            "codec": wanted.codec,
        }
        self._journal.note("track", **facts, file=part.sink.name, start_s=round(self._journal.seconds(start), 3))
        self._writer.write(part.sink, head(wanted, self._journal.wall(start)), always=True)
        return part

    def _close_part(self) -> None:
        if self._part is not None:
            self._writer.close_sink(self._part.sink)
            self._part = None

    def _ask_when_due(self, now: float, key_interval_s: float) -> None:
        if self._is_sound or now - self._asked < ASK_AGAIN_S:
            return
        if self._needs_key or now - self._key_arrival >= key_interval_s:
            self._asked = now
            self._ask_key()


def _needs_new_file(old: TrackFormat, new: TrackFormat) -> bool:
    """H.264 keeps its parameter sets in the file's head; a VP8 key frame says its size itself, and players follow."""
    return old.codec != new.codec or old.private != new.private
