"""One recording of one session. How it is used: see the package's docstring."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from server.errors import BadField, NoSpace
from server.media.edge.guard import Bucket
from server.media.protocol import Event, RecordingFacts, StartRecording
from server.media.recorder import index
from server.media.recorder.reorder import Packet
from server.media.recorder.track import Person, Track
from server.media.recorder.writer import Sink, Writer, free_bytes
from server.media.tap import Codec, Source, Tap
from server.tasks import Tasks

log = structlog.get_logger(__name__)

REPORT_S = 2.0
TICK_S = 0.5
FILE_LIMIT = 100  # Of one person's source: somebody whose H.264 changes its size with every frame fills no folder.
FILES_AT_ONCE, FILES_A_SECOND = 20, 1 / 60  # Of the same. A phone that is turned in the hand makes a file each time.
CODECS = {"video/vp8": "VP8", "video/h264": "H264", "audio/opus": "opus"}


def _new_pace() -> Bucket:
    return Bucket(FILES_A_SECOND, FILES_AT_ONCE)


class Recorder(Tap):
    """Writes the tracks of the people who agreed. All calls on the loop; none blocks it."""

    def __init__(
        self,
        request: StartRecording,
        session: str,
        *,
        root: Path,
        reserve_bytes: int,
        ask_key: Callable[[str, Source], None],
        announce: Callable[[Event], None],
        key_interval_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._request, self._session, self._root, self._reserve_bytes = request, session, root, reserve_bytes
        self._ask_key, self._announce, self._key_interval_s = ask_key, announce, key_interval_s
        self._tasks = Tasks(f"recorder {request.recording}")
        self._agreed = set(request.participants)
        self._people: dict[str, Person] = {}
        self._index = Sink(index.NAME)
        self._files = 0
        self._files_of: Counter[tuple[str, str]] = Counter()
        self._refused: set[tuple[str, str, str]] = set()
        self._pace_of: defaultdict[tuple[str, str], Bucket] = defaultdict(_new_pace)
        self._sinks: dict[str, list[Sink]] = {}
        self._speaker: str | None = None
        self._began = 0.0
        self._ended: float | None = None
        self._started_at = 0.0
        self._writer: Writer | None = None
        self._unknown: set[str] = set()
        self.failed: str | None = None

    @property
    def recording(self) -> str:
        return self._request.recording

    @property
    def session(self) -> str:
        return self._session

    async def start(self) -> None:
        """Makes the folder and begins. Raises NoSpace below the reserve, BadField when the directory is not inside the root."""
        directory = self._root / self._request.directory
        if not directory.resolve().is_relative_to(self._root.resolve()) or directory.resolve() == self._root.resolve():
            raise BadField(field="directory")
        await asyncio.to_thread(self._make, directory)
        self._began, self._started_at = self._clock(), time.time()
        self._writer = Writer(directory, self._reserve_bytes, self._on_failure, self._index, self._farewell)
        self._writer.start()
        people = sorted(self._agreed)
        head = {
            "recording": self.recording,
            "session": self._session,
            "version": index.VERSION,
            "started_at": self._started_at,
        }
        self.note("start", **head, participants=people, facts=self._request.facts)
        self._tasks.start(self._report(), "report")

    def _make(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            free = free_bytes(directory)
        except OSError as error:
            log.warning("recording_folder", error=str(error))
            raise NoSpace(free_bytes=0) from error
        if free < self._reserve_bytes:
            raise NoSpace(free_bytes=free, reserve_bytes=self._reserve_bytes)

    def takes(self, participant: str) -> bool:
        """See `server/media/tap.py`."""
        return participant in self._agreed

    def tile(self, participant: str, source: Source) -> tuple[int, int] | None:
        """The best picture that comes is kept."""
        return None

    def packet(
        self,
        participant: str,
        source: Source,
        codec: Codec,
        seq: int,
        rtp_time: int,
        marker: bool,
        payload: bytes,
        arrival: float,
        capture: float | None,
    ) -> None:
        """See `server/media/tap.py`. Packets of people who did not agree end here."""
        if participant not in self._agreed or self._ended is not None:
            return
        track = self._track(participant, source, codec)
        if track is not None:
            packet = Packet(seq, rtp_time, marker, bytes(payload), arrival, capture)
            self._guarded(track, track.packet, packet, self._key_interval_s)

    def _guarded(self, track: Track, call: Callable[..., None], *arguments: object) -> None:
        """One step of one track. An edge: a bug that somebody's bytes wake ends this track, and nobody else's."""
        if track.is_broken:
            return
        try:
            call(*arguments)
        except Exception:  # The others are recorded on; this one is noted as broken.
            log.exception("recording_track_failed", recording=self.recording, source=track.source)
            track.abandon()
            self._note_break(track.participant, track.source, "fault")

    def _note_break(self, participant: str, source: str, reason: str) -> None:
        """Here a track ends, for good or until it may have a new file."""
        now = round(self.seconds(self._clock()), 3)
        self.note("gap", participant=participant, source=source, reason=reason, from_s=now, to_s=now)

    def _track(self, participant: str, source: Source, codec: Codec) -> Track | None:
        name = CODECS.get(codec.mime.lower())
        person = self._people.get(participant)
        if person is None:
            person = self._people[participant] = Person(participant)
        track = person.tracks.get(source)
        if track is not None and track.codec == name:
            return track
        if name is None or self._writer is None:
            if codec.mime not in self._unknown:
                self._unknown.add(codec.mime)
                log.warning("recording_codec", codec=codec.mime)
            return None
        if track is not None:
            self._guarded(track, track.end)
        ask = self._ask_key
        track = Track(person, str(source), name, codec.clock_rate, self._writer, self, lambda: ask(participant, source))
        person.tracks[source] = track
        return track

    def agree(self, participants: Iterable[str]) -> RecordingFacts:
        """From this packet on, exactly these people's tracks are written."""
        agreed = set(participants)
        for participant in self._agreed - agreed:
            for sink in self._sinks.pop(participant, ()):  # First, and all of them: the thread goes on meanwhile.
                sink.revoked = True
            self._end_person(participant, revoked=True)
        if agreed != self._agreed:
            self._agreed = agreed
            self.note("consent", participants=sorted(agreed))
        return self.facts()

    def joined(self, participant: str) -> None:
        """For the index: only of people who agreed, as everything in it."""
        self._note_person("joined", participant)

    def left(self, participant: str) -> None:
        """Closes the tracks of a person who left; somebody who comes back gets new files."""
        self._end_person(participant)
        self._note_person("left", participant)

    def _note_person(self, kind: str, participant: str) -> None:
        if participant in self._agreed:
            self.note(kind, participant=participant)

    def speaking(self, participant: str) -> None:
        """Who is loudest. Who spoke when says something about a person, too."""
        if participant != self._speaker:
            self._speaker = participant
            self._note_person("speaker", participant)

    def _end_person(self, participant: str, revoked: bool = False) -> None:
        person = self._people.pop(participant, None)
        for track in person.tracks.values() if person else ():
            self._guarded(track, track.end, revoked)

    def facts(self) -> RecordingFacts:
        """What the recording has become so far."""
        size = self._writer.taken_bytes if self._writer else 0
        people = sorted(self._agreed)
        return RecordingFacts(
            self.recording, self._started_at, round(self.seconds(self._now()), 3), size, self._files, people
        )

    def _now(self) -> float:
        return self._clock() if self._ended is None else self._ended

    async def stop(self, reason: str = "stopped") -> RecordingFacts:
        """Closes everything and waits until it is on the disk."""
        try:
            if self._ended is None:
                self._end(reason)
        finally:
            if self._writer is not None:
                await self._writer.close()
            await self._tasks.close()
        return self.facts()

    def _end(self, reason: str) -> None:
        for participant in list(self._people):
            self._end_person(participant)
        self.note("stop", reason=reason)
        self._ended = self._clock()

    def _farewell(self, code: str) -> bytes:
        """The last line, asked for by the writer's thread."""
        now = self._clock()
        return index.line("stop", self.seconds(now), self.wall(now), reason=code)

    def _on_failure(self, code: str) -> None:
        self.failed = code
        self._ended = self._ended or self._clock()
        log.error("recording_failed", recording=self.recording, code=code)
        self._announce(Event("recording_failed", {"recording": self.recording, "session": self._session, "code": code}))

    async def _report(self) -> None:
        reported = beat = self._clock()
        while self._ended is None:
            await asyncio.sleep(TICK_S)
            now = self._clock()
            for person in self._people.values():
                for track in person.tracks.values():
                    self._guarded(track, track.tick, now)
            if now - beat >= REPORT_S / 2:
                beat = now
                self.note("beat")
            if now - reported >= REPORT_S:
                reported = now
                self._announce_progress()

    def _announce_progress(self) -> None:
        facts = self.facts()
        if self._ended is None and self._writer is not None:
            data = {"recording": self.recording, "session": self._session, "duration_s": facts.duration_s}
            self._announce(
                Event("recording", {**data, "size_bytes": facts.size_bytes, "free_bytes": self._writer.free_bytes})
            )

    # What tracks tell us (Journal).

    @property
    def began(self) -> float:
        return self._began

    def file_name(self, participant: str, source: str) -> str | None:
        whose = participant, source
        if self._files_of[whose] >= FILE_LIMIT:
            self._refuse_file(whose, "too_many_files")
            return None
        if not self._pace_of[whose].take(self._clock()):
            self._refuse_file(whose, "changes_too_often")
            return None
        self._files_of[whose] += 1
        self._files += 1
        return f"t{self._files:03d}-{source}"

    def _refuse_file(self, whose: tuple[str, str], reason: str) -> None:
        """Said once for each source of a person and each reason."""
        participant, source = whose
        if (*whose, reason) not in self._refused:
            self._refused.add((*whose, reason))
            log.warning("recording_file_refused", recording=self.recording, source=source, reason=reason)
            self._note_break(participant, source, reason)

    def opened(self, participant: str, sink: Sink) -> None:
        self._sinks.setdefault(participant, []).append(sink)

    def note(self, kind: str, **facts: object) -> None:
        if self._writer is not None and self._ended is None:
            now = self._clock()
            self._writer.write(self._index, index.line(kind, self.seconds(now), self.wall(now), **facts), always=True)

    def seconds(self, moment: float) -> float:
        return max(0.0, moment - self._began)

    def wall(self, moment: float) -> float:
        return self._started_at + moment - self._began
