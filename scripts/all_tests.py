"""Runs all tests in two rounds: first those that ask for computing, as two processes beside each other; then those that watch the clock, alone.

Most of a run waits: for a database, for a process that starts, for a browser. What has limits of tenths of a second gets the machine to itself; what
has limits of seconds shares it and ends in half the time.
"""

import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALONE = ("whip", "app", "lines", "media", "e2e", "broadcast/compose/test_live.py", "broadcast/hls/test_players.py")
"""Folders and files that watch the clock, or wait for browsers to show pictures."""
ONE_HALF = ("rules", "store", "service", "fuzz")
"""Of the others; the rest is the other half. They take about as long."""
KINDS = ("tests", "failures", "errors", "skipped")


def main() -> int:
    """0 when every test of both rounds passed."""
    return run([[half for half in halves() if half], [list(alone())]])


def halves() -> tuple[list[str], list[str]]:
    """The files of the first round, for each of its two processes. A folder that nobody named is in the second half."""
    rest = [path for path in files() if not is_in(path, ALONE)]
    first = [path for path in rest if is_in(path, ONE_HALF)]
    return [str(path) for path in first], [str(path) for path in rest if path not in first]


def alone() -> list[str]:
    """The files of the second round, in the order of `ALONE`."""
    return [str(path) for name in ALONE for path in files() if is_in(path, (name,))]


def files() -> list[pathlib.Path]:
    return sorted((ROOT / "tests").rglob("test_*.py"))


def is_in(path: pathlib.Path, names: Sequence[str]) -> bool:
    """Whether the path is one of these files, or in one of these folders."""
    return any(ROOT / "tests" / name in (path, *path.parents) for name in names)


def run(rounds: Sequence[Sequence[Sequence[str]]]) -> int:
    """The exit code. Each round is a list of processes, each of them a list of places; a round begins when the one before has ended."""
    began, codes, counted = time.monotonic(), list[int](), list[dict[str, int] | None]()
    with tempfile.TemporaryDirectory(prefix="oase-tests-") as place:
        for number, processes in enumerate(rounds):
            folder = pathlib.Path(place) / str(number)
            folder.mkdir()
            codes += run_beside(processes, folder)
            counted += [counts(folder / f"{one}.xml") for one in range(len(processes))]
    return tell(counted, codes, time.monotonic() - began)


def run_beside(processes: Sequence[Sequence[str]], folder: pathlib.Path) -> list[int]:
    """The exit codes of these pytests, which run at the same time. What the first prints is seen at once, that of the others when they have ended."""
    says = [(folder / f"{number}.said").open("w+") for number in range(1, len(processes))]
    commands = [command(places, folder / f"{number}.xml", str(number)) for number, places in enumerate(processes)]
    others = [
        subprocess.Popen(one, cwd=ROOT, stdout=said, stderr=said) for one, said in zip(commands[1:], says, strict=True)
    ]
    try:
        codes = [subprocess.run(commands[0], cwd=ROOT, check=False).returncode, *(other.wait() for other in others)]
    except BaseException:
        for other in others:
            other.terminate()
            other.wait()
        raise
    for said in says:
        said.seek(0)
        print(said.read(), flush=True)
        said.close()
    return codes


def command(places: Sequence[str], report: pathlib.Path, name: str) -> list[str]:
    """A pytest for these places that writes its counts to `report`."""
    options = [f"--junitxml={report}", "--durations=10", "-o", f"cache_dir=.pytest_cache/{name}"]
    return [sys.executable, "-m", "pytest", *options, *places]


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
