"""Rows of the tables, typed. Fields are named as the columns."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, Select, Table, select

from server.domain.words import (
    AgentId,
    CaseId,
    CaseState,
    ConnectionId,
    ConsentAnswer,
    EntryKind,
    Language,
    LinkId,
    Outcome,
    ParticipantId,
    PersonKind,
    Purpose,
    RecordingId,
    RecordingState,
    Role,
    SessionId,
    SessionState,
    TopicId,
    Visibility,
)

T = TypeVar("T")


@functools.cache
def chosen(kind: type[Any], table: Table) -> Select[Any]:
    """A SELECT of just the columns that the row class has."""
    return select(*(table.c[one.name] for one in fields(kind)))


def one_row(kind: type[T], row: Row[Any] | None) -> T | None:
    """The row as its class, None for no row."""
    return None if row is None else kind(**row._mapping)


def all_rows(kind: type[T], rows: Iterable[Row[Any]]) -> list[T]:
    """The rows as their class."""
    return [kind(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic in all its languages; words are separated by commas."""

    id: TopicId
    slug: str
    name_de: str
    name_en: str
    words_de: str
    words_en: str
    position: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An account."""

    id: AgentId
    email: str
    name: str
    password_hash: str | None
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignInRow:
    """An agent's sign-in in one browser, joined with the account."""

    token_hash: str
    agent_id: AgentId
    used_at: datetime
    expires_at: datetime
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case."""

    id: CaseId
    number: str
    topic_id: TopicId
    summary: str
    name: str
    email: str | None
    phone: str | None
    language: Language
    state: CaseState
    queued_at: datetime | None
    opened_at: datetime
    taken_by: AgentId | None
    taken_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None
    seq: int
    client_id: str
    search_text: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session. `home` is the number of the media worker it lives on."""

    id: SessionId
    state: SessionState
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    home: int | None = None


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A personal link."""

    id: LinkId
    token_hash: str
    kind: PersonKind
    case_id: CaseId
    session_id: SessionId | None
    name: str
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """One person in one session. Seated from being admitted to having left; here while `joined_at` is set and `gone_at`, `left_at` are not."""

    id: ParticipantId
    session_id: SessionId
    kind: PersonKind
    person_id: str
    name: str
    connection: ConnectionId | None
    created_at: datetime
    seated_at: datetime | None = None
    joined_at: datetime | None = None
    gone_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A media connection and whose it is; `participant_id` is None for an agent's standby connection, `link_id` for agents."""

    id: ConnectionId
    owner_kind: PersonKind
    owner_id: str
    participant_id: ParticipantId | None
    link_id: LinkId | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A line of a timeline."""

    case_id: CaseId
    seq: int
    kind: EntryKind
    at: datetime
    session_id: SessionId | None
    actor_kind: PersonKind | None
    actor_id: str | None
    actor_name: str
    visibility: Visibility
    text: str
    data: dict[str, Any]
    client_id: str | None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One question and its answer; `round` counts the questions to one person in one session."""

    id: str
    session_id: SessionId
    case_id: CaseId
    participant_id: ParticipantId
    purpose: Purpose
    round: int
    answer: ConsentAnswer
    wording_version: str
    wording_de: str
    wording_en: str
    language: Language | None
    asked_at: datetime
    answered_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A recording; its parts are the folders `part-1`, `part-2`, … of `directory`; 0 before the worker writes."""

    id: RecordingId
    session_id: SessionId
    case_id: CaseId
    state: RecordingState
    interrupted: bool
    started_by: str
    started_at: datetime
    directory: str
    parts: int = 0
    ended_at: datetime | None = None
    duration_s: float = 0.0
    size_bytes: int = 0
    tracks: dict[str, Any] = field(default_factory=dict)
    view_progress: float | None = None
    shared_at: datetime | None = None
    error: str | None = None
    deleted_at: datetime | None = None
    lease_by: str | None = None
    lease_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LookRow:
    """One look at somebody's line, by the worker or the person's own page."""

    participant_id: ParticipantId
    at: datetime
    observer: str
    session_id: SessionId
    look: dict[str, Any]
