"""The index of a stream: one JSON object a line, appended, in the manner of a recording's index (`server/media/recorder/index.py`).

    start    at (UNIX time of tick 0), timing                  the stream begins; all other times are ticks (1/90,000 s) since then
    run      part, codecs, width, height                       a new initialization section i<part>.mp4; not the first: a discontinuity
    part     part, time, duration, bytes, key | gap            p<part>.m4s; a gap has no file
    segment  bytes | gap                                       the parts since the last such line, joined as s<first part>.m4s
    lost     segment                                           its file was found broken after a crash
    stop                                                       nothing comes any more

A file is whole and under its name before its line is written. A line is written by one call; a killed process leaves at most a half one at the end,
which readers leave for later and the next writer cuts off.
"""

import json
from pathlib import Path
from typing import Any

from server.broadcast.hls.stream import Entry

NAME = "index.jsonl"


def line(entry: Entry) -> bytes:
    """As it goes to the file."""
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def read_entries(path: Path, position: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The whole lines behind `position` (bytes), and the position after them. Broken lines are left out; a missing file is an empty one."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            data = file.read()
    except FileNotFoundError:
        return [], position
    end = data.rfind(b"\n") + 1
    entries = [entry for raw in data[:end].splitlines() if (entry := _entry(raw)) is not None]
    return entries, position + end


def _entry(raw: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(raw)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("kind"), str) else None
