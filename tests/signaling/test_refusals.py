"""What fails once is made up for: a reading that did not work, and a message that Redis does not take."""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import Any

import pytest
import redis.asyncio
import structlog.testing

from server.domain.principal import Anonymous
from server.errors import NotFound
from server.service import timeline
from server.service.views import Entry
from server.signaling.feed import Watcher
from server.signaling.stream import LIMIT_BYTES, StreamBus
from tests.desk import Desk, client_id, open_desk
from tests.servers import Redis
from tests.worker_double import until


@pytest.fixture
async def desk(sqlite_url: str, tmp_path: Any) -> AsyncIterator[Desk]:
    async with open_desk(sqlite_url, tmp_path) as opened:
        yield opened


async def test_watcher_whose_reading_fails_once_sends_all_of_it_later(desk: Desk) -> None:
    """The reader may not read at that moment; afterwards nothing is missing, and nothing comes twice."""
    customer = await desk.customer_opens_case()
    told: list[int] = []

    async def tell(entry: Entry) -> None:
        told.append(entry.seq)

    async def says(text: str) -> Entry:
        said = await timeline.say_chat(desk.house, customer.principal, customer.case, text, client_id())
        return said.entry

    watcher = Watcher(customer.case, customer.principal, 0, tell)
    await watcher.catch_up(desk.house)
    await says("not announced")
    announced = await says("announced")
    watcher.principal = Anonymous()
    with pytest.raises(NotFound):
        await watcher.hear(desk.house, announced)
    assert (told, watcher.is_behind) == ([1], True)
    watcher.principal = customer.principal
    await watcher.hear(desk.house, await says("the next"))
    assert (told, watcher.is_behind) == ([1, 2, 3, 4], False)


class Listening:
    """A bus with what came of it."""

    def __init__(self, url: str) -> None:
        self.bus = StreamBus(url, key=f"test:{client_id()}")
        self.heard: list[Any] = []
        self.gaps = 0

    async def hear(self, message: dict[str, Any]) -> None:
        self.heard.append(message["text"])

    async def look(self) -> None:
        self.gaps += 1


@pytest.fixture
async def listening(redis_url: str) -> AsyncIterator[Listening]:
    made = Listening(redis_url)
    await made.bus.start(made.hear, made.look)
    async with asyncio.timeout(5):
        while not await made.bus.is_ready():
            await asyncio.sleep(0.01)
    yield made
    await made.bus.close()


def is_dropped(logs: list[MutableMapping[str, Any]]) -> Callable[[], bool]:
    return lambda: any(one["event"] == "bus_message_dropped" for one in logs)


async def test_message_for_which_redis_has_no_memory_is_dropped_and_others_go_on(
    listening: Listening, redis_server: Redis
) -> None:
    admin = redis.asyncio.from_url(redis_server.url)
    with structlog.testing.capture_logs() as logs:
        await admin.config_set("maxmemory", "1")
        try:
            listening.bus.say({"kind": "x", "text": "refused"})
            await until(is_dropped(logs))
        finally:
            await admin.config_set("maxmemory", "0")
            await admin.aclose()
    listening.bus.say({"kind": "x", "text": "later"})
    await until(lambda: listening.gaps == 2)  # The first was at the beginning.
    assert listening.heard == ["later"]


async def test_message_that_is_too_long_is_dropped_and_others_go_on(listening: Listening) -> None:
    with structlog.testing.capture_logs() as logs:
        listening.bus.say({"kind": "x", "text": "x" * LIMIT_BYTES})
        listening.bus.say({"kind": "x", "text": "later"})
        await until(lambda: listening.gaps == 2 and listening.heard)
    assert is_dropped(logs)()
    assert listening.heard == ["later"]
