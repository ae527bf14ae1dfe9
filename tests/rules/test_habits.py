"""The style guide's countable habits."""

import ast
import re

from tests.rules.house import ROOT, functions_of, python_files, tracked

LONGEST_FUNCTION = 40
LONGEST_FILE = 400


def test_functions_stay_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines"
        for path in python_files("server")
        for node in functions_of(path)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


def test_files_stay_short() -> None:
    files = python_files("server", "tests", "scripts") + tracked("web/src/*.ts")
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in files
        if path.name != "messages.ts" and (lines := path.read_text().count("\n")) > LONGEST_FILE
    ]
    assert long == []


def test_no_file_without_a_single_job() -> None:
    vague = {"utils", "helpers", "common", "manager", "misc", "util", "helper"}
    assert [path for path in tracked("server/*", "web/src/*", "tests/*", "scripts/*") if path.stem in vague] == []


def test_tasks_are_made_in_one_place() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("server")
        if path != ROOT / "server" / "tasks.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"create_task", "ensure_future"}
    ]
    assert wrong == []


def test_input_is_never_checked_with_assert() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("server")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]
    assert wrong == []


def test_everything_public_is_described() -> None:
    silent = [
        f"{path.relative_to(ROOT)} {name}"
        for path in python_files("server")
        for name, node in public_definitions(ast.parse(path.read_text()))
        if ast.get_docstring(node) is None
    ]
    assert silent == []


def public_definitions(tree: ast.Module) -> list[tuple[str, ast.Module | ast.ClassDef]]:
    """The module itself (unless it is empty) and its public classes."""
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
    return [*([("(module)", tree)] if tree.body else []), *((n.name, n) for n in classes)]


def test_pages_hold_no_inline_script_or_style() -> None:
    inline = re.compile(
        r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*(\ssrc=|application/json|application/ld\+json))", re.I
    )
    wrong = [
        f"{path.relative_to(ROOT)}: {match.group(0)}"
        for path in tracked("web/templates/*")
        for match in inline.finditer(path.read_text())
    ]
    assert wrong == []


def test_no_marks_left_over() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|HA" + r"CK|X" + r"XX)\b")
    files = tracked("*.py", "*.ts", "*.css", "*.md", "*.jinja", "scripts/*", "docker/*")
    left = [str(path.relative_to(ROOT)) for path in files if mark.search(path.read_text())]
    assert left == []
