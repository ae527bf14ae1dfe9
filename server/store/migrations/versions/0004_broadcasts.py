"""Broadcasts: channels, a broadcast's life, and what the audience does."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the tables."""
    _channel()
    _viewer_step()
    _broadcast()
    _broadcast_indexes()
    _broadcast_case()
    _member()
    _poll()
    _hand()
    _line()
    _me_too()
    _poll_choice()
    _question()
    _poll_vote()
    _question_vote()


def _channel() -> None:
    op.create_table(
        "channel",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("responsible_name", sa.Text(), nullable=True),
        sa.Column("responsible_address", sa.Text(), nullable=True),
        sa.Column("imprint_url", sa.Text(), nullable=True),
        sa.Column("warn_share", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("slug", name=op.f("uq_channel_slug")),
    )


def _viewer_step() -> None:
    op.create_table(
        "viewer_step",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("process", sa.String(length=16), nullable=False),
        sa.Column("channel_id", sa.String(length=64), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("watch_s", sa.Float(), nullable=False),
        sa.Column("air_s", sa.Float(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_viewer_step_channel_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "at", "process", name=op.f("pk_viewer_step")),
    )
    op.create_index("ix_viewer_step_channel_id_at", "viewer_step", ["channel_id", "at"])


def _broadcast() -> None:
    op.create_table(
        "broadcast",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.String(length=64), nullable=False),
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=32), nullable=False),
        sa.Column("visibility", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scene", sa.JSON(), nullable=False),
        sa.Column("poster", sa.String(length=128), nullable=True),
        sa.Column("directory", sa.String(length=128), nullable=False),
        sa.Column("recording_id", sa.String(length=64), nullable=True),
        sa.Column("own_case_id", sa.String(length=64), nullable=True),
        *_broadcast_settings(),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_broadcast_channel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["own_case_id"], ["cases.id"], name=op.f("fk_broadcast_own_case_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name=op.f("fk_broadcast_recording_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_broadcast_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_broadcast_topic_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_broadcast")),
    )


def _broadcast_settings() -> list[sa.Column[Any]]:
    return [
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("slow_mode_s", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("opened_by", sa.String(length=64), nullable=False),
        sa.Column("composer_by", sa.String(length=64), nullable=True),
        sa.Column("composer_until", sa.DateTime(timezone=True), nullable=True),
    ]


def _broadcast_case() -> None:
    op.create_table(
        "broadcast_case",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at_s", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_broadcast_case_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["broadcast.session_id"],
            name=op.f("fk_broadcast_case_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "case_id", name=op.f("pk_broadcast_case")),
    )
    op.create_index(op.f("ix_broadcast_case_case_id"), "broadcast_case", ["case_id"])


def _broadcast_indexes() -> None:
    op.create_index(op.f("ix_broadcast_channel_id"), "broadcast", ["channel_id"])
    op.create_index(op.f("ix_broadcast_ended_at"), "broadcast", ["ended_at"])
    op.create_index(op.f("ix_broadcast_state"), "broadcast", ["state"])
    op.create_index(op.f("ix_broadcast_topic_id"), "broadcast", ["topic_id"])


def _member() -> None:
    op.create_table(
        "member",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("visitor_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_line_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("banned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["broadcast.session_id"], name=op.f("fk_member_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["visitor_id"], ["visitor.id"], name=op.f("fk_member_visitor_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("session_id", "visitor_id", name=op.f("uq_member_session_id_visitor_id")),
    )
    op.create_index(op.f("ix_member_visitor_id"), "member", ["visitor_id"])


def _poll() -> None:
    op.create_table(
        "poll",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_id", sa.String(length=96), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["broadcast.session_id"], name=op.f("fk_poll_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poll")),
        sa.UniqueConstraint("session_id", "client_id", name=op.f("uq_poll_session_id_client_id")),
    )
    op.create_index("ix_poll_session_id_seq", "poll", ["session_id", "seq"])


def _hand() -> None:
    op.create_table(
        "hand",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_hand_member_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["broadcast.session_id"], name=op.f("fk_hand_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "member_id", name=op.f("pk_hand")),
    )
    op.create_index(op.f("ix_hand_member_id"), "hand", ["member_id"])


def _line() -> None:
    op.create_table(
        "line",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=True),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.String(length=96), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_line_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_line_member_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["broadcast.session_id"], name=op.f("fk_line_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line")),
        sa.UniqueConstraint("session_id", "client_id", name=op.f("uq_line_session_id_client_id")),
    )
    op.create_index(op.f("ix_line_member_id"), "line", ["member_id"])
    op.create_index("ix_line_session_id_seq", "line", ["session_id", "seq"])


def _me_too() -> None:
    op.create_table(
        "me_too",
        sa.Column("topic_id", sa.String(length=64), nullable=False),
        sa.Column("visitor_id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=True),
        sa.Column("member_id", sa.String(length=64), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_me_too_member_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_me_too_session_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_me_too_topic_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("topic_id", "visitor_id", name=op.f("pk_me_too")),
    )


def _poll_choice() -> None:
    op.create_table(
        "poll_choice",
        sa.Column("poll_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_poll_choice_poll_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "position", name=op.f("pk_poll_choice")),
    )


def _question() -> None:
    op.create_table(
        "question",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_s", sa.Float(), nullable=True),
        sa.Column("case_id", sa.String(length=64), nullable=True),
        sa.Column("client_id", sa.String(length=96), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_question_case_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_question_member_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["broadcast.session_id"], name=op.f("fk_question_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("session_id", "client_id", name=op.f("uq_question_session_id_client_id")),
    )
    op.create_index(op.f("ix_question_case_id"), "question", ["case_id"])
    op.create_index(op.f("ix_question_member_id"), "question", ["member_id"])
    op.create_index("ix_question_session_id_seq", "question", ["session_id", "seq"])


def _poll_vote() -> None:
    op.create_table(
        "poll_vote",
        sa.Column("poll_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_poll_vote_member_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["poll_id", "position"],
            ["poll_choice.poll_id", "poll_choice.position"],
            name="fk_poll_vote_choice",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["poll_id"], ["poll.id"], name=op.f("fk_poll_vote_poll_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "member_id", name=op.f("pk_poll_vote")),
    )
    op.create_index(op.f("ix_poll_vote_member_id"), "poll_vote", ["member_id"])


def _question_vote() -> None:
    op.create_table(
        "question_vote",
        sa.Column("question_id", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_question_vote_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_question_vote_question_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("question_id", "member_id", name=op.f("pk_question_vote")),
    )
    op.create_index(op.f("ix_question_vote_member_id"), "question_vote", ["member_id"])
