"""The database: SQLite in one file, or PostgreSQL, with the same code."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from server.errors import DatabaseAway, NoSpace
from server.store import one_trip

WAIT_LIMIT_S = 5.0  # For a free connection, for SQLite's one writer, and for a connection to PostgreSQL.
STATEMENT_LIMIT_S = 10.0
SQLITE_READERS = 4
CACHE_KB = 512  # Of each connection, instead of 2 MB: the system keeps the file's pages once for all.
PRAGMAS = (
    "foreign_keys=ON",
    "busy_timeout=5000",
    "synchronous=FULL",
    "secure_delete=ON",
    "journal_mode=WAL",
    f"cache_size=-{CACHE_KB}",
)


class Database:
    """One database. `read()` and `write()` give connections; a write is one transaction, committed when its block ends.

    SQLite has one writer at a time: writes wait for their turn in this process (`WAIT_LIMIT_S`), then `BEGIN IMMEDIATE`.
    Both raise DatabaseAway when the database does not answer, NoSpace when its disk is full.
    """

    def __init__(self, url: str) -> None:
        """`url` as in `settings().database`: sqlite+aiosqlite:///file or postgresql+asyncpg://…"""
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._turn = asyncio.Lock()
        self._away = () if self.is_sqlite else _postgres_failures()
        if self.is_sqlite:
            self._writer = sqlite_engine(url, writes=True)
            self._reader = sqlite_engine(url, writes=False)
        else:
            self._writer = self._reader = postgres_engine(url)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose statements all see the same moment (SQLite), or each its own (PostgreSQL)."""
        with _named_failures(self._away):
            async with self._reader.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back when it raises."""
        with _named_failures(self._away):
            async with self._my_turn(), self._writer.begin() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            yield
            return
        async with asyncio.timeout(WAIT_LIMIT_S):
            await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    async def close(self) -> None:
        """Ends all connections."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def sqlite_engine(url: str, *, writes: bool) -> AsyncEngine:
    """An engine for one SQLite file, made with its folder if missing; a writer has one connection, readers cannot write."""
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    size = 1 if writes else SQLITE_READERS
    pool = {"pool_size": size, "max_overflow": 0, "pool_timeout": WAIT_LIMIT_S}
    engine = create_async_engine(url, async_creator=lambda: one_trip.connect(url), hide_parameters=True, **pool)
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # We say BEGIN; the driver would begin only before the first write.
        cursor = connection.cursor()
        for pragma in (*PRAGMAS, *(() if writes else ("query_only=ON",))):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def on_begin(connection: Any) -> None:
        connection.connection.driver_connection.begin_with(begin)

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    return engine


def postgres_engine(url: str) -> AsyncEngine:
    """An engine for PostgreSQL that finds out about lost connections before it uses them."""
    return create_async_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_timeout=WAIT_LIMIT_S,
        pool_pre_ping=True,
        hide_parameters=True,  # A traceback in the log names no person and quotes no chat.
        connect_args={"timeout": WAIT_LIMIT_S, "command_timeout": STATEMENT_LIMIT_S},
    )


@contextlib.contextmanager
def _named_failures(away: tuple[type[Exception], ...]) -> Iterator[None]:
    """The driver's failures as ours; `away` are those that SQLAlchemy lets pass as they are.

    Broken rules of the schema (IntegrityError) and bugs in statements pass.
    """
    away = (exc.TimeoutError, TimeoutError, OSError, *away)
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError) as failure:
        raise _named(failure) from failure
    except exc.DBAPIError as failure:
        if isinstance(failure, exc.IntegrityError | exc.ProgrammingError | exc.DataError):
            raise
        raise _named(failure) from failure
    except away as failure:
        raise DatabaseAway(reason=type(failure).__name__) from failure


def _postgres_failures() -> tuple[type[Exception], ...]:
    """What the driver raises before there is a connection."""
    import asyncpg  # type: ignore[import-untyped]  # Where there is only SQLite, the start does not wait for it.

    return asyncpg.PostgresError, asyncpg.InterfaceError


def _named(failure: exc.DBAPIError) -> DatabaseAway | NoSpace:
    said = str(failure.orig).lower()
    if "disk is full" in said or "no space left" in said or "disk full" in said:
        return NoSpace()
    return DatabaseAway(reason=type(failure.orig).__name__)
