"""The tables of cases, people and sessions; those of broadcasts are in `broadcast_tables.py`."""

from sqlalchemy import JSON, BigInteger, Boolean, Float, Index, Integer, String, Table, Text, UniqueConstraint, text

from server.domain.words import (
    CaseState,
    ConsentAnswer,
    EntryKind,
    Language,
    Outcome,
    PersonKind,
    Purpose,
    RecordingState,
    Role,
    SessionState,
    Visibility,
)
from server.store.columns import Moment, Word, col, id_col, metadata, ref

topic = Table(
    "topic",
    metadata,
    id_col(),
    col("slug", String(64), personal=None, unique=True),
    col("name_de", Text, personal=None),
    col("name_en", Text, personal=None),
    col("words_de", Text, personal=None),
    col("words_en", Text, personal=None),
    col("position", Integer, personal=None),
    col("is_open", Boolean, personal=None),
)

agent = Table(
    "agent",
    metadata,
    id_col("identifier"),
    col("email", String(254), personal="contact", unique=True),
    col("name", Text, personal="name"),
    col("password_hash", Text, personal="secret", null=True),
    col("role", Word(Role), personal=None),
    col("created_at", Moment, personal=None),
    col("disabled_at", Moment, personal=None, null=True),
)

agent_session = Table(
    "agent_session",
    metadata,
    id_col(),
    col("token_hash", String(64), personal="secret", unique=True),
    ref("agent_id", "agent", personal="identifier", index=True),
    col("created_at", Moment, personal="behaviour"),
    col("used_at", Moment, personal="behaviour"),
    col("expires_at", Moment, personal=None),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    col("token_hash", String(64), personal="secret", primary_key=True),
    ref("agent_id", "agent", personal="identifier", index=True),
    col("expires_at", Moment, personal=None),
    col("used_at", Moment, personal="behaviour", null=True),
)

sign_in_try = Table(
    "sign_in_try",
    metadata,
    col("id", Integer, personal=None, primary_key=True, autoincrement=True),
    col("account_hash", String(64), personal="identifier"),
    col("address_hash", String(64), personal="identifier"),
    col("at", Moment, personal="behaviour"),
    col("worked", Boolean, personal="behaviour"),
    Index("ix_sign_in_try_account_hash_at", "account_hash", "at"),
    Index("ix_sign_in_try_address_hash_at", "address_hash", "at"),
)

cases = Table(
    "cases",
    metadata,
    id_col(),
    col("number", String(16), personal="identifier", unique=True),
    ref("topic_id", "topic"),
    col("summary", Text, personal="content"),
    col("name", Text, personal="name"),
    col("email", String(254), personal="contact", null=True),
    col("phone", String(40), personal="contact", null=True),
    col("language", Word(Language), personal=None),
    col("state", Word(CaseState), personal=None),
    col("queued_at", Moment, personal="behaviour", null=True),
    col("opened_at", Moment, personal="behaviour"),
    ref("taken_by", "agent", null=True, personal="identifier"),
    col("taken_at", Moment, personal="behaviour", null=True),
    col("closed_at", Moment, personal=None, null=True),
    col("outcome", Word(Outcome), personal=None, null=True),
    col("seq", Integer, personal=None),
    col("client_id", String(64), personal=None, unique=True),
    col("search_text", Text, personal="content"),
    Index("ix_cases_state_queued_at", "state", "queued_at"),
    Index("ix_cases_state_opened_at", "state", "opened_at"),
    Index("ix_cases_taken_by_state", "taken_by", "state"),
    Index("ix_cases_opened_at", "opened_at"),
    Index("ix_cases_taken_at", "taken_at"),
)

session = Table(
    "session",
    metadata,
    id_col(),
    col("state", Word(SessionState), personal=None, index=True),
    col("created_at", Moment, personal="behaviour"),
    col("started_at", Moment, personal="behaviour", null=True),
    col("ended_at", Moment, personal="behaviour", null=True, index=True),
    col("outcome", Word(Outcome), personal=None, null=True),
    col("home", Integer, personal=None, null=True),
)

session_case = Table(
    "session_case",
    metadata,
    ref("session_id", "session", primary_key=True),
    ref("case_id", "cases", primary_key=True, index=True),
)

link = Table(
    "link",
    metadata,
    id_col("identifier"),
    col("token_hash", String(64), personal="secret", unique=True),
    col("kind", Word(PersonKind), personal=None),
    ref("case_id", "cases", index=True),
    ref("session_id", "session", null=True),
    col("name", Text, personal="name"),
    col("created_by", String(64), personal="identifier", null=True),
    col("created_at", Moment, personal="behaviour"),
    col("expires_at", Moment, personal=None),
    col("revoked_at", Moment, personal=None, null=True),
)

