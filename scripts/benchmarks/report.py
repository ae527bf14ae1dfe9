"""What every benchmark prints: one JSON object as the last line, with the machine's facts, medians and their spread."""

import argparse
import asyncio
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

Measure = Callable[[argparse.Namespace], Awaitable[dict[str, Any]]]


def main(measure: Measure, *options: tuple[str, dict[str, Any]]) -> None:
    """Runs `measure` with the parsed options (each a flag and what `add_argument` wants) and prints what it returns."""
    name = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(prog=f"scripts/bench {name}", description=measure.__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there as well")
    for flag, how in options:
        parser.add_argument(flag, **how)
    arguments = parser.parse_args()
    before, began = os.getloadavg()[0], time.time()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # So that what was started is stopped, too.
    figures = asyncio.run(measure(arguments))
    result = {"benchmark": name, **figures, "machine": {**machine(), "load_before": round(before, 2)}}
    result["took_s"] = round(time.time() - began, 1)
    line = json.dumps(result, ensure_ascii=False)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    print(line, flush=True)


def machine() -> dict[str, Any]:
    """Facts without which a figure means nothing. No name of the machine or of a person."""
    return {
        "cpu": _first_line("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_mb": int((_first_line("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) // 1024,
        "kernel": platform.release().split("-")[0],
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
        "python": platform.python_version(),
        "commit": _commit(),
    }


def spread(values: Sequence[float], digits: int = 2) -> dict[str, Any]:
    """Median, smallest, largest and all runs of one figure."""
    if not values:
        return {"median": None, "min": None, "max": None, "runs": []}
    runs = [round(value, digits) for value in values]
    return {"median": round(statistics.median(values), digits), "min": min(runs), "max": max(runs), "runs": runs}


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0..1) of all values lie, interpolated; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def say(text: str) -> None:
    """Progress, for whoever watches; not part of the result."""
    print(text, file=sys.stderr, flush=True)


def cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _first_line(path: str, key: str) -> str | None:
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return None


def _commit() -> str | None:
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return answer.stdout.strip() or None
