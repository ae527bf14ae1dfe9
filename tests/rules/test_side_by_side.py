"""`scripts/test --side-by-side` is green only when both of its halves are."""

import runpy
import sys
from pathlib import Path

import pytest

from server.config import ROOT

PASSES = "def test_passes():\n    pass\n"
FAILS = "def test_fails():\n    assert False\n"
DIES = "import os\n\ndef test_dies():\n    os._exit(0)\n"
SKIPS = "import pytest\n\ndef test_skips():\n    pytest.skip('not here')\n"
BREAKS = "import nothing_of_that_name\n"
script = runpy.run_path(str(ROOT / "scripts" / "side_by_side.py"))


@pytest.mark.parametrize(
    ("front", "behind", "code", "line"),
    [
        (PASSES, PASSES + SKIPS, 0, "2 passed, 0 failed, 1 skipped"),
        (PASSES, FAILS, 1, "1 passed, 1 failed, 0 skipped"),
        (FAILS, PASSES, 1, "1 passed, 1 failed, 0 skipped"),
        (BREAKS, PASSES, 1, "1 passed, 1 failed, 0 skipped"),
        (PASSES, DIES, 1, "1 passed, 1 failed, 0 skipped"),
        ("", PASSES, 1, "1 passed, 0 failed, 0 skipped"),
    ],
)
def test_one_bad_half_is_enough(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    front: str,
    behind: str,
    code: int,
    line: str,
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # Loading them takes seconds.
    places = [tmp_path / "test_front.py", tmp_path / "test_behind.py"]
    for place, text in zip(places, (front, behind), strict=True):
        place.write_text(text)
    assert script["run"]([str(places[0])], [str(places[1])]) == code
    assert capfd.readouterr().out.splitlines()[-1] == line


def test_every_folder_is_in_one_half() -> None:
    """Those in front exist; all others are behind without being named."""
    assert all(list((ROOT / "tests" / name).glob("test_*.py")) for name in script["IN_FRONT"])
    assert all((ROOT / "tests" / name).is_file() for name in script["LAST"])
    assert sys.executable in script["command"]([], Path("x"), "front")
