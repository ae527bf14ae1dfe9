"""Rules of RFC 8216bis, read from a playlist's text alone: what a strict client would refuse. Knows nothing of how ours are made."""

import re
from dataclasses import dataclass, field
from datetime import datetime

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]+)(?:,|$)')
ONCE = ("VERSION", "TARGETDURATION", "PLAYLIST-TYPE", "SERVER-CONTROL", "PART-INF", "MEDIA-SEQUENCE", "ENDLIST", "SKIP")


@dataclass
class Piece:
    """One part as a playlist names it."""

    uri: str
    duration_s: float
    is_independent: bool
    is_gap: bool


@dataclass
class Stretch:
    """One segment, or what is there of the one that grows (`uri` None)."""

    number: int
    uri: str | None = None
    duration_s: float = 0.0
    at: datetime | None = None
    map: str | None = None
    map_is_said: bool = False
    is_discontinuity: bool = False
    is_gap: bool = False
    parts: list[Piece] = field(default_factory=list)


@dataclass
class Playlist:
    """A playlist as its lines say it, and what is wrong with it."""

    tags: dict[str, str] = field(default_factory=dict)
    segments: list[Stretch] = field(default_factory=list)
    growing: Stretch | None = None
    hints: list[dict[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def skipped(self) -> int:
        return int(attributes(self.tags["SKIP"])["SKIPPED-SEGMENTS"]) if "SKIP" in self.tags else 0


def attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in ATTRIBUTE.findall(text)}


def parse(text: str) -> Playlist:
    lines = text.split("\n")
    found = Playlist()
    if lines[0] != "#EXTM3U" or lines[-1] != "" or "" in lines[:-1]:
        found.wrong.append("does not begin with EXTM3U, or has empty lines")
    here, current = Stretch(0), None
    for line in lines[1:-1]:
        name, _, value = line.removeprefix("#EXT-X-").partition(":")
        if line.startswith("#EXT-X-") and name in ONCE:
            if name in found.tags:
                found.wrong.append(f"{name} twice")
            found.tags[name] = value
            if name == "SKIP":
                here.number = found.skipped
        elif line.startswith("#EXT-X-PRELOAD-HINT"):
            found.hints.append(attributes(value))
        elif not line.startswith("#"):
            here.uri, here.map = line, current
            found.segments.append(here)
            here = Stretch(here.number + 1)
        else:
            current = _take(found, here, current, line, name, value)
    if here.parts:
        here.map = current
        found.growing = here
    return found


def _take(found: Playlist, here: Stretch, current: str | None, line: str, name: str, value: str) -> str | None:
    if line.startswith("#EXTINF:"):
        here.duration_s = float(line[8:].split(",")[0])
    elif name == "PART":
        facts = attributes(value)
        flags = [facts.get(flag) == "YES" for flag in ("INDEPENDENT", "GAP")]
        here.parts.append(Piece(facts["URI"], float(facts["DURATION"]), *flags))
    elif name == "PROGRAM-DATE-TIME":
        here.at = datetime.fromisoformat(value)
        if here.parts:
            found.wrong.append("a date behind the first part of its segment")
    elif name == "MAP":
        here.map_is_said = True
        return attributes(value)["URI"]
    elif name == "DISCONTINUITY":
        here.is_discontinuity = True
        if here.parts:
            found.wrong.append("a discontinuity behind the first part of its segment")
    elif name == "GAP":
        here.is_gap = True
    else:
        found.wrong.append(f"an unknown line: {line}")
    return current


def violations(text: str) -> list[str]:
    """What is wrong with one media playlist."""
    found = parse(text)
    everything = found.segments + ([found.growing] if found.growing else [])
    return found.wrong + _of_head(found) + _of_durations(found) + _of_parts(found) + _of_stretches(found, everything)


def _of_head(found: Playlist) -> list[str]:
    tags, wrong = found.tags, []
    needed = 9 if "SKIP" in tags else 6
    if int(tags["VERSION"]) != needed:
        wrong.append(f"version {tags['VERSION']} where {needed} is needed (6.2.1, 8)")
    if "SERVER-CONTROL" in tags:
        control, target_s = attributes(tags["SERVER-CONTROL"]), int(tags["TARGETDURATION"])
        part_s = float(attributes(tags["PART-INF"])["PART-TARGET"])
        if float(control["PART-HOLD-BACK"]) < 3 * part_s - 1e-9 or float(control["HOLD-BACK"]) < 3 * target_s:
            wrong.append("held back too little (4.4.3.8)")
        if float(control["CAN-SKIP-UNTIL"]) < 6 * target_s:
            wrong.append("may skip too much (4.4.3.8)")
    if "ENDLIST" in tags and (found.hints or "SKIP" in tags or found.growing):
        wrong.append("something behind the end")
    if "ENDLIST" not in tags and tags.get("PLAYLIST-TYPE") != "EVENT":
        wrong.append("a list that grows and is no EVENT")
    if tags.get("PLAYLIST-TYPE") == "VOD" and any(segment.parts for segment in found.segments):
        wrong.append("parts in a recording")
    return wrong


def _of_durations(found: Playlist) -> list[str]:
    target_s = int(found.tags["TARGETDURATION"])
    wrong = [
        f"{one.uri} is longer than the target (4.4.3.1)"
        for one in found.segments
        if int(one.duration_s + 0.5) > target_s
    ]
    for one in found.segments:
        if one.parts and abs(sum(part.duration_s for part in one.parts) - one.duration_s) > 1e-4:
            wrong.append(f"{one.uri} is not as long as its parts")
        if one.duration_s <= 0:
            wrong.append(f"{one.uri} has no length")
    return wrong


def _of_parts(found: Playlist) -> list[str]:
    if "PART-INF" not in found.tags:
        return []
    wrong, target_s = [], float(attributes(found.tags["PART-INF"])["PART-TARGET"])
    for one in [*found.segments, *([found.growing] if found.growing else [])]:
        for place, part in enumerate(one.parts):
            is_last = one.uri is not None and place == len(one.parts) - 1
            if part.duration_s > target_s + 1e-5:
                wrong.append(f"{part.uri} is longer than the target (4.4.4.9)")
            if part.duration_s < 0.85 * target_s - 1e-5 and not (is_last or part.is_independent or part.is_gap):
                wrong.append(f"{part.uri} is too short (4.4.4.9)")
            if part.is_gap and part.is_independent:
                wrong.append(f"{part.uri} is both there and not")
    end_s = sum(one.duration_s for one in found.segments)
    for one in found.segments:  # SHOULD be removed; a segment that begins within three targets may keep its parts.
        end_s -= one.duration_s
        if one.parts and end_s > 3 * int(found.tags["TARGETDURATION"]):
            wrong.append(f"parts of {one.uri} are too old (6.2.2)")
    known = {part.uri for one in [*found.segments, *([found.growing] if found.growing else [])] for part in one.parts}
    if "ENDLIST" not in found.tags and (len(found.hints) != 1 or found.hints[0]["URI"] in known):
        wrong.append("no hint, or one of what is there (6.2.6)")
    return wrong


def _of_stretches(found: Playlist, everything: list[Stretch]) -> list[str]:
    wrong, before = [], None
    names = [one.uri for one in everything if one.uri] + [part.uri for one in everything for part in one.parts]
    if len(names) != len(set(names)):
        wrong.append("a name twice")
    for one in everything:
        if one.at is None:
            wrong.append(f"{one.uri} has no date")
        if before is None and not found.skipped and not one.map_is_said:
            wrong.append("nothing to set up the first segment with (4.4.4.5)")
        if before is not None:
            wrong += _of_neighbours(before, one)
        if one.parts and one.is_gap != all(part.is_gap for part in one.parts) and one.uri:
            wrong.append(f"{one.uri} is a gap, or its parts are")
        before = one
    return wrong


def _of_neighbours(before: Stretch, one: Stretch) -> list[str]:
    wrong = []
    if one.map_is_said and not one.is_discontinuity:
        wrong.append(f"{one.uri} is set up anew without a discontinuity (4.4.4.3)")
    if before.at is None or one.at is None:
        return wrong
    ahead_s = (one.at - before.at).total_seconds() - before.duration_s
    if ahead_s < -0.0015:
        wrong.append(f"{one.uri}: a date means two things (6.2.1)")
    if abs(ahead_s) > 0.0015 and not one.is_discontinuity:
        wrong.append(f"{one.uri}: its date jumps by {ahead_s:.3f} s without a discontinuity")
    return wrong


def changes(before: str, after: str) -> list[str]:
    """What the second version of an EVENT playlist took back of the first (6.2.1): parts and hints may go, nothing else."""

    def lasting(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith(("#EXT-X-PART:", "#EXT-X-PRELOAD-HINT"))]

    old, new = lasting(before), lasting(after)
    wrong = [] if new[: len(old)] == old else ["lines were changed or removed"]
    older, newer = parse(before), parse(after)
    known = {one.number: one for one in [*newer.segments, *([newer.growing] if newer.growing else [])]}
    for one in [*older.segments, *([older.growing] if older.growing else [])]:
        later = known.get(one.number, one).parts
        if later and later[: len(one.parts)] != one.parts:
            wrong.append(f"parts of segment {one.number} were changed")
    return wrong


def merged(whole: str, update: str) -> str:
    """What a client makes of an older playlist and an update (6.3.7); raises AssertionError when they do not fit together."""
    count = parse(update).skipped
    if not count:
        return update
    lines, kept = whole.splitlines(), []
    body = next(place for place, line in enumerate(lines) if line.startswith("#EXT-X-MEDIA-SEQUENCE")) + 1
    for line in lines[body:]:
        assert count, "the client knows too little"
        if not line.startswith("#EXT-X-PART:"):
            kept.append(line)
        count -= not line.startswith("#")
        if not count:
            break
    assert not count
    head, _, tail = update.partition("#EXT-X-SKIP")
    return head.replace("VERSION:9", "VERSION:6") + "\n".join(kept) + "\n" + tail.partition("\n")[2]
