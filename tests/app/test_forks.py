"""The process that media workers are forked from: quick, with nothing open, gone with whoever started it."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from server.config import ROOT
from server.forks import Forks
from tests.servers import free_port


@pytest.fixture
async def forks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Forks]:
    monkeypatch.setenv("OASE_DATA", str(tmp_path))
    monkeypatch.setenv("OASE_RECORDINGS", str(tmp_path / "recordings"))
    monkeypatch.setenv("OASE_MEDIA_PORT", str(free_port()))
    monkeypatch.setenv("OASE_MEDIA_HOST", "127.0.0.1")
    made = Forks()
    try:
        yield made
    finally:
        await made.close()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def children_of(pid: int) -> list[int]:
    found = [path for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    return [int(path.parent.name) for path in found if _parent(path) == pid and is_alive(int(path.parent.name))]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


async def until(is_so: Callable[[], bool], limit_s: float = 20.0) -> None:
    async with asyncio.timeout(limit_s):
        while not is_so():
            await asyncio.sleep(0.02)


async def test_second_worker_needs_no_loading(forks: Forks) -> None:
    first = await forks.fork()
    os.kill(first, signal.SIGKILL)
    began = time.monotonic()
    second = await forks.fork()
    assert time.monotonic() - began < 0.5
    await until(lambda: not is_alive(first))
    assert is_alive(second)
    os.kill(second, signal.SIGKILL)


async def test_worker_goes_on_and_has_a_session_of_its_own(forks: Forks) -> None:
    worker = await forks.fork()
    server = forks.pid
    assert server is not None
    await until(lambda: os.getsid(worker) == worker)
    await forks.close()
    assert forks.pid is None
    assert not is_alive(server)
    assert is_alive(worker)
    os.kill(worker, signal.SIGKILL)


async def test_waiting_process_opens_no_port(forks: Forks) -> None:
    os.kill(await forks.fork(), signal.SIGKILL)
    found = [os.readlink(f"/proc/{forks.pid}/fd/{number}") for number in os.listdir(f"/proc/{forks.pid}/fd")]
    assert sum(name.startswith("socket:") for name in found) == 1
    assert len(os.listdir(f"/proc/{forks.pid}/task")) == 1


async def test_dead_or_hung_one_is_followed_by_another(forks: Forks) -> None:
    for number in (signal.SIGKILL, signal.SIGSTOP):
        os.kill(await forks.fork(), signal.SIGKILL)
        before = forks.pid
        assert before is not None
        os.kill(before, number)
        try:
            worker = await forks.fork()
        except OSError:
            worker = await forks.fork()
        assert is_alive(worker)
        assert not is_alive(before)
        os.kill(worker, signal.SIGKILL)


async def test_worker_that_nobody_heard_of_ends(forks: Forks) -> None:
    first = await forks.fork()
    os.kill(first, signal.SIGKILL)
    await until(lambda: not is_alive(first))
    server = forks.pid
    assert server is not None
    os.kill(server, signal.SIGSTOP)
    asked = asyncio.ensure_future(forks.fork())
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    os.kill(server, signal.SIGCONT)
    await until(lambda: children_of(server) != [])
    worker = children_of(server)[0]
    await forks.close()
    await until(lambda: not is_alive(worker))


PARENT = """
import asyncio, pathlib, sys
from server.forks import Forks
async def main():
    forks = Forks()
    pathlib.Path(sys.argv[1]).write_text(f"{await forks.fork()} {forks.pid}\\n")
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_waiting_process_ends_with_a_killed_parent(forks: Forks, tmp_path: Path) -> None:
    """`forks` is here for the settings."""
    told = tmp_path / "pids"
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, str(told), cwd=ROOT)
    await until(lambda: told.exists() and told.read_text().endswith("\n"))
    worker, server = (int(word) for word in told.read_text().split())
    parent.kill()
    await until(lambda: not is_alive(server))
    assert is_alive(worker)
    os.kill(worker, signal.SIGKILL)
    await parent.wait()
