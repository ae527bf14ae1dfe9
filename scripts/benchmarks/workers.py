"""What two media workers on two cores forward, against one on one core."""
# Needs: namespaces

import argparse
import asyncio
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import report
import subjects
from clip import encode
from network import CLIENT, Network, Unavailable
from processes import line_of, spawn
from report import say

KEYS = ("ratio_two_to_one", "us_per_packet_one", "us_per_packet_two", "lost_packets")
METHOD = (
    "Publishers and receivers need cores too, and this machine has no others: what two workers would forward is computed from what a packet costs "
    "each of them while both run. One worker alone on core 0, its peers on core 1: a packet costs it A. Then one worker on each core, each with as "
    "many peers, which run on the other worker's core: a packet costs them B and C. A core forwards 1/cost packets, so two forward A/B + A/C times "
    "as many as one. The peers beside each worker cost it caches and switches that it would not pay with peers elsewhere; above 2 it says that a "
    "fuller core wakes less often for as many packets. `packets_a_second` are those that did go through while the windows ran."
)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One publisher (720p30 at 1.5 Mbit/s, Opus) to 50 DTLS receivers at each worker; rounds of one and of two workers in turn."""
    if (os.cpu_count() or 1) < 2:
        return {**dict.fromkeys(KEYS), "notes": ["Two workers need two cores."]}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip"
        encode().save(clip)
        rounds: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = []
        try:
            with Network() as network:
                for number in range(options.repeats):
                    one = await _forwarded(network, str(clip), options, [0])
                    two = await _forwarded(network, str(clip), options, [0, 1])
                    rounds.append((one, two))
                    say(f"round {number + 1}: {_costs(one)} us a packet alone, {_costs(two)} beside each other")
        except Unavailable as why:
            return {**dict.fromkeys(KEYS), "notes": [str(why)]}
    return {**_figures(rounds), "viewers": options.viewers, "method": METHOD, "notes": []}


async def _forwarded(
    network: Network, clip: str, options: argparse.Namespace, cores: list[int]
) -> list[dict[str, Any]]:
    """A worker on each of these cores, measured in the same windows."""
    halves = [Half(network, core, clip, options) for core in cores]
    try:
        await asyncio.gather(*(half.start() for half in halves))
        return list(await asyncio.gather(*(half.measured() for half in halves)))
    finally:
        await asyncio.gather(*(half.stop() for half in halves))


class Half:
    """One worker on its core; its publisher and its audience on the other."""

    def __init__(self, network: Network, core: int, clip: str, options: argparse.Namespace) -> None:
        self._network, self._core, self._clip, self._options = network, core, clip, options
        self._server: subjects.Running | None = None
        self._peers: list[asyncio.subprocess.Process] = []

    async def start(self) -> None:
        """The worker with its publisher."""
        self._server = await subjects.start("ours", self._network, self._core)
        self._task = {"subject": "ours", "address": self._server.address, "clip": self._clip, "host": CLIENT}
        self._peers.append(await spawn("publisher.py", self._task, 1 - self._core))
        await line_of(self._peers[0], "publisher", self._server)

    async def measured(self) -> dict[str, Any]:
        """What the audience counted, window by window."""
        assert self._server is not None
        windows = {"windows": self._options.windows, "window_s": 5.0, "settle_s": 4.0}
        task = {**self._task, **windows, "viewers": self._options.viewers, "pid": self._server.pid}
        audience = await spawn("receivers.py", task, 1 - self._core)
        self._peers.append(audience)
        return await line_of(audience, "audience", self._server)

    async def stop(self) -> None:
        """Ends all three."""
        for peer in self._peers:
            if peer.returncode is None:
                peer.kill()
            await peer.wait()
        if self._server is not None:
            await self._server.stop()


def _figures(rounds: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]]) -> dict[str, Any]:
    """Medians of all rounds; the ratio of each round is of runs that followed each other."""
    ratios = [sum(_cost(one[0]) / _cost(each) for each in two) for one, two in rounds]
    alone = [_cost(one[0]) for one, _ in rounds]
    beside = [_cost(each) for _, two in rounds for each in two]
    return {
        "ratio_two_to_one": round(statistics.median(ratios), 2),
        "us_per_packet_one": round(statistics.median(alone), 2),
        "us_per_packet_two": round(statistics.median(beside), 2),
        "core_share_one": round(statistics.median(_share(one[0]) for one, _ in rounds), 3),
        "core_share_two": round(statistics.median(_share(each) for _, two in rounds for each in two), 3),
        "packets_a_second_one": round(statistics.median(_a_second(one[0]) for one, _ in rounds)),
        "packets_a_second_two": round(statistics.median(sum(map(_a_second, two)) for _, two in rounds)),
        "lost_packets": sum(w["lost"] for one, two in rounds for run in (*one, *two) for w in run["windows"]),
        "spread": {name: report.spread(runs) for name, runs in (("ratio", ratios), ("one", alone), ("two", beside))},
        "rounds": rounds,
    }


def _cost(run: dict[str, Any]) -> float:
    return statistics.median(1e6 * w["cpu_s"] / max(1, w["packets"]) for w in run["windows"])


def _costs(runs: list[dict[str, Any]]) -> str:
    return " and ".join(f"{_cost(run):.1f}" for run in runs)


def _share(run: dict[str, Any]) -> float:
    return statistics.median(w["cpu_s"] / w["seconds"] for w in run["windows"])


def _a_second(run: dict[str, Any]) -> float:
    return statistics.median(w["packets"] / w["seconds"] for w in run["windows"])


if __name__ == "__main__":
    report.main(
        measure,
        ("--repeats", {"type": int, "default": 3}),
        ("--windows", {"type": int, "default": 3}),
        ("--viewers", {"type": int, "default": 50}),
    )