visitor = Table(
    "visitor",
    metadata,
    id_col("identifier"),
    col("token_hash", String(64), personal="secret", unique=True),
    col("created_at", Moment, personal="behaviour"),
    col("used_at", Moment, personal="behaviour"),
    col("expires_at", Moment, personal=None),
)

visitor_link = Table(
    "visitor_link",
    metadata,
    ref("visitor_id", "visitor", personal="identifier", primary_key=True),
    ref("link_id", "link", personal="identifier", primary_key=True, index=True),
)

participant = Table(
    "participant",
    metadata,
    id_col("identifier"),
    ref("session_id", "session"),
    col("kind", Word(PersonKind), personal=None),
    col("person_id", String(64), personal="identifier"),
    col("name", Text, personal="name"),
    col("connection", String(64), personal="identifier", null=True),
    col("created_at", Moment, personal="behaviour"),
    col("seated_at", Moment, personal="behaviour", null=True),
    col("joined_at", Moment, personal="behaviour", null=True),
    col("gone_at", Moment, personal="behaviour", null=True),
    col("left_at", Moment, personal="behaviour", null=True),
    UniqueConstraint("session_id", "person_id"),
    Index("ix_participant_gone_at", "gone_at"),
    Index("ix_participant_connection", "connection"),
)

connection = Table(
    "connection",
    metadata,
    id_col("identifier"),
    col("owner_kind", Word(PersonKind), personal=None),
    col("owner_id", String(64), personal="identifier"),
    ref("participant_id", "participant", null=True, personal="identifier"),
    ref("link_id", "link", null=True, personal="identifier", index=True),
    col("created_at", Moment, personal="behaviour"),
)

entry = Table(
    "entry",
    metadata,
    id_col(),
    ref("case_id", "cases"),
    col("seq", Integer, personal=None),
    col("kind", Word(EntryKind), personal=None),
    col("at", Moment, personal="behaviour"),
    ref("session_id", "session", null=True),
    col("actor_kind", Word(PersonKind), personal=None, null=True),
    col("actor_id", String(64), personal="identifier", null=True),
    col("actor_name", Text, personal="name"),
    col("visibility", Word(Visibility), personal=None),
    col("text", Text, personal="content"),
    col("data", JSON, personal="content"),
    col("client_id", String(96), personal=None, null=True),
    UniqueConstraint("case_id", "seq"),
    UniqueConstraint("case_id", "client_id"),
)

consent = Table(
    "consent",
    metadata,
    id_col(),
    ref("session_id", "session"),
    ref("case_id", "cases", index=True),
    ref("participant_id", "participant", personal="identifier"),
    col("purpose", Word(Purpose, 16), personal=None),
    col("round", Integer, personal=None),
    col("answer", Word(ConsentAnswer), personal="behaviour"),
    col("wording_version", String(16), personal=None),
    col("wording_de", Text, personal=None),
    col("wording_en", Text, personal=None),
    col("language", Word(Language), personal=None, null=True),
    col("asked_at", Moment, personal="behaviour"),
    col("answered_at", Moment, personal="behaviour", null=True),
    col("withdrawn_at", Moment, personal="behaviour", null=True),
    UniqueConstraint("session_id", "participant_id", "purpose", "round"),
)

recording = Table(
    "recording",
    metadata,
    id_col(),
    ref("session_id", "session", index=True),
    ref("case_id", "cases", index=True),
    col("state", Word(RecordingState), personal=None, index=True),
    col("interrupted", Boolean, personal=None),
    col("started_by", String(64), personal="identifier"),
    col("started_at", Moment, personal="behaviour"),
    col("ended_at", Moment, personal="behaviour", null=True, index=True),
    col("duration_s", Float, personal=None),
    col("size_bytes", BigInteger, personal=None),
    col("directory", String(128), personal="content"),
    col("parts", Integer, personal=None),
    col("tracks", JSON, personal="content"),
    col("view_progress", Float, personal=None, null=True),
    col("shared_at", Moment, personal=None, null=True),
    col("error", String(64), personal=None, null=True),
    col("deleted_at", Moment, personal=None, null=True),
    col("lease_by", String(64), personal=None, null=True),
    col("lease_until", Moment, personal=None, null=True),
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
    ref("participant_id", "participant", primary_key=True, personal="identifier"),
    col("at", Moment, personal="behaviour", primary_key=True),
    col("observer", String(8), personal=None, primary_key=True),
    ref("session_id", "session", index=True),
    col("look", JSON, personal="behaviour"),
)
"""What was seen of people's lines in sessions that have not ended; then one entry of the timeline says what it was, and these are removed."""
