"""The supervisor with the real media worker: started, killed, hung, adopted, ended."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from server.config import ROOT, Settings
from server.errors import OaseError
from server.forks import Forks
from server.keeper import Worker, build_of
from server.media.client import MediaClient
from server.supervisor import Supervisor
from tests.servers import free_port
from tests.site import settings_for


def settings(folder: Path) -> Settings:
    return settings_for(folder, media_port=free_port(), media_host="127.0.0.1", supervise=True)


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The worker is another process: it reads its settings from the environment."""
    made = settings(tmp_path)
    monkeypatch.setenv("OASE_DATA", str(made.data))
    monkeypatch.setenv("OASE_RECORDINGS", str(made.recordings))
    monkeypatch.setenv("OASE_MEDIA_PORT", str(made.media_port))
    monkeypatch.setenv("OASE_MEDIA_HOST", made.media_host)
    return made


class Watched:
    """A supervisor and the client it asks."""

    def __init__(self, made: Settings) -> None:
        self.settings = made
        self.client = MediaClient(made.media_control)
        self.supervisor = Supervisor(made, self.is_ready)

    async def is_ready(self, number: int = 0) -> bool:
        return (await self.client.health()).ready

    async def until_ready(self, other_than: str = "", limit_s: float = 40.0) -> str:
        """The boot of a worker that answers and is another than that one."""
        async with asyncio.timeout(limit_s):
            while True:
                with contextlib.suppress(OaseError, TimeoutError):
                    async with asyncio.timeout(1.0):  # A hung worker accepts and does not answer.
                        health = await self.client.health()
                    if health.ready and health.boot != other_than:
                        return health.boot
                await asyncio.sleep(0.02)

    def worker(self) -> Worker:
        return Worker(**json.loads((self.settings.data / "worker.json").read_text()))


@pytest.fixture
async def watched(environment: Settings) -> AsyncIterator[Watched]:
    made = Watched(environment)
    made.supervisor.start()
    try:
        yield made
    finally:
        await made.supervisor.close()
        await made.client.close()


@pytest.mark.parametrize("kills", [1, 3])
async def test_killed_worker_is_back_at_once(watched: Watched, kills: int) -> None:
    """It takes a tenth of a second; each time, not only the first."""
    boot = await watched.until_ready()
    for _ in range(kills):
        watched.worker().signal(signal.SIGKILL)
        began = time.monotonic()
        boot = await watched.until_ready(other_than=boot)
        assert time.monotonic() - began < 2.0
    assert watched.supervisor.keepers[0].restarts == kills


async def test_hung_worker_is_replaced(watched: Watched) -> None:
    """Seven seconds to be sure that it hangs."""
    boot = await watched.until_ready()
    async with asyncio.timeout(15.0):
        while not watched.supervisor.keepers[0].is_up:
            await asyncio.sleep(0.02)
    hung = watched.worker()
    hung.signal(signal.SIGSTOP)
    began = time.monotonic()
    await watched.until_ready(other_than=boot)
    assert time.monotonic() - began < 10.0
    assert not hung.is_alive()


async def test_end_takes_the_worker_along(watched: Watched) -> None:
    await watched.until_ready()
    worker = watched.worker()
    await watched.supervisor.close()
    assert not worker.is_alive()
    assert not (watched.settings.data / "worker.json").exists()


class FullMachine(Forks):
    """The first process cannot be made."""

    asked = 0

    async def fork(self, number: int = 0) -> int:
        self.asked += 1
        if self.asked == 1:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return await super().fork(number)


async def test_worker_comes_where_no_process_can_be_made_and_no_note_be_written(environment: Settings) -> None:
    """The supervisor ended for good, and after the worker's next death nobody started another."""
    made = Watched(environment)
    made.supervisor = Supervisor(environment, made.is_ready, forks=FullMachine())
    (environment.data / "worker.new").mkdir(parents=True)  # Writing the note fails.
    made.supervisor.start()
    try:
        boot = await made.until_ready()
        assert made.supervisor.keepers[0].restarts == 1
        assert not (environment.data / "worker.json").exists()
        worker = made.supervisor.keepers[0].worker
        assert worker is not None
        worker.signal(signal.SIGKILL)
        await made.until_ready(other_than=boot)
    finally:
        await made.supervisor.close()
        await made.client.close()


PARENT = """
import asyncio, sys
from server.config import settings
from server.media.client import MediaClient
from server.supervisor import Supervisor
async def main():
    client = MediaClient(settings().media_control)
    async def ready(number): return (await client.health()).ready
    Supervisor(settings(), ready).start()
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_worker_outlives_a_killed_web_process_and_is_adopted(environment: Settings) -> None:
    first = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, cwd=ROOT)
    second = Watched(environment)
    try:
        boot = await second.until_ready()
        first.kill()
        await first.wait()
        worker = second.worker()
        assert worker.is_alive()
        second.supervisor.start()
        await asyncio.sleep(1.2)
        assert await second.until_ready() == boot
        assert second.worker() == worker
    finally:
        await second.supervisor.close()
        await second.client.close()
    assert not worker.is_alive()


async def test_worker_of_another_build_is_replaced(environment: Settings) -> None:
    first = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, cwd=ROOT)
    second = Watched(environment)
    try:
        boot = await second.until_ready()
        first.kill()
        await first.wait()
        note = second.worker()
        stale = Worker(note.pid, note.began, "another build")
        (environment.data / "worker.json").write_text(
            json.dumps({"pid": stale.pid, "began": stale.began, "build": stale.build})
        )
        second.supervisor.start()
        await second.until_ready(other_than=boot)
        assert not stale.is_alive()
        assert second.worker().build == build_of(environment)
    finally:
        await second.supervisor.close()
        await second.client.close()


async def test_worker_that_eats_the_memory_is_replaced(environment: Settings) -> None:
    made = Watched(environment.model_copy(update={"media_memory_bytes": 1}))
    with capture_logs() as logs:
        made.supervisor.start()
        try:
            async with asyncio.timeout(20.0):
                while made.supervisor.keepers[0].restarts < 2:
                    await asyncio.sleep(0.02)
        finally:
            await made.supervisor.close()
            await made.client.close()
    assert [line["reason"] for line in logs if line["event"] == "media_worker_ended"][:2] == ["memory", "memory"]
    pids = [line["pid"] for line in logs if line["event"] == "media_worker_started"]
    assert len(set(pids)) == len(pids) >= 2


async def test_worker_that_is_one_too_many_is_ended(environment: Settings) -> None:
    """Fewer are wanted than were, and a killed web process left them all."""
    first = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT), cwd=ROOT, env={**os.environ, "OASE_MEDIA_WORKERS": "2"}
    )
    one = Watched(environment)
    try:
        boot = await one.until_ready()
        note = environment.data / "worker-1.json"
        async with asyncio.timeout(20.0):
            while not note.exists():
                await asyncio.sleep(0.02)
        first.kill()
        await first.wait()
        extra = Worker(**json.loads(note.read_text()))
        one.supervisor.start()
        await extra.until_end(15.0)
        assert not extra.is_alive()
        assert await one.until_ready() == boot
        async with asyncio.timeout(5.0):
            while note.exists():
                await asyncio.sleep(0.02)
    finally:
        await one.supervisor.close()
        await one.client.close()


def test_pid_of_somebody_else_is_not_signalled() -> None:
    stranger = Worker(os.getpid(), 1, "x")
    assert not stranger.is_alive()
    stranger.signal(signal.SIGKILL)  # We would not get here.
