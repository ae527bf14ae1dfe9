"""All tables. Each column says in `info["personal"]` what of a person it holds, so that export and erasure can walk them; None: nothing."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from server.domain.words import (
    CaseState,
    ConsentAnswer,
    EntryKind,
    Language,
    Outcome,
    PersonKind,
    RecordingState,
    Role,
    SessionState,
    Visibility,
)

Personal = Literal["name", "contact", "content", "identifier", "secret", "behaviour"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A UTC time that comes back as UTC; SQLite keeps no time zone by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[StrEnum]):
    """One of the words of a `StrEnum`, kept as text."""

    impl = String(32)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


def _col(name: str, kind: Any, *more: Any, personal: Personal | None, null: bool = False, **rest: Any) -> Column[Any]:
    return Column(name, kind, *more, nullable=null, info={"personal": personal}, **rest)


def _id(personal: Personal | None = None) -> Column[Any]:
    return _col("id", String(64), personal=personal, primary_key=True)


def _ref(name: str, target: str, *, null: bool = False, personal: Personal | None = None, **rest: Any) -> Column[Any]:
    return _col(name, String(64), ForeignKey(f"{target}.id", ondelete="CASCADE"), personal=personal, null=null, **rest)


topic = Table(
    "topic",
    metadata,
    _id(),
    _col("slug", String(64), personal=None, unique=True),
    _col("name_de", Text, personal=None),
    _col("name_en", Text, personal=None),
    _col("words_de", Text, personal=None),
    _col("words_en", Text, personal=None),
    _col("position", Integer, personal=None),
    _col("is_open", Boolean, personal=None),
)

agent = Table(
    "agent",
    metadata,
    _id("identifier"),
    _col("email", String(254), personal="contact", unique=True),
    _col("name", Text, personal="name"),
    _col("password_hash", Text, personal="secret", null=True),
    _col("role", Word(Role), personal=None),
    _col("created_at", Moment, personal=None),
    _col("disabled_at", Moment, personal=None, null=True),
)

agent_session = Table(
    "agent_session",
    metadata,
    _id(),
    _col("token_hash", String(64), personal="secret", unique=True),
    _ref("agent_id", "agent", personal="identifier", index=True),
    _col("created_at", Moment, personal="behaviour"),
    _col("used_at", Moment, personal="behaviour"),
    _col("expires_at", Moment, personal=None),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    _col("token_hash", String(64), personal="secret", primary_key=True),
    _ref("agent_id", "agent", personal="identifier", index=True),
    _col("expires_at", Moment, personal=None),
    _col("used_at", Moment, personal="behaviour", null=True),
)

sign_in_try = Table(
    "sign_in_try",
    metadata,
    _col("id", Integer, personal=None, primary_key=True, autoincrement=True),
    _col("account_hash", String(64), personal="identifier"),
    _col("address_hash", String(64), personal="identifier"),
    _col("at", Moment, personal="behaviour"),
    _col("worked", Boolean, personal="behaviour"),
    Index("ix_sign_in_try_account_hash_at", "account_hash", "at"),
    Index("ix_sign_in_try_address_hash_at", "address_hash", "at"),
)

cases = Table(
    "cases",
    metadata,
    _id(),
    _col("number", String(16), personal="identifier", unique=True),
    _ref("topic_id", "topic"),
    _col("summary", Text, personal="content"),
    _col("name", Text, personal="name"),
    _col("email", String(254), personal="contact", null=True),
    _col("phone", String(40), personal="contact", null=True),
    _col("language", Word(Language), personal=None),
    _col("state", Word(CaseState), personal=None),
    _col("queued_at", Moment, personal="behaviour", null=True),
    _col("opened_at", Moment, personal="behaviour"),
    _ref("taken_by", "agent", null=True, personal="identifier"),
    _col("taken_at", Moment, personal="behaviour", null=True),
    _col("closed_at", Moment, personal=None, null=True),
    _col("outcome", Word(Outcome), personal=None, null=True),
    _col("seq", Integer, personal=None),
    _col("client_id", String(64), personal=None, unique=True),
    _col("search_text", Text, personal="content"),
    Index("ix_cases_state_queued_at", "state", "queued_at"),
    Index("ix_cases_state_opened_at", "state", "opened_at"),
    Index("ix_cases_taken_by_state", "taken_by", "state"),
    Index("ix_cases_opened_at", "opened_at"),
    Index("ix_cases_taken_at", "taken_at"),
)

session = Table(
    "session",
    metadata,
    _id(),
    _col("state", Word(SessionState), personal=None, index=True),
    _col("created_at", Moment, personal="behaviour"),
    _col("started_at", Moment, personal="behaviour", null=True),
    _col("ended_at", Moment, personal="behaviour", null=True, index=True),
    _col("outcome", Word(Outcome), personal=None, null=True),
    _col("home", Integer, personal=None, null=True),
)

session_case = Table(
    "session_case",
    metadata,
    _ref("session_id", "session", primary_key=True),
    _ref("case_id", "cases", primary_key=True, index=True),
)

link = Table(
    "link",
    metadata,
    _id("identifier"),
    _col("token_hash", String(64), personal="secret", unique=True),
    _col("kind", Word(PersonKind), personal=None),
    _ref("case_id", "cases", index=True),
    _ref("session_id", "session", null=True),
    _col("name", Text, personal="name"),
    _col("created_by", String(64), personal="identifier", null=True),
    _col("created_at", Moment, personal="behaviour"),
    _col("expires_at", Moment, personal=None),
    _col("revoked_at", Moment, personal=None, null=True),
)

visitor = Table(
    "visitor",
    metadata,
    _id("identifier"),
    _col("token_hash", String(64), personal="secret", unique=True),
    _col("created_at", Moment, personal="behaviour"),
    _col("used_at", Moment, personal="behaviour"),
    _col("expires_at", Moment, personal=None),
)

visitor_link = Table(
    "visitor_link",
    metadata,
    _ref("visitor_id", "visitor", personal="identifier", primary_key=True),
    _ref("link_id", "link", personal="identifier", primary_key=True, index=True),
)

participant = Table(
    "participant",
    metadata,
    _id("identifier"),
    _ref("session_id", "session"),
    _col("kind", Word(PersonKind), personal=None),
    _col("person_id", String(64), personal="identifier"),
    _col("name", Text, personal="name"),
    _col("connection", String(64), personal="identifier", null=True),
    _col("created_at", Moment, personal="behaviour"),
    _col("seated_at", Moment, personal="behaviour", null=True),
    _col("joined_at", Moment, personal="behaviour", null=True),
    _col("gone_at", Moment, personal="behaviour", null=True),
    _col("left_at", Moment, personal="behaviour", null=True),
    UniqueConstraint("session_id", "person_id"),
    Index("ix_participant_gone_at", "gone_at"),
    Index("ix_participant_connection", "connection"),
)

connection = Table(
    "connection",
    metadata,
    _id("identifier"),
    _col("owner_kind", Word(PersonKind), personal=None),
    _col("owner_id", String(64), personal="identifier"),
    _ref("participant_id", "participant", null=True, personal="identifier"),
    _ref("link_id", "link", null=True, personal="identifier", index=True),
    _col("created_at", Moment, personal="behaviour"),
)

entry = Table(
    "entry",
    metadata,
    _id(),
    _ref("case_id", "cases"),
    _col("seq", Integer, personal=None),
    _col("kind", Word(EntryKind), personal=None),
    _col("at", Moment, personal="behaviour"),
    _ref("session_id", "session", null=True),
    _col("actor_kind", Word(PersonKind), personal=None, null=True),
    _col("actor_id", String(64), personal="identifier", null=True),
    _col("actor_name", Text, personal="name"),
    _col("visibility", Word(Visibility), personal=None),
    _col("text", Text, personal="content"),
    _col("data", JSON, personal="content"),
    _col("client_id", String(96), personal=None, null=True),
    UniqueConstraint("case_id", "seq"),
    UniqueConstraint("case_id", "client_id"),
)

consent = Table(
    "consent",
    metadata,
    _id(),
    _ref("session_id", "session"),
    _ref("case_id", "cases", index=True),
    _ref("participant_id", "participant", personal="identifier"),
    _col("purpose", String(16), personal=None),
    _col("round", Integer, personal=None),
    _col("answer", Word(ConsentAnswer), personal="behaviour"),
    _col("wording_version", String(16), personal=None),
    _col("wording_de", Text, personal=None),
    _col("wording_en", Text, personal=None),
    _col("language", Word(Language), personal=None, null=True),
    _col("asked_at", Moment, personal="behaviour"),
    _col("answered_at", Moment, personal="behaviour", null=True),
    _col("withdrawn_at", Moment, personal="behaviour", null=True),
    UniqueConstraint("session_id", "participant_id", "purpose", "round"),
)

recording = Table(
    "recording",
    metadata,
    _id(),
    _ref("session_id", "session", index=True),
    _ref("case_id", "cases", index=True),
    _col("state", Word(RecordingState), personal=None, index=True),
    _col("interrupted", Boolean, personal=None),
    _col("started_by", String(64), personal="identifier"),
    _col("started_at", Moment, personal="behaviour"),
    _col("ended_at", Moment, personal="behaviour", null=True, index=True),
    _col("duration_s", Float, personal=None),
    _col("size_bytes", BigInteger, personal=None),
    _col("directory", String(128), personal="content"),
    _col("parts", Integer, personal=None),
    _col("tracks", JSON, personal="content"),
    _col("view_progress", Float, personal=None, null=True),
    _col("shared_at", Moment, personal=None, null=True),
    _col("error", String(64), personal=None, null=True),
    _col("deleted_at", Moment, personal=None, null=True),
    _col("lease_by", String(64), personal=None, null=True),
    _col("lease_until", Moment, personal=None, null=True),
    # One recording of a session is written at a time, whatever two agents press at once.
    Index(
        "uq_recording_running",
        "session_id",
        unique=True,
        sqlite_where=text("state = 'recording'"),
        postgresql_where=text("state = 'recording'"),
    ),
)

line_look = Table(
    "line_look",
    metadata,
    _ref("participant_id", "participant", primary_key=True, personal="identifier"),
    _col("at", Moment, personal="behaviour", primary_key=True),
    _col("observer", String(8), personal=None, primary_key=True),
    _ref("session_id", "session", index=True),
    _col("look", JSON, personal="behaviour"),
)
"""What was seen of people's lines in sessions that have not ended; then one entry of the timeline says what it was, and these are removed."""
