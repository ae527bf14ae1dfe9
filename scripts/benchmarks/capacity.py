"""How many receivers one media worker takes before it says `busy`, what they get then, and how many more it would have carried."""
# Needs: namespaces

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import report
import subjects
from clip import Clip, encode
from network import CLIENT, Network, Unavailable
from peer import Certificate, Peer
from processes import line_of, spawn
from receivers import Audience, join_all, join_one
from report import say
from signaling import Ours
from storm import Pictures

from server.errors import Busy
from server.media.client import MediaClient
from tests.idle import IDLE_MIN, Idle

KEYS = ("taken", "load_when_busy", "lost_packets", "running_call_fps_min", "bends_at_load", "limit_is_right")
METHOD = (
    "Receivers of one 720p30 publisher join a few at a time. After each step the worker's load settles (it is that of five seconds), and what "
    "all receivers got is counted for three seconds. Once the worker refuses newcomers, more come as people do who were there before, whom it "
    "takes, until something gives: `bends_at_load` is the load of the first step that lost more than one packet in a thousand or had a second "
    "with fewer than 24 of 30 pictures; sockets are read every 50 ms, so that a few more or less say nothing. The limit is right when nothing "
    "gave before it, and something did, or the core was full, above it. The receivers share the other core with the publisher. Where they took "
    "nine tenths of it, or the machine had no idle time, a step says nothing of the worker and is left out."
)
RAMP_S = 1.0
SETTLE_S, WINDOW_S = 5.0, 3.0
WATCHED_FROM = 0.5
LOST_MAX, FPS_MIN, AUDIENCE_MAX, FULL = 0.001, 24, 0.9, 0.97


