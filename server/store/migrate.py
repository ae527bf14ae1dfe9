"""Brings a database to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

from server.store.database import postgres_engine, sqlite_engine

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 0x0A5E  # Any number of our own: two processes that start at once migrate one after the other.


def configured(connection: Connection) -> Config:
    """Alembic's settings for a connection whose transaction is already open."""
    from alembic.config import Config

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
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    """Nearly every start finds nothing to do, and then Alembic is not even loaded: that takes a tenth of a start."""
    if revision(connection) != newest():
        from alembic import command

        command.upgrade(configured(connection), "head")


def revision(connection: Connection) -> str | None:
    """The revision of the database's schema; None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def newest() -> str:
    """The newest revision that this code has: the number at the beginning of a file's name."""
    return max(file.name.partition("_")[0] for file in (SCRIPTS / "versions").glob("[0-9]*.py"))
