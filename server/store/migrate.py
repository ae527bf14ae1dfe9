"""Brings a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from server.store.database import postgres_engine, sqlite_engine

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 0x0A5E  # Any number of our own: two processes that start at once migrate one after the other.


def configured(connection: Connection) -> Config:
    """Alembic's settings for a connection whose transaction is already open."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config


async def migrate(url: str) -> None:
    """Applies what is missing, all in one transaction: interrupted, it leaves the schema as it was."""
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = sqlite_engine(url, writes=True) if is_sqlite else postgres_engine(url)
    try:
        async with engine.begin() as connection:
            if not is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(lambda sync: command.upgrade(configured(sync), "head"))
    finally:
        await engine.dispose()
