"""The other half of `audience`: thousands of sockets in one audience, while people write and vote."""

import asyncio
import collections
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import report
from report import say
from running_call import RunningCall, running_call

from tests.audience_crowd import Board, Stage, open_pages, running_stage, speak

SETTLE_S, QUIET_S = 3.0, 8.0


async def measure_sockets(viewers: int = 5_000, seconds: float = 20.0) -> dict[str, Any]:
    """Memory for each page, and how late each line was at each page, with 50 lines and 100 votes a second, beside a running call."""
    _allow_files(2 * viewers + 1_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            running_stage(folder, OASE_SUPERVISE="1") as stage,
            running_call(folder, f"unix:{folder / 'media.sock'}", "127.0.0.1") as call,
        ):
            return await _measured(stage, call, viewers, seconds)


async def _measured(stage: Stage, call: RunningCall, viewers: int, seconds: float) -> dict[str, Any]:
    pid, board = stage.process.pid, Board()
    os.sched_setaffinity(pid, {0})
    os.sched_setaffinity(0, {1 % (os.cpu_count() or 1)})
    os.nice(10)  # The call's peers share the core with the pages, which would be anywhere else.
    await asyncio.sleep(QUIET_S)
    alone = await call.look()
    before, began, cpu = _memory(pid), time.monotonic(), report.cpu_s(pid)
    pages = await open_pages(stage, viewers, board)
    opened_s, opening_cpu_s = time.monotonic() - began, report.cpu_s(pid) - cpu
    opening = await call.look()
    idle_cpu = report.cpu_s(pid)
    await asyncio.sleep(SETTLE_S)
    idle_cpu = report.cpu_s(pid) - idle_cpu
    quiet = (_memory(pid) - before) / viewers
    say(f"{viewers} pages in {opened_s:.1f} s, {quiet:.0f} bytes each")
    await call.look()
    cpu, own, began = report.cpu_s(pid), time.process_time(), time.monotonic()
    spoken, voted, refused = await speak(stage, board, seconds)
    busy_s, busy_cpu_s, own = time.monotonic() - began, report.cpu_s(pid) - cpu, time.process_time() - own
    beside = await call.look()
    last = max(page.seq for page in pages)
    await asyncio.sleep(1.0)
    loud = (_memory(pid) - before) / viewers
    current = sum(page.seq >= last and not page.is_cut for page in pages)
    for page in pages:
        page.close()
    delays = board.delays_ms()
    return {
        "socket_viewers": viewers,
        "socket_bytes_per_viewer": round(max(quiet, loud)),
        "message_delay_ms_p50": _percentile(delays, 0.5),
        "message_delay_ms_p95": _percentile(delays, 0.95),
        "message_delay_ms_max": max(delays, default=None),
        "messages_delivered": sum(delays.values()),
        "messages_expected": spoken * viewers,
        "pages_current_after_1_s": current,
        "lines_per_s": round(spoken / busy_s, 1),
        "votes_per_s": round(voted / busy_s, 1),
        "requests_refused": refused,
        "socket_cpu_core": round(busy_cpu_s / busy_s, 2),
        "socket_idle_cpu_core": round(idle_cpu / SETTLE_S, 2),
        "socket_pages_cpu_core": round(own / busy_s, 2),
        "socket_open_cpu_ms": round(1000 * opening_cpu_s / viewers, 2),
        "socket_call_lost_packets": opening["lost"] + beside["lost"],
        "socket_call_fps_min": beside["fps_min"],
        "socket_call": {"alone": alone, "while_pages_open": opening, "beside_the_crowd": beside},
    }


def _percentile(counts: collections.Counter[int], share: float) -> int | None:
    """The value below which `share` of all lie."""
    left = share * sum(counts.values())
    for value in sorted(counts):
        left -= counts[value]
        if left <= 0:
            return value
    return None


def _memory(pid: int) -> int:
    """Bytes of a process that are its own, its share of common ones counted in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard) if hard > 0 else count, hard))
