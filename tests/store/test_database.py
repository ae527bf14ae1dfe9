"""The database: one writer, what a kill leaves, an outage, and what each column says of people."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from server.domain.words import Language
from server.errors import DatabaseAway, NoSpace
from server.store import broadcast_tables, tables
from server.store.database import Database
from server.store.migrate import migrate
from tests.desk import client_id, open_desk
from tests.servers import Postgres, running_postgres

ROOT = Path(__file__).parents[2]


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(5))
async def test_what_was_acknowledged_survives_a_kill(sqlite_url: str, tmp_path: Path, seed: int) -> None:
    command = [sys.executable, "-m", "tests.store.crashing", sqlite_url, str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(random.Random(seed).uniform(0.2, 1.2))
        child.send_signal(signal.SIGKILL)
        said = [line.strip() for line in child.stdout if line.endswith("\n")]
    finally:
        child.kill()
        child.wait()
    assert said
    database = Database(sqlite_url)
    async with database.read() as db:
        kept = set((await db.execute(select(tables.cases.c.id))).scalars())
        assert (await db.execute(text("PRAGMA integrity_check"))).scalar_one() == "ok"
        lone = select(tables.cases.c.id).where(tables.cases.c.id.not_in(select(tables.session_case.c.case_id)))
        assert (await db.execute(lone)).all() == []
    await database.close()
    assert set(said) <= kept


async def test_sqlite_is_set_up_for_the_job(sqlite_url: str) -> None:
    await migrate(sqlite_url)
    database = Database(sqlite_url)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 5000}
    for opened in (database.read, database.write):
        async with opened() as db:
            for name, value in wanted.items():
                assert (await db.execute(text(f"PRAGMA {name}"))).scalar_one() == value, name
    async with database.read() as db:
        with pytest.raises(DatabaseAway):
            async with database.read() as reader:
                await reader.execute(text("DELETE FROM topic"))
        assert (await db.execute(text("SELECT 1"))).scalar_one() == 1
    await database.close()


async def test_writers_wait_for_each_other_and_readers_do_not(sqlite_url: str) -> None:
    await migrate(sqlite_url)
    database = Database(sqlite_url)
    inside = asyncio.Event()
    go_on = asyncio.Event()

    async def slow() -> None:
        async with database.write() as db:
            await db.execute(insert(tables.topic).values(_topic("slow")))
            inside.set()
            await go_on.wait()

    async def quick() -> None:
        async with database.write() as db:
            await db.execute(insert(tables.topic).values(_topic("quick")))

    async with asyncio.TaskGroup() as group:
        group.create_task(slow())
        await inside.wait()
        waiting = group.create_task(quick())
        async with database.read() as db:
            assert (await db.execute(select(tables.topic))).all() == []
        assert not waiting.done()
        go_on.set()
    async with database.read() as db:
        slugs = (await db.execute(select(tables.topic.c.slug).order_by(tables.topic.c.slug))).scalars()
        assert list(slugs) == ["quick", "slow"]
    await database.close()


async def test_failed_transaction_leaves_nothing(database_url: str) -> None:
    await migrate(database_url)
    database = Database(database_url)

    async def fail_halfway() -> None:
        async with database.write() as db:
            await db.execute(insert(tables.topic).values(_topic("half")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_halfway()
    async with database.read() as db:
        assert (await db.execute(select(tables.topic))).all() == []
    await database.close()


def _topic(slug: str) -> dict[str, object]:
    names = {"name_de": slug, "name_en": slug, "words_de": "", "words_en": ""}
    return {"id": slug, "slug": slug, "position": 0, "is_open": True, **names}


@pytest.fixture
def own_postgres() -> object:
    with running_postgres() as server:
        yield server


async def test_postgres_outage_is_said_and_nothing_is_doubled(own_postgres: Postgres, tmp_path: Path) -> None:
    async with open_desk(own_postgres.url(), tmp_path) as desk:
        key = client_id()
        await desk.customer_opens_case(client_id=key)
        own_postgres.stop()
        started = time.monotonic()
        with pytest.raises(DatabaseAway):
            await desk.customer_opens_case(client_id=key)
        assert time.monotonic() - started < 6
        own_postgres.start()
        started = time.monotonic()
        again = await desk.customer_opens_case(client_id=key)
        assert time.monotonic() - started < 3
        async with desk.house.db.read() as db:
            assert list((await db.execute(select(tables.cases.c.id))).scalars()) == [again.case]


async def test_full_disk_is_said_and_passes(sqlite_url: str, tmp_path: Path) -> None:
    async with open_desk(sqlite_url, tmp_path) as desk:
        async with desk.house.db.write() as db:
            pages = (await db.execute(text("PRAGMA page_count"))).scalar_one()
            await db.execute(text(f"PRAGMA max_page_count={pages + 1}"))

        async def fill() -> None:
            for _ in range(200):
                await desk.customer_opens_case(summary="x" * 500, language=Language.EN)

        with pytest.raises(NoSpace):
            await fill()
        async with desk.house.db.write() as db:
            await db.execute(text("PRAGMA max_page_count=1000000"))
        await desk.customer_opens_case()
    assert sqlite3.connect(tmp_path / "oase.sqlite").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_every_column_says_what_of_a_person_it_holds() -> None:
    silent = [
        f"{table.name}.{column.name}"
        for table in broadcast_tables.metadata.tables.values()
        for column in table.columns
        if "personal" not in column.info
    ]
    assert silent == []
    assert tables.cases.c.email.info == {"personal": "contact"}
