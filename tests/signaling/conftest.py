"""The web process that these tests visit: on SQLite, without a media worker and without limits of frequency."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.site import Site, running_site, settings_for


@pytest.fixture
async def site(tmp_path: Path, sqlite_with_tables: Path) -> AsyncIterator[Site]:
    shutil.copyfile(sqlite_with_tables, tmp_path / "oase.sqlite")
    async with running_site(settings_for(tmp_path)) as site:
        yield site
