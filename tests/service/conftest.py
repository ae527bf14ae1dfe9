"""A desk on each of both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.desk import Desk, open_desk


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def small_desk(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """On SQLite only, for rules that the database has no part in."""
    async with open_desk(sqlite_url, tmp_path) as opened:
        yield opened
