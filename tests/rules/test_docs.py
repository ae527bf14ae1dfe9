"""The pages for people: links lead somewhere, named files and commands exist, nothing of a workshop is in them."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.rules.house import ROOT, tracked

PAGES = tracked("*.md")
READ_FIRST = [
    "README.md",
    "CHANGES.md",
    "server/README.md",
    "tests/README.md",
    "docker/README.md",
    "recordings/README.md",
]
FENCE = re.compile(r"```.*?```", re.DOTALL)


@pytest.mark.parametrize("name", READ_FIRST)
def test_page_exists(name: str) -> None:
    assert (ROOT / name).stat().st_size > 80


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        other = (page.parent / file).resolve() if file else page
        assert other.exists(), f"{target} in {page.name}"
        if anchor:
            assert anchor in anchors(other), f"{target} in {page.name}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as most readers of Markdown make them."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    text = page.read_text()
    tops = "server|web|scripts|docker|tests|recordings"
    for name in re.findall(rf"(?<![\w/:.])((?:{tops})/[\w./-]*\w/?)", text):
        if name.startswith(("web/dist", "docker/.env", "recordings/")):
            continue  # Made by a run, or by a person.
        assert (ROOT / name).exists(), f"{name} in {page.name}"


def test_benchmarks_are_listed_by_the_dispatcher() -> None:
    listed = subprocess.run([ROOT / "scripts" / "bench", "--help"], capture_output=True, text=True, check=True).stdout
    page = (ROOT / "tests" / "README.md").read_text()
    for name in re.findall(r"^  (\w+) ", listed, re.MULTILINE):
        assert f"`{name}`" in page, f"{name} is not explained in tests/README.md"


def test_readme_shows_the_product() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).stat().st_size < 300_000, picture


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "scripts/run" in text
    assert "scripts/test" in text
