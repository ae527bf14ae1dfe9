"""Statements that both databases understand, beyond plain SQLAlchemy."""

import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, insert, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Update

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

_START_LOCK = 0x0A5F
"""Any number of our own, beside the one of `migrate.py`."""


async def lock_start(connection: AsyncConnection) -> None:
    """Until this transaction ends no other process makes what an empty database gets at the first start. On SQLite every write has that."""
    if connection.dialect.name != "sqlite":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _START_LOCK})


async def add_row(connection: AsyncConnection, table: Table, row: Any) -> None:
    """Inserts a row class."""
    await connection.execute(insert(table).values(**dataclasses.asdict(row)))


async def add_once(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
    """Inserts a row; False when one with the same unique value is there already, which then stays as it is."""
    done = await connection.execute(insert_or(connection, table).values(**values).on_conflict_do_nothing())
    return done.rowcount == 1


def insert_or(connection: AsyncConnection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT of this database's own, which knows ON CONFLICT."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # Where there is only SQLite, the start does not wait for it.

    return postgresql.insert(table)


async def changed(connection: AsyncConnection, statement: Update) -> bool:
    """Runs an UPDATE; whether it met a row. Of two at the same time on one condition, one is True."""
    return (await connection.execute(statement)).rowcount > 0