@dataclass(frozen=True, slots=True)
class Step:
    """What one number of receivers got. `load` is the worker's own figure, `own_core` what the receivers took of the other core."""

    receivers: int
    is_full: bool
    load: float
    late_ms_usual: float
    late_ms_most: float
    packets: int
    lost: int
    fps_min: int
    gap_ms: int
    own_core: float
    idle: float

    @property
    def bends(self) -> bool:
        """True when somebody could notice."""
        return self.lost > LOST_MAX * self.packets or self.fps_min < FPS_MIN

    @property
    def is_measured(self) -> bool:
        """False when it was the receivers who could not follow, or the machine did something else."""
        return self.own_core < AUDIENCE_MAX and self.idle >= IDLE_MIN


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Receivers of one 720p30 publisher join until the worker refuses, and then more until packets are lost or come late."""
    with tempfile.TemporaryDirectory() as folder:
        clip = encode()
        clip.save(Path(folder) / "clip")
        try:
            with Network() as network:
                found = await _filled(network, folder, clip, options)
        except Unavailable as why:
            return {**dict.fromkeys(KEYS), "notes": [str(why)]}
    return {**found, "method": METHOD, "notes": []}


async def _filled(network: Network, folder: str, clip: Clip, options: argparse.Namespace) -> dict[str, Any]:
    server = await subjects.start("ours", network)
    task = {"subject": "ours", "address": server.address, "clip": f"{folder}/clip", "host": CLIENT}
    publisher = await spawn("publisher.py", task)
    try:
        await line_of(publisher, "publisher", server)
        async with Ours(server.address) as signaling, MediaClient(server.address) as client:
            audience = Audience(clip)
            watching = asyncio.create_task(audience.run())
            await join_all(audience, signaling, 1, CLIENT)
            steps = await Filling(audience, signaling, client, options).run()
            watching.cancel()
        for receiver in audience.receivers:
            receiver.peer.close()
        return figures(steps)
    finally:
        publisher.kill()
        await server.stop()


class Filling:
    """Lets receivers in, and looks what each step does to those who are there."""

    def __init__(self, audience: Audience, signaling: Ours, client: MediaClient, options: argparse.Namespace) -> None:
        self._audience, self._signaling, self._client, self._options = audience, signaling, client, options
        self._certificate = Certificate()

    async def run(self) -> list[Step]:
        """Steps from half a core on, until one bends, nothing is left, or the receivers cannot follow."""
        steps: list[Step] = []
        while len(self._audience.receivers) < self._options.most:
            if await self._refused(self._options.step) and not self._signaling.returns:
                self._signaling.returns = True
                say(f"{len(self._audience.receivers)} are taken, then it is busy")
            await asyncio.sleep(RAMP_S)
            if (await self._client.health()).load < WATCHED_FROM and not steps:
                continue
            steps.append(step := await self._look())
            say(str(step))
            if step.own_core >= AUDIENCE_MAX or (step.is_full and (step.bends or step.load >= FULL)):
                break
        return steps

    async def _refused(self, count: int) -> bool:
        """So many more come, eight at a time; whether somebody was refused."""
        turn = asyncio.Semaphore(8)

        async def join(number: int) -> None:
            async with turn:
                await join_one(self._audience, self._signaling, Peer(CLIENT, self._certificate), number)

        first = len(self._audience.receivers)
        answers = await asyncio.gather(*map(join, range(first, first + count)), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Busy | TimeoutError):
                raise answer
        return any(isinstance(answer, Busy) for answer in answers)

    async def _look(self) -> Step:
        receivers = self._audience.receivers
        await asyncio.sleep(SETTLE_S)
        for receiver in receivers:
            receiver.counts.begin()
        pictures, idle, own, began = Pictures(self._audience), Idle(), time.process_time(), time.monotonic()
        await asyncio.sleep(WINDOW_S)
        own_core, share = (time.process_time() - own) / (time.monotonic() - began), idle.share()
        packets, lost = (sum(getattr(each.counts, name) for each in receivers) for name in ("packets", "lost"))
        pictures.stop()
        stats = (await self._client.stats()).gauges
        late_ms = [round(1000 * stats[name], 1) for name in ("late_s_usual", "late_s_max")]
        fps, gap_ms = pictures.worst_second(), pictures.longest_gap_ms()
        full = bool(stats["full"])
        return Step(
            len(receivers),
            full,
            stats["load"],
            *late_ms,
            packets,
            lost,
            fps,
            gap_ms,
            round(own_core, 2),
            round(share, 2),
        )


def figures(steps: list[Step]) -> dict[str, Any]:
    """The keys; `taken` are those who were there when it first refused newcomers."""
    measured = [step for step in steps if step.is_measured]
    busy = next((step for step in measured if step.is_full), None)
    bent = next((step for step in measured if step.bends), None)
    before = [step for step in measured if not step.is_full]
    worst = [step for step in (*before, busy) if step is not None]
    top = measured[-1] if measured else None
    reached = bent or (top if top is not None and top.load >= FULL else None)
    return {
        "taken": busy.receivers if busy else None,
        "load_when_busy": busy.load if busy else None,
        "lost_packets": sum(step.lost for step in worst) if busy else None,
        "running_call_fps_min": min(step.fps_min for step in worst) if busy else None,
        "longest_gap_ms": max(step.gap_ms for step in worst) if busy else None,
        "bends_at_load": bent.load if bent else None,
        "bends_at_receivers": bent.receivers if bent else None,
        "limit_is_right": None if busy is None or reached is None else not any(step.bends for step in before),
        "load_per_receiver": _per_receiver(measured),
        "steps": [asdict(step) for step in steps],
    }


def _per_receiver(steps: list[Step]) -> float | None:
    """What one more receiver took of a core, between half a core and the limit."""
    found = [step for step in steps if step.load < FULL]
    if len(found) < 2:
        return None
    line = statistics.linear_regression([step.receivers for step in found], [step.load for step in found])
    return round(line.slope, 5)


if __name__ == "__main__":
    report.main(
        measure,
        ("--step", {"type": int, "default": 20}),
        ("--most", {"type": int, "default": 590}),
    )
