"""Databases for tests: empty ones, and copies of one that has all tables already."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from server.store.migrate import migrate
from tests.servers import Postgres

MADE = "with_tables"


def made_sqlite(file: Path) -> Path:
    """`file` with all tables and nothing in them."""
    _finish(migrate(f"sqlite+aiosqlite:///{file}"))
    return file


def made_postgres(server: Postgres) -> str:
    """The name of a new database with all tables and nothing in them."""
    _finish(_run(server, f"CREATE DATABASE {MADE}"))
    _finish(migrate(server.url(MADE)))
    return MADE


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """In a loop of its own: the one of the test that asked first is not running yet, and is not to be disturbed."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@asynccontextmanager
async def new_postgres(server: Postgres, template: str = "template1") -> AsyncIterator[str]:
    """The address of a copy of `template`, which is deleted at the end of the block."""
    name = f"test_{secrets.token_hex(6)}"
    await _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.url(name)
    finally:
        await _run(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _run(server: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
