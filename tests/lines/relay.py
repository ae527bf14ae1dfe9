"""The process that carries all packets of the lines: `python -m tests.lines.relay TASK`. Commands come as JSON lines, each gets one JSON line back.

For each line it opens two TUN devices, whose other ends are network interfaces: `near` (the server's) and `far` (moved into a namespace by whoever
started this). "up" is from far to near. Kernels without netem have no other way, and this one is the same everywhere.
"""

import dataclasses
import fcntl
import heapq
import itertools
import json
import os
import select
import struct
import sys
import time
from typing import Any

from tests.lines.condition import Condition, Direction

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_BYTES = 2048
BIN_S = 0.1
"""Bytes and queues are told for each tenth of a second."""
LATE_KEPT = 20_000


class Carrier:
    """One direction of one line with its two devices and its history."""

    def __init__(self, source: int, target: int, seed: int) -> None:
        self.source, self.target = source, target
        self.direction = Direction(Condition(), seed)
        self.began = time.monotonic()
        self.bins: list[list[float]] = []
        self.late: list[float] = []

    def take(self, packet: bytes, now: float) -> list[float]:
        """When the copies of `packet` leave."""
        leaves = self.direction.take(packet, now)
        place = int((now - self.began) / BIN_S)
        while len(self.bins) <= place:
            self.bins.append([0, 0, 0.0])
        bin_ = self.bins[place]
        bin_[0] += len(packet)
        bin_[1] += len(packet) if leaves else 0
        bin_[2] = max(bin_[2], self.direction.queue_s)
        return leaves

    def told(self) -> dict[str, Any]:
        """Everything since the last time it was asked, and a new beginning."""
        late = sorted(self.late) or [0.0]
        told = {
            "counts": dataclasses.asdict(self.direction.counts),
            "began": self.began,
            "bins": self.bins,
            "late_ms_p95": round(1000 * late[int(len(late) * 0.95)], 2),
        }
        self.direction.counts = type(self.direction.counts)()
        self.bins, self.late, self.began = [], [], time.monotonic()
        return told


class Relay:
    """All lines, in one loop."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._carriers: dict[str, Carrier] = {}
        self._readers: dict[int, Carrier] = {}
        self._waiting: list[tuple[float, int, Carrier, bytes]] = []
        self._order = itertools.count()
        for name, line in task["lines"].items():
            near, far = _open_tun(line["near"]), _open_tun(line["far"])
            for way, source, target in (("up", far, near), ("down", near, far)):
                seed = f"{task['seed']}/{name}/{way}"
                carrier = Carrier(source, target, int.from_bytes(seed.encode(), "big"))
                self._carriers[f"{name}/{way}"] = self._readers[source] = carrier

    def run(self) -> None:
        """Until the input ends."""
        _say({"ready": True})
        pending = b""
        while True:
            wait = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            ready, _, _ = select.select([0, *self._readers], [], [], wait)
            for source in ready:
                if source in self._readers:
                    self._read(self._readers[source])
                    continue
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    _say(self._command(json.loads(line)))
            self._write(time.monotonic())

    def _read(self, carrier: Carrier) -> None:
        for _ in range(64):
            try:
                packet = os.read(carrier.source, PACKET_BYTES)
            except BlockingIOError:
                return
            for leaves in carrier.take(packet, time.monotonic()):
                heapq.heappush(self._waiting, (leaves, next(self._order), carrier, packet))

    def _write(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            leaves, _, carrier, packet = heapq.heappop(self._waiting)
            if len(carrier.late) < LATE_KEPT:
                carrier.late.append(now - leaves)
            try:
                os.write(carrier.target, packet)
            except OSError:
                carrier.direction.counts.refused += 1  # The interface is down, as when an address moves.

    def _command(self, command: dict[str, Any]) -> dict[str, Any]:
        for name, fields in command.get("set", {}).items():
            if fields.get("burst"):
                fields["burst"] = tuple(fields["burst"])
            self._carriers[name].direction.change(Condition(**fields))
        if command.get("tell"):
            return {name: carrier.told() for name, carrier in self._carriers.items()}
        return {"at": time.monotonic()}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _open_tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


if __name__ == "__main__":
    os.nice(-10)  # A line does not get worse because the machine is busy.
    Relay(json.loads(sys.argv[1])).run()
