"""Runs all tests as two pytest processes beside each other: in front those that watch the clock and wait for browsers, behind them the others."""

import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
IN_FRONT = ("e2e", "media", "broadcast", "whip", "app")
BEHIND_NICE = 5
"""What is behind has limits of seconds where those in front have tenths: it gives way, and still gets a quarter of a contended core."""
KINDS = ("tests", "failures", "errors", "skipped")


def main() -> int:
    """0 when every test of both passed. What the one behind prints follows when both have ended, then one line about both."""
    began = time.monotonic()
    folders = sorted(path.name for path in (ROOT / "tests").iterdir() if list(path.glob("test_*.py")))
    behind = [name for name in folders if name not in IN_FRONT]
    with tempfile.TemporaryDirectory(prefix="oase-tests-") as place, (pathlib.Path(place) / "said").open("w+") as said:
        files = [pathlib.Path(place) / name for name in ("front.xml", "behind.xml")]
        nice = ["nice", "-n", str(BEHIND_NICE)]
        other = subprocess.Popen([*nice, *command(behind, files[1], "behind")], cwd=ROOT, stdout=said, stderr=said)
        try:
            code = subprocess.run(command(IN_FRONT, files[0], "front"), cwd=ROOT, check=False).returncode
            other_code = other.wait()
        except BaseException:
            other.terminate()
            other.wait()
            raise
        said.seek(0)
        print(said.read(), flush=True)
        counted = [counts(file) for file in files]
    return tell(counted, [code, other_code], time.monotonic() - began)


def command(folders: Sequence[str], report: pathlib.Path, name: str) -> list[str]:
    """A pytest for these folders that writes its counts to `report`."""
    options = [f"--junitxml={report}", "-o", f"cache_dir=.pytest_cache/{name}"]
    return [sys.executable, "-m", "pytest", *options, *(f"tests/{folder}" for folder in folders)]


def counts(report: pathlib.Path) -> dict[str, int]:
    """How many tests ran, and how they ended. One that ended before its report was written ran none, as far as anybody knows."""
    if not report.exists():
        return dict.fromkeys(KINDS, 0)
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    return {kind: sum(int(suite.get(kind, 0)) for suite in suites) for kind in KINDS}


def tell(counted: list[dict[str, int]], codes: list[int], took_s: float) -> int:
    """The one line, and the exit code."""
    total = {kind: sum(one[kind] for one in counted) for kind in KINDS}
    failed = total["failures"] + total["errors"]
    passed = total["tests"] - failed - total["skipped"]
    ended_badly = [code for code in codes if code]
    print(f"Both together in {took_s:.0f} s; exit codes {codes[0]} and {codes[1]}.")
    print(f"{passed} passed, {failed} failed, {total['skipped']} skipped", flush=True)
    return max(ended_badly, default=0) if not failed else 1


if __name__ == "__main__":
    sys.exit(main())
