"""Runs all tests as two pytest processes beside each other: in front those that watch the clock and wait for browsers, behind them the others.

What is behind ends in half the time. Tests of how smoothly pictures move and how soon somebody is back come last in front, when they have the machine
to themselves.
"""

import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
IN_FRONT = ("whip", "e2e", "media", "lines", "app")
LAST = ("broadcast/hls/test_players.py", "e2e/test_layers.py", "e2e/test_recover.py", "e2e/test_voices.py")
BEHIND_NICE = 5
"""What is behind has limits of seconds where those in front have tenths: it gives way, and still gets a quarter of a contended core."""
KINDS = ("tests", "failures", "errors", "skipped")


def main() -> int:
    """0 when every test of both passed. A folder that nobody named is behind."""
    tests = ROOT / "tests"
    files = [path for path in sorted(tests.rglob("test_*.py")) if str(path.relative_to(tests)) not in LAST]
    front = [path for name in IN_FRONT for path in files if tests / name in path.parents]
    behind = [path for path in files if path not in front]
    return run([*map(str, front), *(f"tests/{name}" for name in LAST)], [*map(str, behind)])


def run(front: Sequence[str], behind: Sequence[str]) -> int:
    """The exit code. What the one behind prints follows when both have ended, then one line about both."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="oase-tests-") as place, (pathlib.Path(place) / "said").open("w+") as said:
        files = [pathlib.Path(place) / name for name in ("front.xml", "behind.xml")]
        nice = ["nice", "-n", str(BEHIND_NICE)]
        other = subprocess.Popen([*nice, *command(behind, files[1], "behind")], cwd=ROOT, stdout=said, stderr=said)
        try:
            code = subprocess.run(command(front, files[0], "front"), cwd=ROOT, check=False).returncode
            other_code = other.wait()
        except BaseException:
            other.terminate()
            other.wait()
            raise
        said.seek(0)
        print(said.read(), flush=True)
        counted = [counts(file) for file in files]
    return tell(counted, [code, other_code], time.monotonic() - began)


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
    """The one line, and the exit code: 0 only when both came to their end and it was a good one."""
    total = {kind: sum(one[kind] for one in counted if one) for kind in KINDS}
    failed = total["failures"] + total["errors"] + counted.count(None)
    passed = total["tests"] - total["failures"] - total["errors"] - total["skipped"]
    print(f"Both together took {took_s:.0f} s; their exit codes: {codes[0]} and {codes[1]}.")
    print(f"{passed} passed, {failed} failed, {total['skipped']} skipped", flush=True)
    return 1 if any(codes) or failed else 0


if __name__ == "__main__":
    sys.exit(main())
