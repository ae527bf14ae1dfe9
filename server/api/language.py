"""Languages of pages and of sentences about failures: catalogues read from `web/locales/*.po` at the start, and the choice for a request."""

import functools
from pathlib import Path

from aiohttp import web
from babel.core import negotiate_locale
from babel.messages.pofile import read_po

from server.config import ROOT
from server.domain.words import Language
from server.errors import OaseError

LOCALES = ROOT / "web" / "locales"
COOKIE = "oase-lang"
DEFAULT = Language.DE


class Words:
    """One language's messages. A message that is missing is its own translation, so that nothing crashes for a word."""

    def __init__(self, language: Language, folder: Path = LOCALES) -> None:
        self.language = language
        self._one: dict[str, str] = {}
        self._many: dict[str, tuple[str, ...]] = {}
        for file in sorted(folder.glob(f"*{language.value}.po")):
            self._read(file)

    def _read(self, file: Path) -> None:
        with file.open("rb") as stream:
            catalog = read_po(stream, locale=self.language.value)
        for message in catalog:
            if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string:
                self._one[message.id] = message.string
            elif isinstance(message.id, (tuple, list)) and message.string and all(message.string):
                self._many[message.id[0]] = tuple(message.string)

    def gettext(self, message: str) -> str:
        return self._one.get(message, message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        forms = self._many.get(one)
        if forms:
            return forms[0 if number == 1 else -1]  # German and English: one, and everything else.
        return one if number == 1 else many

    def sentence(self, error: OaseError) -> str:
        """What a person reads about this failure. Facts that the sentence has no place for are left out."""
        text = self._one.get(f"error.{error.code}") or self._one.get("error.internal", error.code)
        field = error.facts.get("field", "")
        try:
            return text % {**error.facts, "field": self._one.get(f"field.{field}", field)}
        except (KeyError, ValueError, TypeError):
            return text

    def __contains__(self, message: str) -> bool:
        return message in self._one or message in self._many


@functools.cache
def words(language: Language) -> Words:
    """The messages of `language`, read once a process."""
    return Words(language)


def of_request(request: web.Request) -> Language:
    """`?lang=`, else the cookie, else what the browser asks for, else German."""
    for wish in (request.query.get("lang"), request.cookies.get(COOKIE)):
        if wish in {language.value for language in Language}:
            return Language(wish)
    return _of_header(request.headers.get("Accept-Language", ""))


def _of_header(header: str) -> Language:
    """The best of our languages for an Accept-Language value (RFC 9110, section 12.5.4); at most ten wishes are read."""
    wishes = []
    for position, part in enumerate(header[:400].split(",")[:10]):
        tag, _, rest = part.strip().partition(";")
        quality = rest.strip().removeprefix("q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        if tag and weight > 0:
            wishes.append((-weight, position, tag.strip().replace("-", "_")))
    found = negotiate_locale([tag for _, _, tag in sorted(wishes)], [language.value for language in Language])
    return Language(found) if found else DEFAULT
