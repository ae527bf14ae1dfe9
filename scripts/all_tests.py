"""Runs all tests in three rounds: those that ask for computing, those that look at pages, and alone those that watch the clock or fill the machine.

Most of a run waits: for a database, for a process that starts, for a browser. So the first two rounds share their files among several processes
(pytest-xdist). What has limits of tenths of a second, or runs a broadcast with several browsers, gets the machine to itself.

A machine that stands still for a moment breaks such a limit, too. So the few that failed in a round that watches the clock are run again, once and
by themselves, and the end names those that passed only then. What a test marked `strict` says (consent, above all) has to be true the first time.
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
SOME_FAILED, CRASHED = 1, "crashed while running"
"""What pytest says when all tests came to their end, and what pytest-xdist says of one that took its process along: others may not have run then."""
AGAIN_MOST = 3
"""More failures than that are no moment of the machine."""
KINDS = ("tests", "failures", "errors", "skipped")


class Round(NamedTuple):
    """Files, and how many pytest processes share them. `watches_clock`: what fails may be the machine's fault."""

    processes: int
    places: Sequence[str]
    watches_clock: bool = False


class Ended(NamedTuple):
    """How a pytest ended. `counts` is None when it ended before its report was written, whatever its exit code."""

    code: int
    counts: dict[str, int] | None
    failed: Sequence[str] = ()
    passed: Sequence[str] = ()
    has_crashed: bool = False


def main() -> int:
    """0 when every test of all rounds passed."""
    return run(rounds())


def rounds() -> list[Round]:
    """Every file of the tests, each once. One that nobody named is in the first round."""
    alone = [path for path in files() if is_in(path, ALONE)]
    seconds = [path for path in files() if is_in(path, SECONDS) and path not in alone]
    rest = [path for path in files() if path not in seconds and path not in alone]
    paths = [[str(path) for path in places] for places in (rest, seconds, alone)]
    return [Round(4, paths[0]), Round(2, paths[1], watches_clock=True), Round(1, paths[2], watches_clock=True)]


def files() -> list[pathlib.Path]:
    return sorted((ROOT / "tests").rglob("test_*.py"))


def is_in(path: pathlib.Path, names: Sequence[str]) -> bool:
    """Whether the path is one of these files, or in one of these folders."""
    return any(ROOT / "tests" / name in (path, *path.parents) for name in names)


def run(rounds: Sequence[Round]) -> int:
    """The exit code. A round begins when the one before has ended, however that ended."""
    began, ended, late = time.monotonic(), list[Ended](), list[str]()
    with tempfile.TemporaryDirectory(prefix="oase-tests-") as folder:
        for number, one in enumerate(rounds, 1):
            place = pathlib.Path(folder) / str(number)
            first = play(command(one, place), place)
            second = look_again(one, first, place)
            late += second.passed if second else ()
            ended.append(merged(first, second) if second else first)
            print(f"Round {number} has ended after {time.monotonic() - began:.0f} s.", flush=True)
    return tell(ended, late, time.monotonic() - began)


def play(words: Sequence[str], place: pathlib.Path) -> Ended:
    """One pytest, to its end."""
    report = place.with_suffix(".xml")
    report.unlink(missing_ok=True)
    code = subprocess.run(words, cwd=ROOT, env=KEEPS_BYTECODE, check=False).returncode
    return read(report, code)


def look_again(one: Round, first: Ended, place: pathlib.Path) -> Ended | None:
    """Runs what failed a second time, where that is fair."""
    is_fair = one.watches_clock and first.code == SOME_FAILED and not first.has_crashed
    if not is_fair or not 0 < len(first.failed) <= AGAIN_MOST:
        return None
    print(f"Once more, alone: {', '.join(first.failed)}", flush=True)
    failed = ["--last-failed", "--last-failed-no-failures=none", "-m", "not long and not strict"]
    return play([*command(Round(1, one.places), place), *failed], place)


def merged(first: Ended, second: Ended) -> Ended:
    """Good when every test that failed was run again and passed."""
    if second.code or set(second.passed) != set(first.failed) or first.counts is None:
        return first
    return Ended(0, {**first.counts, "failures": 0, "errors": 0}, (), first.passed)


def command(one: Round, place: pathlib.Path) -> list[str]:
    """The pytest of this round, which keeps its report and what failed beside `place`.

    The tests of a file stay together: they share what takes long to start.
    """
    beside = (
        ["-p", "xdist", "-n", str(one.processes), "--dist", "loadfile", "--max-worker-restart=0"]
        if one.processes > 1
        else []
    )
    kept = [f"--junitxml={place.with_suffix('.xml')}", "-o", f"cache_dir={place.with_suffix('.cache')}"]
    return [sys.executable, "-m", "pytest", *kept, "--durations=10", *beside, *one.places]


def read(report: pathlib.Path, code: int) -> Ended:
    """What a pytest says of its tests."""
    if not report.exists():
        return Ended(code, None)
    root = ElementTree.parse(report).getroot()
    suites = list(root.iter("testsuite"))
    counts = {kind: sum(int(suite.get(kind, 0)) for suite in suites) for kind in KINDS}
    bad, skipped = named_by(root, {"failure", "error"}), named_by(root, {"skipped"})
    good = {name_of(case) for case in root.iter("testcase")} - bad - skipped
    has_crashed = any(CRASHED in (one.text or "") for kind in ("failure", "error") for one in root.iter(kind))
    return Ended(code, counts, sorted(bad), sorted(good), has_crashed)


def named_by(root: ElementTree.Element, ends: set[str]) -> set[str]:
    """The tests that ended so."""
    return {name_of(case) for case in root.iter("testcase") if ends & {one.tag for one in case}}


def name_of(case: ElementTree.Element) -> str:
    return f"{case.get('classname', '')}::{case.get('name', '')}"


def tell(ended: Sequence[Ended], late: Sequence[str], took_s: float) -> int:
    """The last lines, and the exit code: 0 only when all came to their end and it was a good one."""
    counted = [one.counts for one in ended]
    total = {kind: sum(one[kind] for one in counted if one) for kind in KINDS}
    failed = total["failures"] + total["errors"] + counted.count(None)
    passed = total["tests"] - total["failures"] - total["errors"] - total["skipped"]
    for name in late:
        print(f"Passed only when it ran again: {name}")
    print(f"All together took {took_s:.0f} s; exit codes: {', '.join(str(one.code) for one in ended)}.")
    print(f"{passed} passed, {failed} failed, {total['skipped']} skipped", flush=True)
    return 1 if failed or any(one.code for one in ended) else 0


if __name__ == "__main__":
    sys.exit(main())
