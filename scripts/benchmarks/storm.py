"""Two hundred peers join within one second beside a running call."""
# Needs: namespaces

import argparse
import asyncio
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import report
import subjects
from clip import Clip, encode
from network import CLIENT, Network, Unavailable
from processes import line_of, spawn
from receivers import Audience, join_all
from report import say
from signaling import signaling_of

QUIET_S, AFTER_S = 4.0, 2.0
SAMPLE_S = 0.02
KEYS = ("connected", "connect_ms_p95", "running_call_fps_min")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Peers with a browser's offer come two to a call; one 720p30 call, whose pictures are compared with what was sent, runs meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        clip = encode()
        clip.save(Path(folder) / "clip")
        try:
            with Network() as network:
                rounds = [await _stormed(network, folder, clip, options, n) for n in range(options.rounds)]
        except Unavailable as why:
            return {**dict.fromkeys(KEYS), "notes": [str(why)]}
    return {**_figures(rounds), "peers": options.peers, "within_s": options.within, "rounds": rounds, "notes": []}


def _figures(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The worst round counts, but for times, which are medians."""
    percentiles = report.spread([each["connect_ms_p95"] for each in rounds if each["connected"]], 0)
    return {
        "connected": min(each["connected"] for each in rounds),
        "connect_ms_p95": percentiles["median"],
        "running_call_fps_min": min(each["fps_min"] for each in rounds),
        "quiet_fps_min": min(each["quiet_fps_min"] for each in rounds),
        "all_connected_s_max": max(each["all_s"] for each in rounds),
        "running_call_lost_packets": sum(each["lost"] for each in rounds),
        "connect_ms_p95_spread": percentiles,
    }


async def _stormed(
    network: Network, folder: str, clip: Clip, options: argparse.Namespace, number: int
) -> dict[str, Any]:
    """One round with a worker of its own."""
    server = await subjects.start("ours", network)
    task = {"subject": "ours", "address": server.address, "clip": f"{folder}/clip", "host": CLIENT}
    publisher = await spawn("publisher.py", task)
    storm = {**task, "peers": options.peers, "within_s": options.within, "name": f"storm-{number}"}
    crowd = await spawn("crowd.py", storm)
    try:
        await line_of(publisher, "publisher", server)
        await line_of(crowd, "crowd", server)
        async with signaling_of(task) as signaling:
            audience = Audience(clip)
            watching = asyncio.create_task(audience.run())
            await join_all(audience, signaling, 1, CLIENT)
            found = await _beside(audience, crowd, server)
            watching.cancel()
        say(f"round {number + 1}: {found}")
        return found
    finally:
        crowd.kill()
        publisher.kill()
        await server.stop()


async def _beside(audience: Audience, crowd: asyncio.subprocess.Process, server: subjects.Running) -> dict[str, Any]:
    await asyncio.sleep(3)
    quiet = Pictures(audience)
    await asyncio.sleep(QUIET_S)
    quiet.stop()
    audience.receivers[0].counts.begin()
    during, cpu = Pictures(audience), report.cpu_s(server.pid)
    assert crowd.stdin is not None
    crowd.stdin.write(b"go\n")
    told = await line_of(crowd, "crowd", server)
    cpu = report.cpu_s(server.pid) - cpu
    await asyncio.sleep(AFTER_S)
    during.stop()
    took_ms = [1000 * each for each in told.pop("joined_s")]
    return {
        "connected": len(took_ms),
        "connect_ms_p50": round(report.percentile(took_ms, 0.5) or 0),
        "connect_ms_p95": round(report.percentile(took_ms, 0.95) or 0),
        "connect_ms_max": round(max(took_ms, default=0)),
        "all_s": round(told["all_s"], 2),
        "failed": told["failed"],
        "fps_min": during.worst_second(),
        "quiet_fps_min": quiet.worst_second(),
        "longest_gap_ms": during.longest_gap_ms(),
        "lost": audience.receivers[0].counts.lost,
        "worker_ms_per_peer": round(1000 * cpu / max(1, len(took_ms)), 2),
        "crowd_core": told["own_core"],
    }


class Pictures:
    """When pictures arrived whole and unchanged, from now until `stop`; looked at every 20 ms."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._samples: list[tuple[float, int]] = []
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._samples.append((time.monotonic(), self._audience.proof.same))
            await asyncio.sleep(SAMPLE_S)

    def stop(self) -> None:
        self._task.cancel()

    def worst_second(self) -> int:
        """The fewest pictures of any second, wherever it begins."""
        fewest, last = [], 0
        for at, count in self._samples:
            while last < len(self._samples) and self._samples[last][0] < at + 1:
                last += 1
            if last < len(self._samples):
                fewest.append(self._samples[last][1] - count)
        return min(fewest, default=0)

    def longest_gap_ms(self) -> int:
        """The longest time without a new picture; the receiver looks every 50 ms."""
        changes = [b[0] for a, b in pairwise(self._samples) if b[1] > a[1]]
        return round(1000 * max((b - a for a, b in pairwise(changes)), default=0))


if __name__ == "__main__":
    report.main(
        measure,
        ("--peers", {"type": int, "default": 200}),
        ("--within", {"type": float, "default": 1.0, "help": "seconds in which they come"}),
        ("--rounds", {"type": int, "default": 3}),
    )
