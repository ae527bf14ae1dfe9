"""The whole product as people start it: `python -m server serve` with its media worker, in a folder of its own; for tests and benchmarks."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from tests.loaded import Server, serving, serving_anew
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 90.0  # A machine that does many things at once starts slowly.


class Product:
    """A running Oase. `link` signs the first agent in, once. Its log is `folder / "log"`.

    `host` is what browsers call it; one that is not 127.0.0.1 needs settings that make it listen there.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1", **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.link = ""
        self.media_port = free_udp_port()
        self._process: Server | asyncio.subprocess.Process | None = None
        self._environment = {
            **os.environ,
            "OASE_PORT": str(self.port),
            "OASE_DATA": str(folder / "data"),
            "OASE_RECORDINGS": str(folder / "recordings"),
            "OASE_MEDIA_PORT": str(self.media_port),
            "OASE_RATE": "0",
            "OASE_PRINT_LINK": "1",  # Into the log, which is read here.
            **({} if host == "127.0.0.1" else {"OASE_URL": self.url}),
            **settings,
        }

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The web process."""
        assert self._process is not None
        return self._process.pid

    @property
    def worker_pid(self) -> int:
        """The media worker, as the supervisor's note names it; 0 while there is none."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            return int(json.loads((self.folder / "data" / "worker.json").read_text())["pid"])
        return 0

    async def start(self) -> None:
        """Starts the web process and waits until it is ready. Also used after `kill_web`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        start = (
            serving if self._process is None else serving_anew
        )  # What people wait for after a kill is the whole start.
        self._process = await start(self._environment, self.folder / "log")
        await self.until_ready()
        async with asyncio.timeout(START_LIMIT_S):
            while " is running." not in self.log:
                await asyncio.sleep(0.02)
        found = re.findall(r"(http\S+/desk/sign-in#\S+)", self.log)
        self.link = self.link or (found[0] if found else "")

    async def until_ready(self, limit_s: float = START_LIMIT_S) -> float:
        """Waits until database and media worker answer; how long that took, in seconds."""
        assert self._process is not None
        began = time.monotonic()
        async with aiohttp.ClientSession() as http:
            while time.monotonic() - began < limit_s:
                if self._process.returncode is not None:
                    break
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with http.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                        if answer.status == 200:
                            return time.monotonic() - began
                await asyncio.sleep(0.05)
        raise RuntimeError(f"Oase did not become ready:\n{self.log[-3000:]}")

    async def kill_web(self) -> None:
        """`kill -9` of the web process; the media worker goes on."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def kill_worker(self) -> int:
        """`kill -9` of the media worker; the pid it had."""
        pid = self.worker_pid
        os.kill(pid, signal.SIGKILL)
        return pid

    async def until_new_worker(self, old: int, limit_s: float = 15.0) -> None:
        """Waits until another worker than `old` runs."""
        end = time.monotonic() + limit_s
        while self.worker_pid in {0, old} and time.monotonic() < end:
            await asyncio.sleep(0.02)
        assert self.worker_pid not in {0, old}

    def add_agent(self, email: str, name: str) -> str:
        """Makes an account by the command line; its one-time sign-in link."""
        command = [sys.executable, "-m", "server", "agent", "add", email, "--name", name]
        answer = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=True)
        found = re.search(r"(/desk/sign-in#\S+)", answer.stdout)
        assert found, answer.stdout
        return self.url + found[1]

    async def demo(self, *options: str) -> asyncio.subprocess.Process:
        """The robots of the demo, beside it; what they print can be read."""
        words = (sys.executable, "-m", "server", "demo", "--url", self.url, *options)
        out = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=self._environment, stdout=out)

    async def stop(self) -> None:
        """Ends it in order; what does not end is killed."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 15)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            if self.worker_pid:
                os.kill(self.worker_pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def running_product(folder: Path, host: str = "127.0.0.1", **settings: str) -> AsyncIterator[Product]:
    """A started product that ends with the block."""
    product = Product(folder, host, **settings)
    try:
        await product.start()
        yield product
    finally:
        await product.stop()


def free_udp_port() -> int:
    """A port that is free for UDP and TCP alike."""
    for _ in range(20):
        port = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def own_address() -> str | None:
    """This machine's own IPv4 address, not loopback: Firefox sends no media to 127.0.0.1. None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Nothing is sent: this only asks the routing table.
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address
