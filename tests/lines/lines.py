"""Bad lines between namespaces and this machine, for tests and benchmarks: one namespace for each person, one relay for all.

The server runs outside, where the benchmark runs, and is reached at one address over every line. Packets cross a TUN device on either side of the
relay, so browser and server see an ordinary network interface that loses, delays and limits as `Condition` says.
"""

import asyncio
import dataclasses
import fcntl
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.lines.condition import Condition
from tests.lines.namespaces import inside, ip

ROOT = Path(__file__).resolve().parents[2]
SERVER = "10.214.0.1"
HOST = "oase.localhost"
"""Browsers give pages of `localhost` their camera without HTTPS; they are told that this one is `SERVER`."""
MTU = 1400
PREFIX = "oaline"


class Unavailable(Exception):
    """This machine does not allow it; the text says why, in a sentence for people."""


class Line:
    """One person's way to the server. `number` counts from 1."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.namespace = f"{PREFIX}-{os.getpid()}-{number}"
        self.near, self.far = f"{PREFIX}{number}", f"{PREFIX}{number}f"
        self.addresses = [f"10.214.{number}.2", f"10.214.{number}.3"]  # The second is where the person moves to.

    def inside(self, *command: str) -> list[str]:
        """The command line that runs `command` at this person's."""
        return inside(self.namespace, *command)

    def build(self) -> None:
        """The interfaces exist already, outside: the relay made them."""
        ip("netns", "add", self.namespace)
        ip("link", "set", self.far, "netns", self.namespace)
        ip("addr", "add", SERVER, "peer", self.addresses[0], "dev", self.near)
        ip("link", "set", self.near, "mtu", str(MTU), "up")
        ip("route", "add", self.addresses[1], "dev", self.near, "src", SERVER)
        within = ("-n", self.namespace)
        ip(*within, "link", "set", "lo", "up")
        ip(*within, "link", "set", self.far, "name", "eth0")
        ip(*within, "addr", "add", self.addresses[0], "peer", SERVER, "dev", "eth0")
        ip(*within, "link", "set", "eth0", "mtu", str(MTU), "up")
        ip(*within, "route", "add", "default", "dev", "eth0")

    def set_mtu(self, size: int) -> None:
        """What the person's own interface takes; beyond it only the relay knows (`Condition.mtu`)."""
        ip("-n", self.namespace, "link", "set", "eth0", "mtu", str(size))

    def leave_network(self) -> None:
        """The address goes, as when a phone leaves its Wi-Fi."""
        ip("-n", self.namespace, "-4", "addr", "flush", "dev", "eth0")

    def join_network(self) -> None:
        """Another address comes: the mobile network."""
        ip("-n", self.namespace, "addr", "add", self.addresses[1], "peer", SERVER, "dev", "eth0")
        ip("-n", self.namespace, "route", "add", "default", "dev", "eth0")


class Lines:
    """Open lines by number. `seed` decides every loss."""

    def __init__(self, count: int, seed: int) -> None:
        self.seed = seed
        self.lines = {number: Line(number) for number in range(1, count + 1)}
        self._relay: asyncio.subprocess.Process | None = None

    def __getitem__(self, number: int) -> Line:
        return self.lines[number]

    async def open(self) -> None:
        """Starts the relay and builds what lies around it."""
        names = {str(number): {"near": line.near, "far": line.far} for number, line in self.lines.items()}
        task = json.dumps({"lines": names, "seed": self.seed})
        pipe = asyncio.subprocess.PIPE
        self._relay = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.lines.relay", task, stdin=pipe, stdout=pipe, cwd=ROOT, limit=2**26
        )
        await self._answer()
        for line in self.lines.values():
            await asyncio.to_thread(line.build)

    async def close(self) -> None:
        """Ends the relay, with which the interfaces go, and removes the namespaces."""
        if self._relay is not None and self._relay.returncode is None:
            self._relay.kill()
            await self._relay.wait()
        _remove_left_over()

    async def set(self, number: int, up: Condition = Condition(), down: Condition = Condition()) -> float:  # noqa: B008  # Frozen.
        """Changes both directions at once; the moment it happened, by the clock `time.monotonic`."""
        fields = {f"{number}/up": dataclasses.asdict(up), f"{number}/down": dataclasses.asdict(down)}
        return float((await self._ask({"set": fields}))["at"])

    async def clear(self) -> None:
        """All lines are good again."""
        for number in self.lines:
            await self.set(number)

    async def tell(self) -> dict[str, Any]:
        """What became of the packets of each direction ("1/up", "1/down" …) since the last time."""
        return await self._ask({"tell": True})

    async def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._relay is not None
        assert self._relay.stdin is not None
        self._relay.stdin.write(json.dumps(command).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self._relay is not None
        assert self._relay.stdout is not None
        line = await asyncio.wait_for(self._relay.stdout.readline(), 20)
        if not line:
            raise Unavailable("The relay ended. It needs root and /dev/net/tun.")
        return dict(json.loads(line))


@asynccontextmanager
async def open_lines(count: int, seed: int) -> AsyncIterator[Lines]:
    """So many good lines. One set at a time on a machine: a second one waits. Raises `Unavailable`."""
    if os.geteuid() != 0 or not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise Unavailable("Network namespaces and TUN devices need root; start it with sudo.")
    with Path(tempfile.gettempdir(), "oase-lines.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        _remove_left_over()
        lines = Lines(count, seed)
        try:
            try:
                await lines.open()
            except (OSError, subprocess.CalledProcessError) as error:
                raise Unavailable(f"No lines could be made here ({error}).") from error
            yield lines
        finally:
            await lines.close()


def _remove_left_over() -> None:
    """Also what a killed run left: with the lock held, every namespace of that name is left over. The interfaces ended with their relay."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    for name in re.findall(rf"^({PREFIX}-\d+-\d+)", listed, re.MULTILINE):
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def netem_works() -> bool:
    """Whether this kernel could do without the relay; for the record."""
    name = f"{PREFIX}-{os.getpid()}-0"
    try:
        with suppress(subprocess.CalledProcessError):
            ip("netns", "add", name)
            subprocess.run(
                inside(name, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"),
                check=True,
                capture_output=True,
            )
            return True
        return False
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
