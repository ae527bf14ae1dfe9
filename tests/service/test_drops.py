"""A page is gone for good while the database is away: nobody is forgotten in the call."""

import asyncio
from pathlib import Path

import asyncpg
import structlog
from sqlalchemy.engine import make_url

from server.domain.words import ConnectionId, EntryKind
from server.service.media_events import sweep_once
from server.service.sessions import drop_connection
from server.signaling.holds import Holds
from server.store import sessions as store
from tests.desk import Desk, open_desk
from tests.media.rig import until
from tests.servers import Postgres


async def let_in(server: Postgres, url: str, allowed: bool) -> None:
    """Whether the database takes connections; those that are open end."""
    name = make_url(url).database
    connection = await asyncpg.connect(server.url().replace("+asyncpg", ""))
    try:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    finally:
        await connection.close()


async def present(desk: Desk) -> set[str]:
    async with desk.house.db.read() as db:
        return {str(row.connection) for row in await store.list_connected(db)}


async def remembers(desk: Desk, connection: ConnectionId) -> bool:
    async with desk.house.db.read() as db:
        return await store.find_connection(db, connection) is not None


async def test_page_that_goes_while_the_database_is_away_is_dropped_when_it_is_back(
    postgres_server: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    async with open_desk(postgres_url, tmp_path) as desk:
        customer = await desk.call()
        async with asyncio.timeout(5.0):
            while (await desk.kinds(customer.case)).count(EntryKind.JOINED) < 2:
                await asyncio.sleep(0.01)
        mine = ConnectionId(min(await present(desk)))
        holds = Holds(lambda connection: drop_connection(desk.house, connection), 0.0)
        holds.take(mine, "sid")
        with structlog.testing.capture_logs() as logs:
            await let_in(postgres_server, postgres_url, False)
            holds.let_go("sid", {mine})
            # The worker says, too, that the connection is gone; pages hear it at once.
            await until(lambda: mine in desk.house.untold and any(told[0] == mine for told in desk.heard.of("gone")))
            await holds.close()
            await let_in(postgres_server, postgres_url, True)
            assert await remembers(desk, mine)
            await sweep_once(desk.house)
        assert not await remembers(desk, mine)
        assert str(mine) not in await present(desk)
        assert desk.house.untold == {}
        events = [one["event"] for one in logs]
        assert events.count("lost_person_waits") == 1
        assert set(events) <= {"lost_person_waits", "media_event_failed"}  # The worker goes on telling us things.
        assert {one["code"] for one in logs} == {"database_away"}
