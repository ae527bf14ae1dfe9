"""The tables of broadcasts: whose they are, their life, and what the audience does."""

from sqlalchemy import (
    JSON,
    Boolean,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

import server.store.tables  # noqa: F401  What these refer to must be known.
from server.domain.words import (
    BroadcastState,
    ChatLineState,
    Language,
    MemberRole,
    Openness,
    PollState,
    QuestionState,
)
from server.store.columns import Moment, Word, col, id_col, metadata, ref

channel = Table(
    "channel",
    metadata,
    id_col(),
    col("slug", String(64), personal=None, unique=True),
    col("name", Text, personal=None),
    col("responsible_name", Text, personal="name", null=True),
    col("responsible_address", Text, personal="contact", null=True),
    col("imprint_url", Text, personal=None, null=True),
    col("warn_share", Float, personal=None),
    col("created_at", Moment, personal=None),
)

broadcast = Table(
    "broadcast",
    metadata,
    ref("session_id", "session", primary_key=True),
    ref("channel_id", "channel", index=True),
    ref("topic_id", "topic", index=True),
    col("title", Text, personal="content"),
    col("description", Text, personal="content"),
    col("language", Word(Language), personal=None),
    col("visibility", Word(Openness), personal=None),
    col("state", Word(BroadcastState), personal=None, index=True),
    col("created_at", Moment, personal=None),
    col("starts_at", Moment, personal=None, null=True),
    col("live_at", Moment, personal=None, null=True),
    col("ended_at", Moment, personal=None, null=True, index=True),
    col("scene", JSON, personal="content"),
    col("poster", String(128), personal="content", null=True),
    col("directory", String(128), personal="content"),
    ref("recording_id", "recording", null=True, gone="SET NULL"),
    ref("own_case_id", "cases", null=True, gone="SET NULL"),
    col("listed", Boolean, personal=None),
    col("removed_at", Moment, personal=None, null=True),
    col("seq", Integer, personal=None),
    col("slow_mode_s", Integer, personal=None),
    col("holds", Boolean, personal=None),
    col("words", JSON, personal=None),
    col("opened_by", String(64), personal="identifier"),
    col("salt", String(64), personal="secret", null=True),
    col("composer_by", String(64), personal=None, null=True),
    col("composer_until", Moment, personal=None, null=True),
)

poster = Table(
    "poster",
    metadata,
    ref("session_id", "broadcast", key="session_id", primary_key=True),
    col("image", LargeBinary, personal="content"),
)
"""The picture that stands for a broadcast, as a JPEG; `broadcast.poster` is its name. Here, so that it goes with the broadcast."""

caption = Table(
    "caption",
    metadata,
    ref("recording_id", "recording", primary_key=True),
    col("language", String(8), personal=None, primary_key=True),
    col("text", Text, personal="content"),
)
"""What is said in a recording, as a WebVTT file of ours in each language."""

broadcast_case = Table(
    "broadcast_case",
    metadata,
    ref("session_id", "broadcast", key="session_id", primary_key=True),
    ref("case_id", "cases", primary_key=True, index=True),
    col("at", Moment, personal="behaviour"),
    col("at_s", Float, personal="behaviour", null=True),
)
"""Cases that came up before an audience, and how far into the stream. They do not make the session one of theirs, as `session_case` does."""

member = Table(
    "member",
    metadata,
    id_col("identifier"),
    ref("session_id", "broadcast", key="session_id"),
    ref("visitor_id", "visitor", null=True, personal="identifier", gone="SET NULL", index=True),
    col("name", Text, personal="name"),
    col("role", Word(MemberRole), personal=None),
    col("created_at", Moment, personal="behaviour"),
    col("last_line_at", Moment, personal="behaviour", null=True),
    col("muted_at", Moment, personal="behaviour", null=True),
    col("banned_at", Moment, personal="behaviour", null=True),
    col("address_hash", String(64), personal="identifier", null=True),
    UniqueConstraint("session_id", "visitor_id"),
)

line = Table(
    "line",
    metadata,
    id_col(),
    ref("session_id", "broadcast", key="session_id"),
    col("seq", Integer, personal=None),
    ref("member_id", "member", null=True, personal="identifier", index=True),
    ref("agent_id", "agent", null=True, personal="identifier"),
    col("name", Text, personal="name"),
    col("text", Text, personal="content"),
    col("state", Word(ChatLineState), personal=None),
    col("at", Moment, personal="behaviour"),
    col("client_id", String(96), personal=None),
    UniqueConstraint("session_id", "client_id"),
    Index("ix_line_session_id_seq", "session_id", "seq"),
)

question = Table(
    "question",
    metadata,
    id_col(),
    ref("session_id", "broadcast", key="session_id"),
    col("seq", Integer, personal=None),
    ref("member_id", "member", personal="identifier", index=True),
    col("name", Text, personal="name"),
    col("text", Text, personal="content"),
    col("state", Word(QuestionState), personal=None),
    col("votes", Integer, personal=None),
    col("at", Moment, personal="behaviour"),
    col("answered_at", Moment, personal=None, null=True),
    col("answer_s", Float, personal=None, null=True),
    ref("case_id", "cases", null=True, gone="SET NULL", index=True),
    col("client_id", String(96), personal=None),
    UniqueConstraint("session_id", "client_id"),
    Index("ix_question_session_id_seq", "session_id", "seq"),
)

question_vote = Table(
    "question_vote",
    metadata,
    ref("question_id", "question", primary_key=True),
    ref("member_id", "member", personal="identifier", primary_key=True, index=True),
)

poll = Table(
    "poll",
    metadata,
    id_col(),
    ref("session_id", "broadcast", key="session_id"),
    col("seq", Integer, personal=None),
    col("text", Text, personal="content"),
    col("state", Word(PollState), personal=None),
    col("at", Moment, personal=None),
    col("closed_at", Moment, personal=None, null=True),
    col("client_id", String(96), personal=None),
    UniqueConstraint("session_id", "client_id"),
    Index("ix_poll_session_id_seq", "session_id", "seq"),
)

poll_choice = Table(
    "poll_choice",
    metadata,
    ref("poll_id", "poll", primary_key=True),
    col("position", Integer, personal=None, primary_key=True, autoincrement=False),
    col("text", Text, personal="content"),
    col("votes", Integer, personal=None),
)

poll_vote = Table(
    "poll_vote",
    metadata,
    ref("poll_id", "poll", primary_key=True),
    ref("member_id", "member", personal="identifier", primary_key=True, index=True),
    col("position", Integer, personal="behaviour"),
    ForeignKeyConstraint(
        ["poll_id", "position"],
        ["poll_choice.poll_id", "poll_choice.position"],
        name="fk_poll_vote_choice",
        ondelete="CASCADE",
    ),
)

hand = Table(
    "hand",
    metadata,
    ref("session_id", "broadcast", key="session_id", primary_key=True),
    ref("member_id", "member", personal="identifier", primary_key=True, index=True),
    col("raised_at", Moment, personal="behaviour"),
    col("called_at", Moment, personal="behaviour", null=True),
)

me_too = Table(
    "me_too",
    metadata,
    ref("topic_id", "topic", primary_key=True),
    col("visitor_id", String(64), personal="identifier", primary_key=True),
    ref("session_id", "session", null=True, gone="SET NULL"),
    ref("member_id", "member", null=True, personal="identifier", gone="SET NULL"),
    col("at", Moment, personal="behaviour"),
)
"""Who has a problem of this topic as well. The count stays when the visitor's cookie is over: no foreign key there."""

viewer_step = Table(
    "viewer_step",
    metadata,
    col("session_id", String(64), personal=None, primary_key=True),
    col("at", Moment, personal=None, primary_key=True),
    col("process", String(16), personal=None, primary_key=True),
    ref("channel_id", "channel"),
    col("counts", Boolean, personal=None),
    col("watch_s", Float, personal=None),
    col("air_s", Float, personal=None),
    col("peak", Integer, personal=None),
    Index("ix_viewer_step_channel_id_at", "channel_id", "at"),
)
"""How many watched in the five minutes from `at`, as each web process counted it. Kept when the session is not. `counts`: it was not private."""
