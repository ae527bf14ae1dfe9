"""The index of a recording: what happened when. One JSON object a line, so that a killed process costs at most the last one.

Every line has `kind`, `t_s` (seconds since the start) and `at` (UNIX time, from the monotonic clock: a jump of the wall clock does not bend it).

    start    recording, session, started_at, participants, facts, version
    track    track, participant, source, codec, file, start_s            a file begins; its own time stamps begin at 0
    joined   participant      left     participant      speaker   participant
    consent  participants                                                whose tracks are written from now on
    gap      participant, source, reason, from_s, to_s                   lost | damaged | restart | paused | disk_too_slow |
                                                                         fault | too_many_files | changes_too_often
    beat                                                                 every 2 s: up to here it certainly ran
    stop     reason                                                      stopped | no_space | write_failed; missing after a kill
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "index.jsonl"
VERSION = 1


@dataclass(frozen=True, slots=True)
class TrackLine:
    """One `track` line."""

    track: str
    participant: str
    source: str
    codec: str
    file: str
    start_s: float


@dataclass(slots=True)
class Index:
    """An index as it was read. `duration_s` is the time of the last line; `stopped` is None after a kill."""

    start: dict[str, Any] = field(default_factory=dict)
    tracks: list[TrackLine] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    duration_s: float = 0.0
    stopped: str | None = None


def line(kind: str, t_s: float, at: float, **facts: object) -> bytes:
    """One line as it goes to the file."""
    return (
        json.dumps({"kind": kind, "t_s": round(t_s, 3), "at": round(at, 3), **facts}, ensure_ascii=False).encode()
        + b"\n"
    )


def read_index(directory: Path) -> Index:
    """What the index says; broken lines are skipped, and a missing file is an empty index."""
    index = Index()
    for entry in _lines(directory / NAME):
        index.lines.append(entry)
        index.duration_s = max(index.duration_s, float(entry["t_s"]))
        if entry["kind"] == "start":
            index.start = entry
        elif entry["kind"] == "stop":
            index.stopped = str(entry.get("reason"))
        elif entry["kind"] == "track":
            track = _track(entry)
            index.tracks += [track] if track else []
    return index


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            try:
                entry = json.loads(raw)
            except ValueError:
                continue
            if isinstance(entry, dict) and "kind" in entry and isinstance(entry.get("t_s"), int | float):
                yield entry


def _track(entry: dict[str, Any]) -> TrackLine | None:
    try:
        words = {name: str(entry[name]) for name in ("track", "participant", "source", "codec", "file")}
        track = TrackLine(**words, start_s=float(entry["start_s"]))
    except (KeyError, ValueError):
        return None
    return track if Path(track.file).name == track.file else None
