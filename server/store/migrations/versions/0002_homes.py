"""Sessions have a home: the number of the media worker they live on."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the column; nobody lives anywhere yet."""
    op.add_column("session", sa.Column("home", sa.Integer(), nullable=True))
