"""Captions that people bring as WebVTT files, read into plain cues and written anew: times and words, and nothing else that a file may hold.

What is read is what the W3C's WebVTT says of cues; styles, regions, places and notes are left out, and so is all markup in the words.
"""

import html
import re
from dataclasses import dataclass

from server.domain.cleaning import clean_text
from server.errors import BadCaptions, BadField

CAPTION_BYTES = 512 * 1024
CUES_MAX = 10_000
CUE_LENGTH = 1_000
LONGEST_MS = 7 * 86_400_000
_TIME = r"(?:(\d{2,4}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES = re.compile(rf"[ \t]*{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?")
_MARKUP = re.compile(r"<[^<>]*>?")
_LEFT_OUT = re.compile(r"(NOTE|STYLE|REGION)(?:[ \t].*)?")


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are seen from one moment to another."""

    start_ms: int
    end_ms: int
    text: str


def read_captions(data: bytes) -> list[Cue]:
    """The cues in their order. Raises BadCaptions, which names the line (1 is the first) and what is wrong there."""
    if len(data) > CAPTION_BYTES:
        raise BadCaptions(line=1, why="too_long")
    try:
        lines = re.split("\r\n|\r|\n", data.decode("utf-8-sig").replace("\0", "\ufffd"))
    except UnicodeDecodeError as error:
        raise BadCaptions(line=data.count(b"\n", 0, error.start) + 1, why="not_utf8") from None
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        raise BadCaptions(line=1, why="no_header")
    cues: list[Cue] = []
    for first, block in _blocks(lines):
        cue = _cue(first, block)
        if cue is None:
            continue
        if cues and cue.start_ms < cues[-1].start_ms:
            raise BadCaptions(line=first, why="not_in_order")
        cues.append(cue)
        if len(cues) > CUES_MAX:
            raise BadCaptions(line=first, why="too_long")
    if not cues:
        raise BadCaptions(line=1, why="empty")
    return cues


def _blocks(lines: list[str]) -> list[tuple[int, list[str]]]:
    """What stands between blank lines after the header, each with the number of its first line."""
    found: list[tuple[int, list[str]]] = []
    open_block = False
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            open_block = False
        elif open_block:
            found[-1][1].append(line)
        else:
            found.append((number, [line]))
            open_block = True
    return found[1:] if found and found[0][0] == 2 else found  # What follows the header at once belongs to it.


def _cue(first: int, block: list[str]) -> Cue | None:
    """The cue of a block; None for what is none, or says nothing."""
    at = next((place for place, line in enumerate(block[:2]) if "-->" in line), None)
    if at is None:
        if _LEFT_OUT.fullmatch(block[0]):
            return None
        raise BadCaptions(line=first, why="no_times")
    times = _TIMES.fullmatch(block[at])
    if times is None:
        raise BadCaptions(line=first + at, why="bad_times")
    start_ms, end_ms = _milliseconds(times.groups()[:4]), _milliseconds(times.groups()[4:])
    if end_ms <= start_ms or end_ms > LONGEST_MS:
        raise BadCaptions(line=first + at, why="bad_times")
    for number, line in enumerate(block[at + 1 :], first + at + 1):
        if "-->" in line:
            raise BadCaptions(line=number, why="no_blank_line")
    text = _words("\n".join(block[at + 1 :]), first + at + 1)
    return Cue(start_ms, end_ms, text) if text else None


def _milliseconds(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, rest = (int(part or 0) for part in parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def _words(text: str, line: int) -> str:
    """What is seen, without markup, and with nothing that turns what follows."""
    plain = html.unescape(_MARKUP.sub("", text)).strip()
    if len(plain) > CUE_LENGTH:
        raise BadCaptions(line=line, why="too_long")
    try:
        cleaned = clean_text(plain, "captions", CUE_LENGTH)
    except BadField:
        return ""  # Nothing of it can be seen.
    return "\n".join(part for part in cleaned.split("\n") if part)


def write_captions(cues: list[Cue]) -> str:
    """A WebVTT file of these cues, in which no word can be taken for markup or for a time."""
    blocks = [f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{html.escape(cue.text, quote=False)}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def _time(moment_ms: int) -> str:
    seconds, rest = divmod(moment_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
