"""What is generated is current, and nothing of the workshop stands in the project."""

import re
import subprocess
import sys

from tests.rules.house import ROOT, tracked

# Words of how something came about belong into no file: paths of a builder's machine, the tools used, the tickets worked on.
WORKSHOP = re.compile(
    r"/wo"
    + r"rk/|\.lib"
    + r"rary|sand"
    + r"boxed session|\bL"
    + r"LM\b|language mo"
    + r"del|Cla"
    + r"ude|Co"
    + r"pilot|Chat"
    + r"GPT",
    re.I,
)
OURS = (
    "*.py",
    "*.ts",
    "*.css",
    "*.md",
    "*.jinja",
    "*.toml",
    "*.po",
    "*.mjs",
    "*.html",
    "*.json",
    "scripts/*",
    "docker/*",
)


def test_messages_for_the_pages_are_current() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "messages.py"), "--check"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_no_words_of_the_workshop() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group(0)}"
        for path in tracked(*OURS)
        if path.name != "package-lock.json"
        for match in WORKSHOP.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


def test_lock_files_name_no_host() -> None:
    """Where packages come from is the business of the machine that installs them."""
    for name in ("requirements-run.lock", "requirements-test.lock", "web/package-lock.json"):
        assert "http://" not in (ROOT / name).read_text(), name
        resolved = re.findall(r'"resolved": "([^"]+)"', (ROOT / name).read_text())
        assert resolved == [], name
