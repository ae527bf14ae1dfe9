"""What people type, made safe to keep and to show: no control characters, nothing that turns the reading direction of what follows."""

import re
import unicodedata

from server.errors import BadField

NAME_LIMIT = 80
SUMMARY_LIMIT = 500
TEXT_LIMIT = 4000
EMAIL_LIMIT = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets.
PHONE_LIMIT = 40
LINE_BREAK = re.compile("\r\n|[\r\u2028\u2029]")
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

# Embeddings, overrides and isolates (Unicode 15, section 23.2): a name with one of them rewrites the line behind it.
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
EMAIL = re.compile(r"[^\s@\"<>(),;:\\]+@[^\s@\"<>(),;:\\]+\.[^\s@\"<>(),;:\\]+")
PHONE = re.compile(r"[+0-9][0-9 ()/.\-]{3,}")


def clean_line(text: str, field: str, limit: int, *, least: int = 1) -> str:
    """One line: normalised (NFC), blanks merged, without control characters. Raises BadField(field, limit)."""
    line = " ".join(_without_controls(text, keep="").split())
    return _within(line, field, limit, least)


def clean_text(text: str, field: str, limit: int = TEXT_LIMIT) -> str:
    """Several lines: as `clean_line`, but line breaks stay. Raises BadField(field, limit)."""
    broken = LINE_BREAK.sub("\n", text)
    lines = [line.rstrip() for line in _without_controls(broken, keep="\n").split("\n")]
    return _within("\n".join(lines).strip(), field, limit, 1)


def clean_name(text: str, field: str = "name") -> str:
    """A person's name of 1 to 80 characters. Raises BadField."""
    return clean_line(text, field, NAME_LIMIT)


def clean_email(text: str | None, field: str = "email") -> str | None:
    """An e-mail address in lower case, or None when nothing was given. Raises BadField."""
    line = clean_line(text or "", field, EMAIL_LIMIT, least=0)
    if line and not EMAIL.fullmatch(line):
        raise BadField(field=field)
    return line.lower() or None


def clean_phone(text: str | None, field: str = "phone") -> str | None:
    """A phone number as it was typed, or None when nothing was given. Raises BadField."""
    line = clean_line(text or "", field, PHONE_LIMIT, least=0)
    if line and not PHONE.fullmatch(line):
        raise BadField(field=field)
    return line or None


def clean_client_id(text: str, field: str = "client_id") -> str:
    """An id made in a browser: 16 to 64 of A-Z a-z 0-9 _ -. Raises BadField."""
    if not CLIENT_ID.fullmatch(text):
        raise BadField(field=field)
    return text


def search_key(*texts: str | None) -> str:
    """What is searched in: case-folded, one blank between words."""
    return " ".join(" ".join(text.casefold().split()) for text in texts if text)


def _without_controls(text: str, keep: str) -> str:
    def is_wanted(sign: str) -> bool:
        return sign in keep or (unicodedata.category(sign) not in {"Cc", "Cs", "Co", "Cn"} and sign not in BIDI)

    blanked = text if "\n" in keep else text.replace("\n", " ").replace("\r", " ")
    return "".join(filter(is_wanted, unicodedata.normalize("NFC", blanked.replace("\t", " "))))


def _within(text: str, field: str, limit: int, least: int) -> str:
    if not least <= len(text) <= limit:
        raise BadField(field=field, limit=limit)
    return text
