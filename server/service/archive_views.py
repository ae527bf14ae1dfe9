"""What everybody finds in the list of broadcasts. Times are UTC; `_s` are seconds."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.words import BroadcastState, RecordingId, SessionId
from server.service.watch_views import ChannelPublic, Poster


@dataclass(frozen=True, slots=True)
class Listed:
    """One broadcast in the list, with its topic in the reader's language. `at`: when it starts, began, or was."""

    session: SessionId
    title: str
    description: str
    channel: str
    topic: str
    topic_slug: str
    state: BroadcastState
    at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    size_bytes: int | None
    recording: RecordingId | None
    poster: Poster | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The kept recordings of one topic, newest first."""

    topic: str
    topic_slug: str
    recordings: list[Listed]


@dataclass(frozen=True, slots=True)
class ArchiveView:
    """What is live, what comes, and what was kept, by topic. `total`: kept ones that fit the words, shown or not. `channels`: who answers for all."""

    live: list[Listed]
    coming: list[Listed]
    kept: list[Shelf]
    total: int
    channels: list[ChannelPublic]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A question that was answered, and where in the recording its answer begins."""

    at_s: float
    title: str
