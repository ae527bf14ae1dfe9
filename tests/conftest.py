"""Fixtures that many tests share: real servers, and an empty database on each of both engines."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.databases import Copies, made_postgres, made_sqlite, new_postgres
from tests.loaded import loaded_servers
from tests.servers import Postgres, Redis, running_postgres, running_redis


@pytest.fixture(scope="session", autouse=True)
def forked_servers() -> Iterator[None]:
    """The servers that tests start are forked from one that has loaded everything."""
    with loaded_servers():
        yield


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis for the whole run; a test that stops it starts it again."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run."""
    with running_postgres() as server:
        yield server


@pytest.fixture
async def postgres_url(postgres_server: Postgres) -> AsyncIterator[str]:
    """An empty PostgreSQL database of this test's own."""
    async with new_postgres(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file of the newest schema, to be copied: migrating one for each test took a tenth of the run."""
    return made_sqlite(tmp_path_factory.mktemp("made") / "oase.sqlite")


@pytest.fixture(scope="session")
def postgres_with_tables(postgres_server: Postgres) -> Iterator[Copies]:
    """Copies of a PostgreSQL database of the newest schema."""
    with Copies(postgres_server, made_postgres(postgres_server)) as copies:
        yield copies


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'oase.sqlite'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database on each engine: the test runs twice."""
    return str(request.getfixturevalue(f"{request.param}_url"))
