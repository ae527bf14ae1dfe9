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
STRICT = "import pytest\n\n@pytest.mark.strict\n"
LATE = """import pathlib

def test_late():
    mark = pathlib.Path(__file__).with_suffix(".late")
    has_run = mark.exists()
    mark.touch()
    assert has_run
"""
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


LATE_SKIPS = "import pytest\n" + LATE + "    pytest.skip('not here')\n"
DIES_ONCE = "import os\n" + LATE.replace("assert has_run", "has_run or os._exit(0)")
MANY = "".join(LATE.replace("late", f"late{number}") for number in range(script["AGAIN_MOST"] + 1))


@pytest.mark.parametrize(
    ("text", "watches_clock", "code", "line"),
    [
        (LATE, True, 0, "1 passed, 0 failed, 0 skipped"),
        (LATE, False, 1, "0 passed, 1 failed, 0 skipped"),
        (LATE + FAILS, True, 1, "0 passed, 2 failed, 0 skipped"),
        (LATE.replace("def", STRICT + "def"), True, 1, "0 passed, 1 failed, 0 skipped"),
        (LATE_SKIPS, True, 1, "0 passed, 1 failed, 0 skipped"),
        (MANY, True, 1, "0 passed, 4 failed, 0 skipped"),
    ],
)
def test_what_watches_the_clock_may_fail_once_and_is_named(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    watches_clock: bool,
    code: int,
    line: str,
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    place = tmp_path / "test_one.py"
    place.write_text(text)
    assert script["run"]([script["Round"](1, [str(place)], watches_clock)]) == code
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == line
    is_named = any(one.startswith("Passed only when it ran again: ") and one.endswith("::test_late") for one in lines)
    assert is_named == (watches_clock and "strict" not in text and text not in (MANY, LATE_SKIPS))


def test_whatever_takes_its_process_along_is_not_looked_at_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    places = [tmp_path / "test_dies.py", tmp_path / "test_other.py"]
    for place, text in zip(places, (DIES_ONCE, PASSES), strict=True):
        place.write_text(text)
    assert script["run"]([script["Round"](2, [str(place) for place in places], watches_clock=True)]) == 1
    told = capfd.readouterr().out
    assert told.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"
    assert "Once more" not in told


def test_every_file_is_in_one_round() -> None:
    rounds = script["rounds"]()
    assert all(one.places for one in rounds)
    assert Counter(path for one in rounds for path in one.places) == Counter(
        str(path) for path in (ROOT / "tests").rglob("test_*.py")
    )


def test_each_name_is_there() -> None:
    assert all((ROOT / "tests" / name).exists() for name in (*script["SECONDS"], *script["ALONE"]))
    assert sys.executable in script["command"](script["Round"](1, []), Path("x"))
