"""Servers of tests, forked from a process that has loaded everything (`tests/nursery.py`): loading it anew took a quarter of a run.

Benchmarks, and tests of starting, start theirs as people do.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from server.config import ROOT

LOAD_LIMIT_S = 60.0


class Server:
    """One server that was asked for, with what tests use of `asyncio.subprocess.Process`."""

    def __init__(self, line: socket.socket, pid: int) -> None:
        self.pid = pid
        self._line = line
        self._code: int | None = None

    @property
    def returncode(self) -> int | None:
        if self._code is None:
            try:
                self._take(self._line.recv(16))
            except BlockingIOError:
                return None
        return self._code

    async def wait(self) -> int:
        if self._code is None:
            self._take(await asyncio.get_running_loop().sock_recv(self._line, 16))
        return self._code or 0

    def _take(self, said: bytes) -> None:
        if self._code is None:
            self._code = int(said or b"-9")
            self._line.close()

    def send_signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Loaded:
    """The waiting process as tests have it: begun when the first server is wanted, ended with the block."""

    def __init__(self) -> None:
        self.network = own_network()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None:
            self._process.communicate()  # Ends its standard input, and with that the process.
        if self._folder is not None:
            self._folder.cleanup()

    async def start(self, environment: dict[str, str], log: Path) -> Server:
        """A server with this environment that writes to `log`."""
        place = await self._place()
        return await start_server(place, environment, log)

    async def _place(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="oase-loaded-")
            words = (sys.executable, "-m", "tests.nursery", f"{self._folder.name}/line")
            self._process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE)
        place = Path(self._folder.name) / "line"
        async with asyncio.timeout(LOAD_LIMIT_S):
            while not place.exists():
                await asyncio.sleep(0.02)
        return place


def own_network() -> str:
    """The network namespace of this process: what is forked stays in that of the process that it is forked from."""
    return os.readlink("/proc/self/ns/net")


async def start_server(place: Path, environment: dict[str, str], log: Path) -> Server:
    """A server forked by the process that waits at `place`."""
    line = socket.socket(socket.AF_UNIX)
    line.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(line, str(place))
    asked = json.dumps({"environment": environment, "log": str(log)}) + "\n"
    await loop.sock_sendall(line, asked.encode())
    said = b""
    while not said.endswith(b"\n"):
        said += await loop.sock_recv(line, 1)
    return Server(line, int(said))


_loaded: Loaded | None = None


@contextlib.contextmanager
def loaded_servers() -> Iterator[None]:
    """Servers that `serving` starts within this block are forked."""
    global _loaded
    with Loaded() as _loaded:
        yield
    _loaded = None


async def serving(environment: dict[str, str], log: Path) -> "Server | asyncio.subprocess.Process":
    """`python -m server serve` with this environment; what it prints is added to `log`."""
    if _loaded is not None and _loaded.network == own_network():
        return await _loaded.start(environment, log)
    return await serving_anew(environment, log)


async def serving_anew(environment: dict[str, str], log: Path) -> asyncio.subprocess.Process:
    """The same in a new process that loads everything, as people start it."""
    words = (sys.executable, "-m", "server", "serve")
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=environment, stdout=out, stderr=out)
