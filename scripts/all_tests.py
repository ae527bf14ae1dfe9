"""Runs all tests in three rounds: those that ask for computing, those that look at pages, and alone those that watch the clock or fill the machine.

Most of a run waits: for a database, for a process that starts, for a browser. So the first two rounds share their files among several processes
(pytest-xdist). What has limits of tenths of a second, or runs a broadcast with several browsers, gets the machine to itself.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent


def named(folder: str, names: str) -> list[str]:
    """The files of these tests."""
    return [f"{folder}/test_{name}.py" for name in names.split()]


ALONE = (
    *("whip", "lines"),
    *named("broadcast/compose", "live whep"),
    *named("broadcast/hls", "players"),
    *named(
        "e2e", "audience bringing broadcast_life call demo layers proxy recover stage_turn studio voices watch workers"
    ),
    *named("media", "addresses attacks audience browsers busy ceiling faltering feed_layers forwarding hostile layers"),
    *named("media", "layers_browser line_live lines pauses quarantine rounds speakers turn"),
)
"""Folders and files that measure tenths of a second, or fill the machine by themselves: a composer and several browsers."""
SECONDS = ("app", "e2e", "media")
"""Those that start browsers or whole servers, and whose limits are seconds. What is in `ALONE` is not in here."""
KEEPS_BYTECODE = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
"""Several processes load the same tests: one of them compiles them for all."""
KINDS = ("tests", "failures", "errors", "skipped")


class Round(NamedTuple):
    """Files, and how many pytest processes share them."""

    processes: int
    places: Sequence[str]


def main() -> int:
    """0 when every test of all rounds passed."""
    return run(rounds())


def rounds() -> list[Round]:
    """Every file of the tests, each once. One that nobody named is in the first round."""
    alone = [path for path in files() if is_in(path, ALONE)]
    seconds = [path for path in files() if is_in(path, SECONDS) and path not in alone]
    rest = [path for path in files() if path not in seconds and path not in alone]
    shares = zip((4, 2, 1), (rest, seconds, alone), strict=True)
    return [Round(processes, [str(path) for path in paths]) for processes, paths in shares]


def files() -> list[pathlib.Path]:
    return sorted((ROOT / "tests").rglob("test_*.py"))


def is_in(path: pathlib.Path, names: Sequence[str]) -> bool:
    """Whether the path is one of these files, or in one of these folders."""
    return any(ROOT / "tests" / name in (path, *path.parents) for name in names)


def run(rounds: Sequence[Round]) -> int:
    """The exit code. A round begins when the one before has ended, however that ended."""
    began, codes, counted = time.monotonic(), list[int](), list[dict[str, int] | None]()
    with tempfile.TemporaryDirectory(prefix="oase-tests-") as folder:
        for number, one in enumerate(rounds, 1):
            report = pathlib.Path(folder) / f"{number}.xml"
            codes.append(subprocess.run(command(one, report), cwd=ROOT, env=KEEPS_BYTECODE, check=False).returncode)
            counted.append(counts(report))
            print(f"Round {number} has ended after {time.monotonic() - began:.0f} s.", flush=True)
    return tell(counted, codes, time.monotonic() - began)


def command(one: Round, report: pathlib.Path) -> list[str]:
    """The pytest of this round, which writes its counts to `report`. The tests of a file stay together: they share what takes long to start."""
    beside = (
        ["-p", "xdist", "-n", str(one.processes), "--dist", "loadfile", "--max-worker-restart=0"]
        if one.processes > 1
        else []
    )
    return [sys.executable, "-m", "pytest", f"--junitxml={report}", "--durations=10", *beside, *one.places]


def counts(report: pathlib.Path) -> dict[str, int] | None:
    """How many tests ran, and how they ended. None for a pytest that ended before its report was written, whatever its exit code."""
    if not report.exists():
        return None
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    return {kind: sum(int(suite.get(kind, 0)) for suite in suites) for kind in KINDS}


def tell(counted: Sequence[dict[str, int] | None], codes: Sequence[int], took_s: float) -> int:
    """The one line, and the exit code: 0 only when all came to their end and it was a good one."""
    total = {kind: sum(one[kind] for one in counted if one) for kind in KINDS}
    failed = total["failures"] + total["errors"] + counted.count(None)
    passed = total["tests"] - total["failures"] - total["errors"] - total["skipped"]
    print(f"All together took {took_s:.0f} s; exit codes: {', '.join(map(str, codes))}.")
    print(f"{passed} passed, {failed} failed, {total['skipped']} skipped", flush=True)
    return 1 if any(codes) or failed else 0


if __name__ == "__main__":
    sys.exit(main())
