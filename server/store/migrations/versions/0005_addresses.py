"""Salted hashes of the addresses that an audience takes part from, while a broadcast lasts: so that who was banned does not come back at once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("broadcast", sa.Column("salt", sa.String(64), nullable=True))
    op.add_column("member", sa.Column("address_hash", sa.String(64), nullable=True))
