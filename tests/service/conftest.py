"""A desk on each of both databases. These start with all tables: that empty ones get them is proved in `tests/store`."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.databases import Copies
from tests.desk import Desk, open_desk


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_with_tables: Path) -> str:
    """A SQLite file of this test's own, with all tables."""
    file = shutil.copyfile(sqlite_with_tables, tmp_path / "oase.sqlite")
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
def postgres_url(postgres_with_tables: Copies) -> Iterator[str]:
    """A PostgreSQL database of this test's own, with all tables."""
    with postgres_with_tables.one() as url:
        yield url


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def small_desk(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """On SQLite only, for rules that the database has no part in."""
    async with open_desk(sqlite_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What the databases of this process are asked from now on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)
