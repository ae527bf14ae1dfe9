"""What the audience's page and other programs are told of a broadcast."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from server.domain.words import BroadcastState, Language, Openness, RecordingId, SessionId
from server.service.media_views import CaptionsFile


@dataclass(frozen=True, slots=True)
class Poster:
    """Where a broadcast's picture is, below our address, and how large."""

    path: str
    width: int
    height: int


def poster_of(session: SessionId, name: str | None) -> Poster | None:
    """The picture by its name, which ends in its size: `0123456789abcdef-1280x720.jpg`."""
    if name is None:
        return None
    width, _, height = name.rpartition("-")[2].removesuffix(".jpg").partition("x")
    return Poster(f"/posters/{session}/{name}", int(width), int(height))


@dataclass(frozen=True, slots=True)
class ChannelPublic:
    """Under whose name a broadcast stands, and who answers for it by law."""

    name: str
    responsible_name: str | None
    responsible_address: str | None
    imprint_url: str | None


@dataclass(frozen=True, slots=True)
class BroadcastPublic:
    """A broadcast as everybody sees it who may. `stream` is where its picture is, None while there is none; `now` is the server's clock."""

    session: SessionId
    title: str
    description: str
    language: Language
    visibility: Openness
    state: BroadcastState
    starts_at: datetime | None
    counts_to: datetime | None
    live_at: datetime | None
    ended_at: datetime | None
    channel: ChannelPublic
    poster: Poster | None
    stream: str | None
    recording: RecordingId | None
    captions: list[CaptionsFile]
    now: datetime


@dataclass(frozen=True, slots=True)
class Embedding:
    """How another site shows a broadcast (oEmbed 1.0). A link where no other site may show the player, else a frame with it."""

    version: Literal["1.0"]
    type: Literal["video", "link"]
    title: str
    author_name: str
    provider_name: str
    provider_url: str
    cache_age: int
    html: str | None = None
    width: int | None = None
    height: int | None = None
    thumbnail_url: str | None = None
    thumbnail_width: int | None = None
    thumbnail_height: int | None = None
