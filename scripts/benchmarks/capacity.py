"""How many receivers one media worker takes before it says `busy`, and that those who are there lose nothing."""
# Needs: namespaces

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

import report
import subjects
from audience import Audience, join_all
from clip import Clip, encode
from network import CLIENT, Network, Unavailable
from processes import line_of, spawn
from report import say
from signaling import signaling_of
from storm import Pictures

from server.errors import Busy
from server.media.client import MediaClient

KEYS = ("taken", "load_when_busy", "lost_packets", "running_call_fps_min")
STEP_S = 1.5
"""The worker's load is that of five seconds: a ramp that is much steeper would be judged by what was."""
HOLD_S = 10.0


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Receivers of one 720p30 publisher join a few at a time until the worker refuses; then it is watched for ten seconds more."""
    with tempfile.TemporaryDirectory() as folder:
        clip = encode()
        clip.save(Path(folder) / "clip")
        try:
            with Network() as network:
                found = await _filled(network, folder, clip, options)
        except Unavailable as why:
            return {**dict.fromkeys(KEYS), "notes": [str(why)]}
    return {**found, "notes": []}


async def _filled(network: Network, folder: str, clip: Clip, options: argparse.Namespace) -> dict[str, Any]:
    server = await subjects.start("ours", network)
    task = {"subject": "ours", "address": server.address, "clip": f"{folder}/clip", "host": CLIENT}
    publisher = await spawn("publisher.py", task)
    try:
        await line_of(publisher, "publisher", server)
        async with signaling_of(task) as signaling, MediaClient(server.address) as client:
            audience = Audience(clip)
            watching = asyncio.create_task(audience.run())
            await join_all(audience, signaling, 1, CLIENT)
            await asyncio.sleep(3)
            pictures = Pictures(audience)
            refused = False
            while not refused and len(audience.receivers) < options.most:
                refused = await _step(audience, signaling, options.step)
                await asyncio.sleep(STEP_S)
            for receiver in audience.receivers:
                receiver.counts.begin()
            health = await client.health()
            await asyncio.sleep(HOLD_S)
            after = await client.stats()
            pictures.stop()
            watching.cancel()
        return {
            "taken": len(audience.receivers),
            "refused": refused,
            "load_when_busy": health.load,
            "load_after": after.gauges["load"],
            "late_s_usual": after.gauges["late_s_usual"],
            "lost_packets": sum(receiver.counts.lost for receiver in audience.receivers),
            "packets": sum(receiver.counts.packets for receiver in audience.receivers),
            "running_call_fps_min": pictures.worst_second(),
            "longest_gap_ms": pictures.longest_gap_ms(),
        }
    finally:
        publisher.kill()
        await server.stop()


async def _step(audience: Audience, signaling: Any, count: int) -> bool:
    """A few more; whether somebody was refused."""
    refused = False
    try:
        await join_all(audience, signaling, count, CLIENT)
    except* Busy:
        refused = True
    say(f"{len(audience.receivers)} are taken{', then it is busy' if refused else ''}")
    return refused


if __name__ == "__main__":
    report.main(
        measure,
        ("--step", {"type": int, "default": 10}),
        ("--most", {"type": int, "default": 590}),
    )
