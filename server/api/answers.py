"""Replies that are no service's: what the edge itself answers. Also the small bodies of socket events that carry one id or one word."""

from dataclasses import dataclass
from typing import Literal

from server.domain.words import CaseId, ConnectionId, Language, Purpose, SessionId
from server.service.views import QueueView, SlotView


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure (RFC 9457). `code` is for programs and never changes; `detail` is a sentence in the reader's language."""

    type: str
    title: str
    status: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Watching:
    """The acknowledgement of `watch`: entries up to `seq` were sent before it."""

    seq: int


@dataclass(frozen=True, slots=True)
class AudienceJoined:
    """The acknowledgement of `audience`: changes above `seq` come by the socket; what the page lacks up to it, it asks for."""

    seq: int


@dataclass(frozen=True, slots=True)
class QueueTold:
    """`queue`: this waiting case's place."""

    case: CaseId
    queue: QueueView


@dataclass(frozen=True, slots=True)
class SlotsTold:
    """`slots`: who is in which receiving m-line of a connection."""

    connection: ConnectionId
    slots: list[SlotView]


@dataclass(frozen=True, slots=True)
class LayersOfSource:
    """The layers (RIDs) of one sending m-line that somebody watches; none of one without layers, which may have a limit."""

    mid: str
    rids: list[str]
    limit_bps: int | None


@dataclass(frozen=True, slots=True)
class LayersTold:
    """`layers`: which layers of its sources a page should send from now on. Sources that are not named stay as they are."""

    connection: ConnectionId
    sources: list[LayersOfSource]


@dataclass(frozen=True, slots=True)
class GoneTold:
    """`gone`: a media connection is closed."""

    connection: ConnectionId
    reason: str


@dataclass(frozen=True, slots=True)
class MediaTold:
    """`media`: the worker of this number is away, or back without any of the old connections: who was connected there makes a new one."""

    state: Literal["away", "back"]
    home: int


@dataclass(frozen=True, slots=True)
class ConsentTold:
    """`consent`: the reader is asked whether the session may be recorded, or whether its audience may see and hear them."""

    session: SessionId
    purpose: Purpose
    answer: Literal["asked"]
    wording: str
    wording_version: str
    wordings: dict[Language, str]


@dataclass(frozen=True, slots=True)
class SessionEndedTold:
    """`session_ended`: the session is over."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class DeskTold:
    """`desk`: the agents' lists changed; fetch them again."""


@dataclass(frozen=True, slots=True)
class Bye:
    """`bye`: the socket is about to be closed, and why: signed_out, revoked, restarting (come back after `again_in_s`)."""

    reason: Literal["signed_out", "revoked", "restarting"]
    again_in_s: float
