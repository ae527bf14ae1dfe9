"""Compiled templates are kept in the data folder, and a page never depends on it."""

from pathlib import Path

from server.api.shell import Shell
from server.api.static import Files
from server.config import Settings
from server.domain.words import Language


def start_page(folder: Path) -> str:
    """A page, as a process that has just started renders it. (No front end: its files have no part in this.)"""
    shell = Shell(Settings(data=folder), Files(folder / "no front end"))
    facts = {"status": 404, "code": "not_found", "detail": "There is nothing here.", "home": "/", "sign_in": None}
    return str(shell.page("error", Language.EN, "/", None, more=facts).text)


def test_second_start_finds_compiled_templates(tmp_path: Path) -> None:
    first = start_page(tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "templates").iterdir()}
    assert kept
    assert start_page(tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "templates").iterdir()} == kept


def test_page_needs_no_folder_for_them(tmp_path: Path) -> None:
    expected = start_page(tmp_path / "fine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "templates").write_text("A file where the folder would be.")
    assert start_page(tmp_path / "other") == expected
