"""Renders templates: one Jinja environment for each language, with the words, the hashed files and the page's data in reach."""

import contextlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from server.api.language import words
from server.api.static import Files
from server.config import ROOT, Settings
from server.domain.words import Language

log = structlog.get_logger(__name__)


class _Missing(StrictUndefined):
    """A name that a template has not got: it may ask whether it is there, but not print it."""

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates outlive the process: the first page after a start comes 0.15 s sooner. Where they cannot be kept, they are not."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):  # A full disk stops no page.
            super().dump_bytecode(bucket)


class Shell:
    """The templates of `web/templates`. What every template can use is listed in `pages.py`."""

    def __init__(self, settings: Settings, files: Files) -> None:
        self._settings = settings
        self._by_language = {language: self._environment(language, files.address) for language in Language}

    def _environment(self, language: Language, asset: Callable[[str], str]) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(ROOT / "web" / "templates"),
            bytecode_cache=_Compiled(self._settings.data / "templates"),
            autoescape=True,
            undefined=_Missing,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        catalogue = words(language)
        environment.install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=True)  # type: ignore[attr-defined]
        environment.globals.update(
            asset=asset,
            lang=language.value,
            other_lang=(Language.EN if language is Language.DE else Language.DE).value,
            company=self._settings.company,
            imprint_url=self._settings.imprint_url,
            privacy_url=self._settings.privacy_url,
        )
        return environment

    def page(
        self,
        name: str,
        language: Language,
        path: str,
        me: dict[str, str] | None,
        data: dict[str, Any] | None = None,
        more: dict[str, Any] | None = None,
        status: int = 200,
    ) -> web.Response:
        """The page `name`. `data` goes into the page's JSON and `page`; `more` into the template only."""
        base = {"name": name, "lang": language.value, "me": me, "company": self._settings.company}
        page = {**(data or {}), **base}
        facts = {
            "page": page,
            "page_json": script_of(page),
            "me": me,
            "path": path,
            "client_id": secrets.token_urlsafe(16),
        }
        try:
            html = self._by_language[language].get_template(f"{name}.html.jinja").render(**facts, **(more or {}))
        except TemplateNotFound as error:
            log.warning("template_missing", template=error.name)
            html = _plain_page(language, self._settings.company, str((more or {}).get("detail", name)))
        reply = web.Response(text=html, status=status, content_type="text/html")
        reply.headers["Vary"] = "Accept-Language, Cookie"
        if len(html) > 1024:
            reply.enable_compression()
        return reply


def script_of(page: dict[str, Any]) -> Markup:
    """The page's data as a JSON script element; `<`, `>` and `&` are escaped so that nothing inside can end it."""
    return data_script(page, "application/json", "page")


def data_script(data: dict[str, Any], kind: str, name: str = "") -> Markup:
    """Data for programs as a script element of a type that no browser runs, and that no CSP forbids therefore."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    mark = Markup(' id="{}"').format(name) if name else Markup("")
    return Markup('<script type="{}"{}>{}</script>').format(kind, mark, Markup(safe))  # noqa: S704


def _plain_page(language: Language, company: str, sentence: str) -> str:
    return (
        f'<!doctype html><html lang="{language.value}"><meta charset="utf-8"><title>{escape(company)}</title>'
        f"<h1>{escape(company)}</h1><p>{escape(sentence)}</p>"
    )


SHELL = web.AppKey("shell", Shell)
