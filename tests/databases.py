"""Databases for tests: empty ones, and copies of one that has all tables already."""

import asyncio
import queue
import secrets
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

import asyncpg

from server.store.migrate import migrate
from tests.servers import Postgres

MADE = "with_tables"
AHEAD = 2
MAKE = ""
MAKE_LIMIT_S = 30.0


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
async def new_postgres(server: Postgres) -> AsyncIterator[str]:
    """The address of an empty database, which is deleted at the end of the block."""
    name = f"test_{secrets.token_hex(6)}"
    await _run(server, f"CREATE DATABASE {name}")
    try:
        yield server.url(name)
    finally:
        await _run(server, f"DROP DATABASE {name} WITH (FORCE)")


class Copies:
    """Copies of a PostgreSQL database with all tables. They are made ahead, by a thread: while one test runs, the database of the next is copied."""

    def __init__(self, server: Postgres, template: str) -> None:
        self._server, self._template = server, template
        self._ready: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._wishes: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), name="copies")

    def __enter__(self) -> Self:
        self._thread.start()
        for _ in range(AHEAD):
            self._wishes.put(MAKE)
        return self

    def __exit__(self, *exc: object) -> None:
        self._wishes.put(None)
        self._thread.join()

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a copy of one's own, which is deleted after the block."""
        name = self._ready.get(timeout=MAKE_LIMIT_S)
        self._wishes.put(MAKE)
        try:
            yield self._server.url(name)
        finally:
            self._wishes.put(name)

    async def _work(self) -> None:
        connection = await asyncpg.connect(self._server.url().replace("+asyncpg", ""))
        try:
            while (wish := self._wishes.get()) is not None:  # A thread of its own, and nothing else in its loop.
                if wish == MAKE:
                    name = f"test_{secrets.token_hex(6)}"
                    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
                    self._ready.put(name)
                else:
                    await connection.execute(f"DROP DATABASE {wish} WITH (FORCE)")
        finally:
            await connection.close()


async def _run(server: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
