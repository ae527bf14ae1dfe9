"""What finishing left on the disk: `facts.json` of each part, put together to one recording."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

FACTS = "facts.json"
INDEX = "index.jsonl"
VIEW = "view.mp4"


class _Track(BaseModel):
    name: str
    participant: str
    source: str
    mime: str
    start_s: float
    duration_s: float
    size_bytes: int


class _View(BaseModel):
    name: str
    mime: str
    duration_s: float
    size_bytes: int
    poster: str = ""


class _Facts(BaseModel):
    started_at: float
    duration_s: float
    size_bytes: int
    tracks: list[_Track] = []
    view: _View | None = None
    unread: list[str] = []


@dataclass(frozen=True, slots=True)
class Finished:
    """A whole recording. `tracks` is what the database keeps: its parts in time, its files, and how many files could not be read."""

    duration_s: float
    size_bytes: int
    tracks: dict[str, Any]


def part_folders(folder: Path, parts: int) -> list[Path]:
    """The parts that were really begun, in order."""
    folders = [folder / f"part-{number}" for number in range(1, parts + 1)]
    return [one for one in folders if (one / INDEX).exists() or (one / FACTS).exists()]


def parts_with_view(parts: list[Path]) -> list[Path]:
    """Those of the parts that have a film, in order."""
    known = [(part, _read(part)) for part in parts]
    return [part for part, facts in known if facts is not None and facts.view is not None]


def read_finished(folder: Path, parts: int) -> Finished:
    """The recording as its finished parts say. Parts without readable facts are left out."""
    files: list[dict[str, Any]] = []
    spans: list[dict[str, float]] = []
    offset_s, unread = 0.0, 0
    for part in part_folders(folder, parts):
        facts = _read(part)
        unread += len(facts.unread) if facts else 0
        if facts is None or not facts.tracks:
            continue
        files += _files(part, facts, offset_s)
        spans.append({"started_at": facts.started_at, "duration_s": facts.duration_s, "offset_s": offset_s})
        offset_s += facts.duration_s
    whole = folder / VIEW
    if len(spans) > 1 and whole.exists():
        files = [file for file in files if file["kind"] != "view"]
        files.insert(0, _whole(whole, offset_s))
    size_bytes = sum(file["size_bytes"] for file in files)
    return Finished(round(offset_s, 3), size_bytes, {"parts": spans, "files": files, "unread": unread})


def _whole(view: Path, duration_s: float) -> dict[str, Any]:
    """The film of all parts, which stands beside their folders."""
    file = _file(view.parent, "view", view.name, "video/mp4", view.stat().st_size, 0.0, duration_s)
    return file | {"name": view.name, "path": view.name}


def _read(part: Path) -> _Facts | None:
    try:
        return _Facts.model_validate(json.loads((part / FACTS).read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None


def _files(part: Path, facts: _Facts, offset_s: float) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = []
    if facts.view is not None:
        view = facts.view
        files.append(_file(part, "view", view.name, view.mime, view.size_bytes, offset_s, view.duration_s))
        if view.poster:
            poster = part / view.poster
            size = poster.stat().st_size if poster.exists() else 0
            files.append(_file(part, "poster", view.poster, "image/jpeg", size, offset_s, None))
    for track in facts.tracks:
        start_s = offset_s + track.start_s
        file = _file(part, "track", track.name, track.mime, track.size_bytes, start_s, track.duration_s)
        files.append(file | {"participant": track.participant, "source": track.source})
    return files


def _file(
    part: Path, kind: str, name: str, mime: str, size_bytes: int, start_s: float, duration_s: float | None
) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": f"{part.name}-{name}",
        "path": f"{part.name}/{name}",
        "type": mime,
        "participant": None,
        "source": None,
        "size_bytes": size_bytes,
        "start_s": round(start_s, 3),
        "duration_s": duration_s,
    }
