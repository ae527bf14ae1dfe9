"""What was seen of people's lines, until a session ends."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "line_look",
        sa.Column("participant_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("observer", sa.String(length=8), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("look", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_line_look_participant_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_line_look_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("participant_id", "at", "observer", name=op.f("pk_line_look")),
    )
    op.create_index(op.f("ix_line_look_session_id"), "line_look", ["session_id"])
