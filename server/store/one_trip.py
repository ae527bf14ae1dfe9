"""SQLite's connections with one trip to their thread for a statement. The one file that knows aiosqlite's private names.

aiosqlite goes there for the cursor, the statement, the rows and the end of the cursor, and the loop wakes up after each: that was a third of what
a statement costs. Here the rows come back with it, and BEGIN goes along with the first statement. A test in `tests/store` fails when the names move.
"""

import functools
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite
from sqlalchemy.engine import make_url

CHUNK_ROWS = 64  # aiosqlite wants to know; nothing is read in parts here.


class OneTrip(aiosqlite.Connection):
    """A connection whose cursors bring all rows at once. It is closed with its loop, or with the process."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, CHUNK_ROWS)
        self._thread.daemon = True
        self._first: str | None = None

    def cursor(self) -> "Fetched":  # type: ignore[override]  # SQLAlchemy enters it, as it does with aiosqlite's own.
        return Fetched(self)

    def begin_with(self, statement: str) -> None:
        """The transaction begins with `statement`, when there is something to do in it."""
        self._first = statement

    async def commit(self) -> None:
        if self._take_first() is None:
            await super().commit()

    async def rollback(self) -> None:
        if self._take_first() is None:
            await super().rollback()

    async def run(self, work: Callable[[sqlite3.Cursor], Any]) -> "_Brought":
        """What `work` made a cursor hold. Raises what sqlite3 raises."""
        brought: _Brought = await self._execute(_bring, self._conn, self._take_first(), work)  # type: ignore[no-untyped-call]
        return brought

    def _take_first(self) -> str | None:
        first, self._first = self._first, None
        return first


class Fetched:
    """A cursor as SQLAlchemy wants it: `execute`, then the rows that came with it."""

    def __init__(self, connection: OneTrip) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount, self.lastrowid, self.arraysize = -1, None, 1

    async def __aenter__(self) -> "Fetched":
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Fetched":
        return self._hold(await self._connection.run(lambda cursor: cursor.execute(sql, parameters)))

    async def executemany(self, sql: str, parameters: Sequence[Any]) -> "Fetched":
        return self._hold(await self._connection.run(lambda cursor: cursor.executemany(sql, parameters)))

    def _hold(self, brought: "_Brought") -> "Fetched":
        self._rows, self.description, self.rowcount, self.lastrowid = brought
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open."""


_Brought = tuple[list[Any], Any, int, Any]


def _bring(connection: sqlite3.Connection, first: str | None, work: Callable[[sqlite3.Cursor], Any]) -> _Brought:
    """In the connection's thread."""
    if first is not None:
        connection.execute(first)
    cursor = connection.cursor()
    try:
        work(cursor)
        rows = cursor.fetchall() if cursor.description else []
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()


async def connect(url: str) -> OneTrip:
    """An open connection to the file of a `sqlite+aiosqlite` address."""
    address = make_url(url)
    arguments, options = address.get_dialect()().create_connect_args(address)
    connection = OneTrip(functools.partial(sqlite3.connect, *arguments, **options))
    await connection
    return connection
