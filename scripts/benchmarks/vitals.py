"""What a running product holds: memory, open files, tasks, connections of its two processes; and how that changes."""

import asyncio
import os
import re
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.product import Product

QUIET_LIMIT_S = 120.0
NUMBERS_S = 5.0
"""The web process renews its numbers this often (`server/app.py`)."""
NAMES = {
    "web_tasks": r"oase_tasks",
    "worker_tasks": r'oase_media\{name="tasks",worker="0"\}',
    "connections": r'oase_media\{name="connections",worker="0"\}',
    "sessions": r'oase_media\{name="sessions",worker="0"\}',
    "waiting": r"oase_queue_waiting",
}


class Vitals:
    """Samples of one product since the first `take`."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._began = time.monotonic()
        self.samples: list[dict[str, float]] = []

    async def take(self) -> dict[str, float]:
        """One sample, kept."""
        sample: dict[str, float] = {"at_s": round(time.monotonic() - self._began, 1)}
        for name, pid in (("web", self._product.pid), ("worker", self._product.worker_pid)):
            sample |= {f"{name}_{key}": value for key, value in levels(pid).items()}
        sample |= await self._numbers()
        self.samples.append(sample)
        return sample

    async def _numbers(self) -> dict[str, float]:
        async with aiohttp.ClientSession() as http, http.get(self._product.url + "/metrics") as answer:
            text = await answer.text()
        found = {name: re.search(rf"^{pattern} (\S+)$", text, re.M) for name, pattern in NAMES.items()}
        sockets = re.findall(r"^oase_sockets\{.*\} (\S+)$", text, re.M)
        values = {name: float(one[1]) for name, one in found.items() if one}
        return {**values, "sockets": sum(float(count) for count in sockets)}

    async def at_rest(self) -> dict[str, float]:
        """Medians of three samples after the last connection is closed. Raises TimeoutError when one stays."""
        async with asyncio.timeout(QUIET_LIMIT_S):
            while True:
                now = await self._numbers()
                if not now["connections"] and not now["sockets"]:
                    break
                await asyncio.sleep(1.0)
        taken = []
        for _ in range(3):
            await asyncio.sleep(2 * NUMBERS_S)  # Kept-alive requests end meanwhile, and all numbers are renewed.
            taken.append(await self.take())
        return {name: statistics.median(one[name] for one in taken) for name in taken[0]}

    def per_hour(self, name: str, since_s: float) -> float:
        """Growth of a figure by a straight line through the samples after `since_s`."""
        points = [(one["at_s"], one[name]) for one in self.samples if one["at_s"] >= since_s]
        if len(points) < 3:
            return 0.0
        return round(3600 * statistics.linear_regression(*zip(*points, strict=True)).slope, 1)


def levels(pid: int) -> dict[str, float]:
    """Memory (what is shared with another process counts half in `pss_kb`), open files and threads of a process."""
    process = Path(f"/proc/{pid}")
    status = (process / "status").read_text()
    rollup = (process / "smaps_rollup").read_text()
    return {
        "rss_kb": _number(r"VmRSS:\s+(\d+)", status),
        "pss_kb": _number(r"^Pss:\s+(\d+)", rollup),
        "files": float(len(os.listdir(process / "fd"))),
        "threads": _number(r"Threads:\s+(\d+)", status),
    }


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text, re.M)
    return float(found[1]) if found else 0.0


def growth_percent(before: float, after: float) -> float:
    return round(100 * (after / before - 1), 2)


def most(values: Sequence[Any]) -> Any:
    """The largest change, whichever way; with its sign."""
    return max(values, key=abs)
