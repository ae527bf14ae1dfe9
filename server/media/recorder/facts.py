"""`facts.json`: what a finished recording consists of. Written by the finisher, completed by the view, read by whoever shows recordings."""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

NAME = "facts.json"
VIEW = "view.mp4"  # The playable view beside it.


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """One finished track. `name` is its file; `start_s` counts from the beginning of the recording; sizes are 0 for sound."""

    name: str
    participant: str
    source: str
    mime: str
    start_s: float
    duration_s: float
    size_bytes: int
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """The playable view of the session. `poster` is a JPEG beside it, or empty."""

    name: str
    mime: str
    duration_s: float
    size_bytes: int
    width: int
    height: int
    poster: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """A finished recording. `interrupted`: it ended otherwise than by a stop; `reason` is then killed, no_space or write_failed.

    `unread`: files that could not be read, or not to their end, and are left out of what is played from there on.
    """

    recording: str
    started_at: float
    duration_s: float
    size_bytes: int
    interrupted: bool
    reason: str
    tracks: list[TrackFacts] = field(default_factory=list)
    view: ViewFacts | None = None
    unread: list[str] = field(default_factory=list)


def write_facts(directory: Path, facts: Facts) -> None:
    """All of it or nothing: written beside, synced, renamed."""
    replace(directory / NAME, json.dumps(asdict(facts), ensure_ascii=False, indent=1).encode())


def read_facts(directory: Path) -> Facts:
    """The facts of a finished recording. Raises FileNotFoundError before that, ValueError for a broken file."""
    raw = json.loads((directory / NAME).read_bytes())
    try:
        tracks = [TrackFacts(**_known(TrackFacts, track)) for track in raw["tracks"]]
        view = ViewFacts(**_known(ViewFacts, raw["view"])) if raw.get("view") else None
        return Facts(**_known(Facts, raw) | {"tracks": tracks, "view": view})
    except (KeyError, TypeError) as error:
        raise ValueError(f"{directory / NAME} is broken") from error


def _known(kind: Any, raw: dict[str, Any]) -> dict[str, Any]:
    return {entry.name: raw[entry.name] for entry in fields(kind) if entry.name in raw}


def replace(path: Path, data: bytes) -> None:
    """Puts a whole file in the place of an old one."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
