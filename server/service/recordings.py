"""Recordings of sessions."""

from dataclasses import dataclass
from pathlib import Path

from server.domain.principal import Principal
from server.domain.words import RecordingId, SessionId
from server.service.house import House
from server.service.views import RecordingView


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """Where a file of a recording is, and its media type."""

    path: Path
    type: str


async def start_recording(house: House, principal: Principal, session: SessionId) -> RecordingView:
    """The tracks of those who agreed are written from now on. Agents. Raises NobodyAgreed, AlreadyRecording, NoSpace, MediaAway, SessionEnded."""
    raise NotImplementedError


async def stop_recording(house: House, principal: Principal, recording: RecordingId) -> RecordingView:
    """Files are closed and being finished. Agents. Stopped twice is stopped once."""
    raise NotImplementedError


async def read_recording(house: House, principal: Principal, recording: RecordingId) -> RecordingView:
    """The recording with its files; for customers only when it is shared. Raises NotFound."""
    raise NotImplementedError


async def find_file(house: House, principal: Principal, recording: RecordingId, name: str) -> RecordedFile:
    """One file of a recording, by the name in its list; rights as `read_recording`. Raises NotFound."""
    raise NotImplementedError


async def share_recording(house: House, principal: Principal, recording: RecordingId, shared: bool) -> RecordingView:
    """The customer may watch it, or no longer. Agents."""
    raise NotImplementedError


async def delete_recording(house: House, principal: Principal, recording: RecordingId) -> None:
    """Files and facts are gone; the timeline keeps that there was one. Agents."""
    raise NotImplementedError
