"""Rows of the tables of broadcasts, typed. Fields are named as the columns."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from server.domain.words import (
    AgentId,
    BroadcastState,
    CaseId,
    ChannelId,
    ChatLineState,
    Language,
    LineId,
    MemberId,
    MemberRole,
    Openness,
    PollId,
    PollState,
    QuestionId,
    QuestionState,
    RecordingId,
    SessionId,
    TopicId,
    VisitorId,
)


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """Under whose name broadcasts stand. Nothing goes public while a person responsible or the Impressum is missing."""

    id: ChannelId
    slug: str
    name: str
    responsible_name: str | None
    responsible_address: str | None
    imprint_url: str | None
    warn_share: float
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BroadcastRow:
    """What makes a session a broadcast. `scene` is the composer's; the stream lies in `directory`, below the folder of recordings.

    `own_case_id`: the case that was made with it. `seq` counts what the audience is told. `composer_by` keeps the composer until `composer_until`.
    """

    session_id: SessionId
    channel_id: ChannelId
    topic_id: TopicId
    title: str
    description: str
    language: Language
    visibility: Openness
    state: BroadcastState
    created_at: datetime
    directory: str
    opened_by: str
    starts_at: datetime | None = None
    live_at: datetime | None = None
    ended_at: datetime | None = None
    scene: dict[str, Any] = field(default_factory=dict)
    poster: str | None = None
    recording_id: RecordingId | None = None
    own_case_id: CaseId | None = None
    listed: bool = True
    removed_at: datetime | None = None
    seq: int = 0
    slow_mode_s: int = 0
    holds: bool = False
    words: list[str] = field(default_factory=list)
    composer_by: str | None = None
    composer_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BroadcastCaseRow:
    """A case that came up in a broadcast, `at_s` into its stream (None: nobody knows)."""

    session_id: SessionId
    case_id: CaseId
    at: datetime
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody of the audience who takes part."""

    id: MemberId
    session_id: SessionId
    visitor_id: VisitorId | None
    name: str
    role: MemberRole
    created_at: datetime
    last_line_at: datetime | None = None
    muted_at: datetime | None = None
    banned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of the audience's chat, by a member or an agent."""

    id: LineId
    session_id: SessionId
    seq: int
    member_id: MemberId | None
    agent_id: AgentId | None
    name: str
    text: str
    state: ChatLineState
    at: datetime
    client_id: str


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question of a member. `answer_s`: how far into the recording its answer begins."""

    id: QuestionId
    session_id: SessionId
    seq: int
    member_id: MemberId
    name: str
    text: str
    state: QuestionState
    at: datetime
    client_id: str
    votes: int = 0
    answered_at: datetime | None = None
    answer_s: float | None = None
    case_id: CaseId | None = None


@dataclass(frozen=True, slots=True)
class PollRow:
    """A poll."""

    id: PollId
    session_id: SessionId
    seq: int
    text: str
    state: PollState
    at: datetime
    client_id: str
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PollChoiceRow:
    """One of a poll's choices."""

    poll_id: PollId
    position: int
    text: str
    votes: int = 0


@dataclass(frozen=True, slots=True)
class HandRow:
    """A raised hand; first raised, first called."""

    session_id: SessionId
    member_id: MemberId
    raised_at: datetime
    called_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MeTooRow:
    """A visitor who has a problem of this topic as well."""

    topic_id: TopicId
    visitor_id: str
    session_id: SessionId | None
    member_id: MemberId | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ViewerStepRow:
    """What one web process counted of a broadcast in the five minutes from `at`: seconds that its viewers watched together.

    All processes know alike how long it was on air then, and how many watched at most in the whole house.
    """

    session_id: SessionId
    at: datetime
    process: str
    channel_id: ChannelId
    counts: bool
    watch_s: float
    air_s: float
    peak: int
