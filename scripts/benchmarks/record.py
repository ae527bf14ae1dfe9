"""CPU of recording one 720p picture with its sound, how far the two are apart on disk, and what a killed worker loses."""

import argparse
import asyncio
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import report
from clip import encode
from processes import line_of, spawn
from report import cpu_s, say, spread

from server.broadcast.view import make_view
from server.media.client import MediaClient
from server.media.protocol import StartRecording
from server.media.recorder.finish import finish
from server.media.tap import Source
from tests.media.record_packets import OPUS, VP8, Bench, Stream, beeps, duration_s, flashes, skews_ms, sound, video
from tests.media.record_worker import RecordWorker

SESSION = "bench"  # Where publisher.py sits.
WINDOW_S = 5.0
SETTLE_S = 3.0
LIVE_S = 20.0
DRIFT_S = 600


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One publisher (720p30 at 1.5 Mbit/s, Opus); windows with and without recording take turns."""
    with tempfile.TemporaryDirectory(prefix="oase-bench-") as name:
        folder = Path(name)
        cost = await _cost(folder / "cost", options.repeats)
        live = await _live_skew(folder / "live")
        drift = {reports: await _drift_skew(folder / f"drift{reports}", reports) for reports in (True, False)}
        kills = await _kills(folder / "kills", options.kills)
    skews = {"live_ms": live, "drift_10_min_by_reports_ms": drift[True], "drift_10_min_by_arrival_ms": drift[False]}
    return {**cost, "av_skew_ms_max": max(skews.values()), "skews": skews, **kills}


class Worker:
    """A media worker on the first core, with its publisher on the others; what `line_of` wants to know of a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix:{folder / 'media.sock'}"

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True)
        settings = {
            "OASE_DATA": str(self.folder),
            "OASE_RECORDINGS": str(self.folder / "recordings"),
            "OASE_MEDIA_HOST": "127.0.0.1",
            "OASE_MEDIA_PORT": "0",
            "OASE_LOG_LEVEL": "WARNING",
        }
        words = ("taskset", "-c", "0", sys.executable, "-m", "server", "media")
        with (self.folder / "log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *words, cwd=report.ROOT, env=os.environ | settings, stdout=log, stderr=log
            )
        self.pid = self.process.pid
        while not Path(self.address.removeprefix("unix:")).exists():
            await asyncio.sleep(0.1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        await self.process.wait()


async def _cost(folder: Path, repeats: int) -> dict[str, Any]:
    """Core share of the worker with a recording less without, and what finishing costs afterwards."""
    without, recording = [], []
    async with Worker(folder) as worker, MediaClient(worker.address) as client:
        encode().save(folder / "clip")
        task = {"subject": "ours", "address": worker.address, "clip": str(folder / "clip"), "host": "127.0.0.1"}
        publisher = await spawn("publisher.py", task)
        await line_of(publisher, "publisher", worker)
        await asyncio.sleep(SETTLE_S)
        for number in range(repeats):
            without.append(await _core(worker.pid))
            name = f"rec{number}"
            await client.start_recording(SESSION, StartRecording(name, name, ["publisher"]))
            await asyncio.sleep(2.0)  # The first second holds frames back until the sender reports are in.
            recording.append(await _core(worker.pid))
            facts = await client.stop_recording(name)
            say(f"run {number + 1}: {without[-1]:.4f} core without, {recording[-1]:.4f} with recording")
        publisher.kill()
    extra = [one - other for one, other in zip(recording, without, strict=True)]
    afterwards = await asyncio.to_thread(_finishing, folder / "recordings" / name)
    return {
        "core_per_stream": round(statistics.median(extra), 4),
        "core_worker_without": round(statistics.median(without), 4),
        "core_worker_recording": round(statistics.median(recording), 4),
        "recorded_bps": round(facts.size_bytes * 8 / facts.duration_s),
        **afterwards,
        "spread": {"core_per_stream": spread(extra, 4)},
    }


async def _core(pid: int) -> float:
    before, began = cpu_s(pid), time.monotonic()
    await asyncio.sleep(WINDOW_S)
    return (cpu_s(pid) - before) / (time.monotonic() - began)


def _finishing(directory: Path) -> dict[str, float]:
    """Core seconds for each recorded second."""
    before = _own_cpu_s()
    facts = finish(directory, lambda share: None)
    between = _own_cpu_s()
    make_view(directory, lambda share: None)
    length_s = facts.duration_s
    return {
        "finish_core_s_per_s": round((between - before) / length_s, 4),
        "view_core_s_per_s": round((_own_cpu_s() - between) / length_s, 3),
    }


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _live_skew(folder: Path) -> float:
    """A robot that flashes and beeps, through a real worker."""
    folder.mkdir(parents=True)
    async with RecordWorker(folder) as worker:
        await worker.join("ann")
        directory = await worker.record(["ann"])
        await asyncio.sleep(LIVE_S)
        await worker.client.stop_recording("rec")
    return _skew_ms(directory)


async def _drift_skew(folder: Path, reports: bool) -> float:
    """Ten minutes with clocks 200 millionths apart, at speed."""
    folder.mkdir(parents=True)
    dice, bench = random.Random(7), Bench(folder, ["ann"])
    picture = Stream("ann", Source.CAMERA, VP8, video("VP8", DRIFT_S, fps=15, size=(160, 90), ppm=100))
    voice = Stream("ann", Source.MICROPHONE, OPUS, sound(DRIFT_S, ppm=-100))
    for stream in (picture, voice):
        stream.delay = lambda t: 0.02 + dice.random() * 0.03
        stream.has_report = lambda t: reports and t > 1
    await bench.record(picture, voice)
    return _skew_ms(bench.directory)


def _skew_ms(directory: Path) -> float:
    facts = finish(directory, lambda share: None)
    tracks = {track.source: track for track in facts.tracks}
    picture, voice = tracks["camera"], tracks["microphone"]
    seen = flashes(directory / picture.name, picture.start_s)
    skews = skews_ms(seen[1:-1], beeps(directory / voice.name, voice.start_s))
    say(f"{len(skews)} flashes, beeps at most {max(skews):.1f} ms away")
    return round(max(skews), 1)


async def _kills(folder: Path, count: int) -> dict[str, Any]:
    """`kill -9` of a recording worker at random moments: seconds that each track lacks afterwards."""
    lost: list[float] = []
    for number in range(count):
        place = folder / str(number)
        place.mkdir(parents=True)
        lost.append(await _killed(place, random.Random(number).uniform(2.5, 8.0)))
        say(f"kill {number + 1}: {lost[-1]:.2f} s lost")
    return {
        "kills": count,
        "kills_within_2_s": sum(seconds < 2.0 for seconds in lost),
        "kill_lost_s_median": round(statistics.median(lost), 2) if lost else None,
        "kill_lost_s_max": round(max(lost), 2) if lost else None,
    }


async def _killed(folder: Path, after_s: float) -> float:
    async with RecordWorker(folder) as worker:
        await worker.join("ann")
        await worker.join("bob", codec="H264")
        directory = await worker.record(["ann", "bob"])
        began = time.monotonic()
        await asyncio.sleep(after_s)
        worker.kill()
        recorded_s = time.monotonic() - began
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    ends = [track.start_s + duration_s(directory / track.name) for track in facts.tracks]
    return recorded_s - min(ends) if len(ends) == 4 else recorded_s


if __name__ == "__main__":
    report.main(
        measure,
        ("--repeats", {"type": int, "default": 5, "help": "pairs of windows"}),
        ("--kills", {"type": int, "default": 20, "help": "killed workers; 0 leaves that out"}),
    )
