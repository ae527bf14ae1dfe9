"""The recordings that run on this worker: a recorder hangs on its session, hears who comes and goes, and is taken off when it ends or fails."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from server.errors import AlreadyRecording, NotFound
from server.media.protocol import Event, RecordingFacts, StartRecording
from server.media.recorder import Recorder
from server.media.session import Session
from server.tasks import Tasks

log = structlog.get_logger(__name__)


class Recordings:
    """One recording of a session at a time. `announce` gets the recorders' events."""

    def __init__(self, root: Path, reserve_bytes: int, announce: Callable[[Event], None], tasks: Tasks) -> None:
        self._root = root
        self._reserve_bytes = reserve_bytes
        self._announce = announce
        self._tasks = tasks
        self._running: dict[str, tuple[Recorder, Session]] = {}
        self._here: dict[str, set[str]] = {}

    async def start(self, session: Session, request: StartRecording) -> RecordingFacts:
        """Raises AlreadyRecording, NoSpace, BadField, NotFound when the session ended meanwhile."""
        if session.recording is not None or request.recording in self._running:
            raise AlreadyRecording
        session.recording = request.recording
        recorder = Recorder(
            request,
            session.id,
            root=self._root,
            reserve_bytes=self._reserve_bytes,
            ask_key=session.request_key_frame,
            announce=self._heard_recorder,
        )
        try:
            await recorder.start()
        except BaseException:
            session.recording = None
            raise
        if session.is_over:
            await recorder.stop()
            raise NotFound
        self._running[request.recording] = (recorder, session)
        self._here[request.recording] = set()
        session.add_tap(recorder)
        return recorder.facts()

    def agree(self, recording: str, participants: list[str]) -> RecordingFacts:
        """Only these people's tracks from now on. Raises NotFound."""
        recorder, session = self._found(recording)
        facts = recorder.agree(participants)
        session.aim_taps()
        return facts

    async def stop(self, recording: str) -> RecordingFacts:
        """Takes the recorder off and closes its files. Raises NotFound."""
        recorder, session = self._found(recording)
        del self._running[recording]
        self._here.pop(recording, None)
        session.recording = None
        session.remove_tap(recorder)
        return await recorder.stop()

    async def stop_of(self, session: Session) -> None:
        """Stops what records this session, if anything does."""
        if session.recording in self._running:
            await self.stop(session.recording)

    async def close(self) -> None:
        """Stops all at once. One that ended meanwhile, or whose disk fails, holds up no other."""
        running = list(self._running)
        results = await asyncio.gather(*(self.stop(recording) for recording in running), return_exceptions=True)
        for recording, result in zip(running, results, strict=True):
            if isinstance(result, Exception) and not isinstance(result, NotFound):
                log.error("recording_not_stopped", recording=recording, reason=type(result).__name__)

    def heard(self, event: Event) -> None:
        """A session's roster: tells its recorder who came and who left."""
        for recording, (recorder, session) in self._running.items():
            if event.kind == "roster" and event.data["session"] == session.id:
                here = {
                    seat.id for seat in session.participants.values() if seat.on_stage and seat.connection is not None
                }
                before, self._here[recording] = self._here[recording], here
                for participant in sorted(here - before):
                    recorder.joined(participant)
                for participant in sorted(before - here):
                    recorder.left(participant)

    def listen(self, session: Session) -> None:
        """Tells the session's recorder, if it has one, who speaks. To be called a few times a second."""
        recorder, _ = self._running.get(session.recording or "", (None, session))
        if recorder is not None and session.speaker is not None:
            recorder.speaking(session.speaker)

    def _heard_recorder(self, event: Event) -> None:
        self._announce(event)
        if event.kind == "recording_failed" and event.data["recording"] in self._running:
            self._tasks.start(self._end_failed(event.data["recording"]), "end_failed_recording")

    async def _end_failed(self, recording: str) -> None:
        if recording in self._running:
            await self.stop(recording)

    def _found(self, recording: str) -> tuple[Recorder, Session]:
        found = self._running.get(recording)
        if found is None:
            raise NotFound
        return found
