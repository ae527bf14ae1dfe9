"""SQLite's connections: one trip to their thread for a statement, and everything as with aiosqlite's own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import delete, insert, literal, select, text
from sqlalchemy.exc import IntegrityError

from server.errors import DatabaseAway
from server.store import tables
from server.store.database import Database
from server.store.migrate import migrate


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    await migrate(sqlite_url)
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


def _topic(slug: str) -> dict[str, Any]:
    names = {"name_de": slug, "name_en": slug, "words_de": "", "words_en": ""}
    return {"id": slug, "slug": slug, "position": 0, "is_open": True, **names}


async def test_statement_is_one_trip(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async with database.read() as db:
        await db.execute(select(tables.topic))
    with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
        async with database.read() as db:
            assert (await db.execute(select(literal(1)))).scalar_one() == 1
            assert (await db.execute(select(literal(2)))).all() == [(2,)]
    trips = [one for one in caplog.messages if one.startswith("executing")]
    assert len(trips) == 3, trips  # Two statements, the first with BEGIN, and the end.


async def test_rows_and_counts_come_along(database: Database) -> None:
    slug = tables.topic.c.slug
    async with database.write() as db:
        many = await db.execute(insert(tables.topic), [_topic(name) for name in ("a", "b", "c")])
        assert many.rowcount == 3
        one = await db.execute(insert(tables.topic).values(_topic("d")).returning(slug))
        assert one.all() == [("d",)]
        gone = await db.execute(delete(tables.topic).where(slug.in_(["a", "b"])))
        assert gone.rowcount == 2
        assert list((await db.execute(select(slug).order_by(slug))).scalars()) == ["c", "d"]


async def test_transaction_begins_with_its_first_statement(database: Database, sqlite_url: str) -> None:
    """So one in which nothing is done holds nobody up, and one that failed leaves nothing open."""
    other = Database(sqlite_url)
    async with database.write(), other.write() as db:
        await db.execute(text("PRAGMA busy_timeout=0"))
        await db.execute(insert(tables.topic).values(_topic("a")))
    async with database.write() as db:
        await db.execute(select(tables.topic))
        with pytest.raises(DatabaseAway):
            async with other.write() as late:
                await late.execute(select(tables.topic))
    with pytest.raises(IntegrityError):
        async with database.write() as db:
            await db.execute(insert(tables.topic).values(_topic("a")))
    async with other.write() as db:
        await db.execute(insert(tables.topic).values(_topic("b")))
    await other.close()


@pytest.mark.parametrize("turns", range(8))
async def test_who_gives_up_meanwhile_leaves_nothing(database: Database, turns: int) -> None:
    async def add_and_wait() -> None:
        async with database.write() as db:
            await db.execute(insert(tables.topic).values(_topic("a")))
            await asyncio.Event().wait()

    adding = asyncio.get_running_loop().create_task(add_and_wait())
    for _ in range(turns):  # Before the connection, at the statement, after it.
        await asyncio.sleep(0)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    async with asyncio.timeout(5):
        async with database.write() as db:
            assert (await db.execute(select(tables.topic))).all() == []
            await db.execute(insert(tables.topic).values(_topic("a")))
