"""The web process that these tests visit: on SQLite, without a media worker and without limits of frequency."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.site import Site, running_site, settings_for


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(settings_for(tmp_path)) as site:
        yield site
