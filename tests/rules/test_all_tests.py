"""`scripts/test` is green only when every process of its rounds is, and runs every file once."""

import runpy
import sys
from collections import Counter
from pathlib import Path

import pytest

from server.config import ROOT

PASSES = "def test_passes():\n    pass\n"
FAILS = "def test_fails():\n    assert False\n"
DIES = "import os\n\ndef test_dies():\n    os._exit(0)\n"
SKIPS = "import pytest\n\ndef test_skips():\n    pytest.skip('not here')\n"
BREAKS = "import nothing_of_that_name\n"
script = runpy.run_path(str(ROOT / "scripts" / "all_tests.py"))


@pytest.mark.parametrize(
    ("texts", "code", "line"),
    [
        ((PASSES, PASSES + SKIPS, PASSES), 0, "3 passed, 0 failed, 1 skipped"),
        ((PASSES, FAILS, PASSES), 1, "2 passed, 1 failed, 0 skipped"),
        ((FAILS, PASSES, PASSES), 1, "2 passed, 1 failed, 0 skipped"),
        ((PASSES, PASSES, FAILS), 1, "2 passed, 1 failed, 0 skipped"),
        ((BREAKS, PASSES, PASSES), 1, "2 passed, 1 failed, 0 skipped"),
        ((PASSES, DIES, PASSES), 1, "2 passed, 1 failed, 0 skipped"),
        ((PASSES, PASSES, DIES), 1, "2 passed, 1 failed, 0 skipped"),
        (("", "", PASSES), 1, "1 passed, 0 failed, 0 skipped"),
        ((PASSES, PASSES, ""), 1, "2 passed, 0 failed, 0 skipped"),
    ],
)
def test_one_bad_process_is_enough(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    texts: tuple[str, str, str],
    code: int,
    line: str,
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # Loading them takes seconds.
    places = [tmp_path / f"test_{number}.py" for number in range(3)]
    for place, text in zip(places, texts, strict=True):
        place.write_text(text)
    beside, alone = [str(place) for place in places[:2]], [str(places[2])]
    assert script["run"]([script["Round"](2, beside), script["Round"](1, alone)]) == code
    assert capfd.readouterr().out.splitlines()[-1] == line


def test_every_file_is_in_one_round() -> None:
    rounds = script["rounds"]()
    assert all(one.places for one in rounds)
    assert Counter(path for one in rounds for path in one.places) == Counter(
        str(path) for path in (ROOT / "tests").rglob("test_*.py")
    )


def test_each_name_is_there() -> None:
    assert all((ROOT / "tests" / name).exists() for name in (*script["SECONDS"], *script["ALONE"]))
    assert sys.executable in script["command"](script["Round"](1, []), Path("x"))
