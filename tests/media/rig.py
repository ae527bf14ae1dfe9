"""A real worker with its client, for tests: media on a free port of 127.0.0.1, control on a Unix socket."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from server.config import Settings
from server.media.client import MediaClient
from server.media.house import House
from server.media.native import build
from server.media.protocol import Event
from server.media.worker import Worker
from server.tasks import Tasks


class SharedHouse(House):
    """The test and its peers work in this process too: what they burn says nothing about the worker, unless the test wants to know."""

    counts_load = False

    @property
    def is_full(self) -> bool:
        return self.counts_load and super().is_full


class Rig:
    """One worker, one client, and everything that the worker announced."""

    def __init__(self, worker: Worker, house: SharedHouse, client: MediaClient) -> None:
        self.worker = worker
        self.house = house
        self.client = client
        self.events: list[Event] = []
        self._changed = asyncio.Condition()

    async def listen(self) -> None:
        async for event in self.client.events():
            self.events.append(event)
            async with self._changed:
                self._changed.notify_all()

    async def event(self, kind: str, limit_s: float = 10.0, **facts: Any) -> Event:
        """The first event of this kind with these facts, past or to come."""

        def found() -> Event | None:
            for event in self.events:
                if event.kind == kind and all(event.data.get(key) == value for key, value in facts.items()):
                    return event
            return None

        async with asyncio.timeout(limit_s), self._changed:
            await self._changed.wait_for(found)
        event = found()
        assert event is not None
        return event


async def until(condition: Callable[[], Any], limit_s: float = 10.0) -> Any:
    """Waits until `condition()` is true; its value."""
    end = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)
    return value


class Way(StrEnum):
    """How packets leave: by compiled code, by Python through `sendmmsg`, or by Python one by one."""

    COMPILED = "compiled"
    SENDMMSG = "sendmmsg"
    PLAIN = "plain"


both_ways = pytest.mark.parametrize("way", [Way.COMPILED, Way.SENDMMSG])


@asynccontextmanager
async def open_rig(
    folder: Path, clock: Callable[[], float] = time.monotonic, way: Way | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Rig]:
    """A running worker. Without `way` it takes the quickest that this machine has."""
    if way is Way.COMPILED and (why := build.ensure()):
        pytest.skip(f"no compiled code here: {why}")
    settings = Settings(
        data=folder,
        recordings=folder / "recordings",
        media_host=host,
        media_port=0,
        media_url=f"unix:{folder / 'control.sock'}",
        media_compiled=way in (None, Way.COMPILED),
    )
    house = SharedHouse(settings, clock, plain=way is Way.PLAIN)
    worker = Worker(settings, house)
    await worker.start()
    client = MediaClient(settings.media_control)
    rig = Rig(worker, house, client)
    tasks = Tasks("rig")
    tasks.start(rig.listen(), "events")
    await rig.event("hello")
    try:
        yield rig
    finally:
        await tasks.close()
        await client.close()
        await worker.close()
