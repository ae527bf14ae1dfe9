"""Migrations: the schema they make is the one in the code, and an interrupted one leaves the old or the new."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from server.store import broadcast_tables
from server.store.database import Database
from server.store.migrate import SCRIPTS, migrate, newest

ROOT = Path(__file__).parents[2]


async def test_migrated_schema_is_the_one_in_the_code(database_url: str) -> None:
    await migrate(database_url)
    await migrate(database_url)
    database = Database(database_url)

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), broadcast_tables.metadata))

    async with database.read() as db:
        assert await db.run_sync(differences) == []
    await database.close()


async def test_two_processes_may_migrate_at_once(database_url: str) -> None:
    command = [
        sys.executable,
        "-c",
        f"import asyncio, server.store.migrate as m; asyncio.run(m.migrate({database_url!r}))",
    ]
    children = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [await asyncio.to_thread(child.wait, 60) for child in children] == [0, 0, 0]


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(4))
async def test_killed_migration_leaves_old_or_new(database_url: str, seed: int) -> None:
    slow = (
        "import asyncio, time, sqlalchemy.event as e, sqlalchemy.engine as g, server.store.migrate as m\n"
        "e.listen(g.Engine, 'before_cursor_execute', lambda *a: (print('step', flush=True), time.sleep(0.01)))\n"
        f"asyncio.run(m.migrate({database_url!r}))"
    )
    child = subprocess.Popen([sys.executable, "-c", slow], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        for _ in range(random.Random(seed).randint(1, 40)):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    known = await _tables(database_url)
    assert known in (set(), {"alembic_version"}, {*broadcast_tables.metadata.tables, "alembic_version"})
    started = time.monotonic()
    await migrate(database_url)
    assert time.monotonic() - started < 10
    assert await _tables(database_url) == {*broadcast_tables.metadata.tables, "alembic_version"}


async def _tables(url: str) -> set[str]:
    database = Database(url)
    try:
        async with database.read() as db:
            return await db.run_sync(lambda connection: set(inspect(connection).get_table_names()))
    finally:
        await database.close()


def test_newest_revision_is_the_one_that_alembic_finds() -> None:
    found = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert newest() == found


def test_start_loads_neither_alembic_nor_a_redis_client(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'oase.db'}"
    code = (
        "import asyncio, sys, server.serving\n"
        "from server.store.migrate import migrate\n"
        f"asyncio.run(migrate({url!r}))\n"
        "print(*sorted({'alembic', 'redis'} & sys.modules.keys()))"
    )
    loaded = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()]
    loaded += [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()]
    assert loaded == ["alembic", ""]
