"""What Alembic runs: the connection and its transaction are given by `server/store/migrate.py`."""

from alembic import context

import server.store.broadcast_tables  # noqa: F401  All tables are to be known.
from server.store.columns import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
