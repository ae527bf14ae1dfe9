"""Makes ordinary, seekable files of a recording's raw tracks, after a clean stop and after a `kill -9` alike.

Runs as a process of its own (`python -m server finish DIR`): it reads files that a killed process left, with a library written in C. Nothing is
decoded. It may be killed and started again at any point: a raw file is removed only when its finished file is on the disk and was read back.
A track that cannot be finished fails alone, and its raw file stays beside the others as `*.mkv.bad`.
"""

import functools
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from server.media.recorder.confine import limit
from server.media.recorder.facts import NAME, Facts, TrackFacts, read_facts, write_facts
from server.media.recorder.index import Index, TrackLine, read_index
from server.media.recorder.steps import Progress, run_step

LATE_S = 5.0  # A track may say that it goes on for so long behind the last line of the index.
SLOWEST_BYTES_S = 2**20  # Of CPU time; it copies a hundred times as fast.
FILE_BYTES = 2**26
HEAD_BYTES = 1024  # A shorter file is a head without a frame, of a track that ended before its first picture.
BAD_READS = 1000  # So many broken places are stepped over before a file is taken as ended.
MIMES = {"VP8": ("webm", "video/webm"), "opus": ("webm", "audio/webm"), "H264": ("mp4", "video/mp4")}
OPTIONS = {
    "webm": {"cues_to_front": "1", "reserve_index_space": "0"},
    "mp4": {"movflags": "+faststart"},
}


def main(directory: str | Path) -> None:
    """Finishes the recording in `directory`; says how far it is as `steps.py` describes."""
    run_step("tracks", lambda progress: _work(Path(directory), progress))


def _work(directory: Path, progress: Progress) -> None:
    size_bytes = sum(map(_size, directory.glob("*.mkv")))
    limit(120 + size_bytes // SLOWEST_BYTES_S, FILE_BYTES + 2 * size_bytes)
    finish(directory, progress)


def finish(directory: Path, progress: Progress) -> Facts:
    """Remuxes every track, writes facts.json, and removes the raw files last. Safe to repeat. Raises OSError when the disk is full or fails."""
    index = read_index(directory)
    raws = [directory / line.file for line in index.tracks]
    if (directory / NAME).exists() and not any(raw.exists() for raw in raws):
        progress(1.0)
        return read_facts(directory)
    total, done = sum(map(_size, raws)) or 1, 0
    tracks: list[TrackFacts] = []
    for line, raw in zip(index.tracks, raws, strict=True):
        size = _size(raw)
        track = _finish_alone(directory, line, functools.partial(_tell_part, progress, done / total, size / total))
        tracks += [track] if track else []
        done += size
    finished = {track.name.partition(".")[0] for track in tracks}
    rest = [raw for line, raw in zip(index.tracks, raws, strict=True) if line.track not in finished]
    broken = [raw for raw in rest if _size(raw) > HEAD_BYTES or _bad(raw).exists()]
    facts = replace(_facts(index, tracks), unread=[raw.name for raw in broken])
    write_facts(directory, facts)
    for raw in raws:
        _put_away(raw, raw in broken)
    progress(1.0)
    return facts


def _tell_part(progress: Progress, before: float, length: float, share: float) -> None:
    progress(before + share * length)


def _facts(index: Index, tracks: list[TrackFacts]) -> Facts:
    """The index has our own times: a track whose sender's clock made it longer than the recording is cut there."""
    end_s = index.duration_s + LATE_S
    tracks = [replace(track, duration_s=round(_within(track.duration_s, end_s - track.start_s), 3)) for track in tracks]
    duration_s = max((track.start_s + track.duration_s for track in tracks), default=0.0)
    return Facts(
        recording=str(index.start.get("recording", "")),
        started_at=float(index.start.get("started_at", 0.0)),
        duration_s=round(max(duration_s, index.duration_s if index.stopped == "stopped" else 0.0), 3),
        size_bytes=sum(track.size_bytes for track in tracks),
        interrupted=index.stopped != "stopped",
        reason=index.stopped or "killed",
        tracks=tracks,
    )


def _within(seconds: float, limit_s: float) -> float:
    return max(0.0, min(seconds, limit_s))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _bad(raw: Path) -> Path:
    return raw.with_name(raw.name + ".bad")


def _put_away(raw: Path, is_broken: bool) -> None:
    if is_broken and raw.exists():
        raw.replace(_bad(raw))
    else:
        raw.unlink(missing_ok=True)


def _finish_alone(directory: Path, line: TrackLine, progress: Progress) -> TrackFacts | None:
    """The finished track, or None when this one is broken. What the disk refuses is everybody's trouble."""
    try:
        return _finish_track(directory, line, progress)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        if isinstance(error, OSError):
            raise
        sys.stderr.write(f"{line.file} cannot be finished: {error}\n")
        return None


def _finish_track(directory: Path, line: TrackLine, progress: Progress) -> TrackFacts | None:
    """The finished track, or None when no frame can be read from the raw one."""
    suffix, mime = MIMES.get(line.codec, ("webm", "video/webm"))
    raw, target = directory / line.file, directory / f"{line.track}.{suffix}"
    if raw.exists() and not _remux(raw, target, suffix, progress):
        return None
    if not target.exists():
        return None
    duration_s, width, height = _look(target)
    size = target.stat().st_size
    return TrackFacts(target.name, line.participant, line.source, mime, line.start_s, duration_s, size, width, height)


def _remux(raw: Path, target: Path, suffix: str, progress: Progress) -> bool:
    """Whether there was anything to copy. Raises av.FFmpegError, and ValueError when the copy cannot be read back."""
    part = target.with_name(target.name + ".part")
    try:
        with av.open(str(raw), options={"protocol_whitelist": "file"}) as source:
            count = _copy(source, part, suffix, raw.stat().st_size, progress) if source.streams else 0
        if not count:
            return False
        _read_back(part, count)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
        return True
    finally:
        part.unlink(missing_ok=True)


def _read_back(part: Path, count: int) -> None:
    with av.open(str(part), options={"protocol_whitelist": "file"}) as container:
        found = sum(1 for packet in container.demux() if packet.size)
    if found < count:
        raise ValueError(f"{found} of {count} packets can be read back")


def _copy(source: InputContainer, part: Path, suffix: str, size: int, progress: Progress) -> int:
    """How many packets were copied."""
    stream, count = source.streams[0], 0
    with av.open(str(part), "w", format=suffix, container_options=OPTIONS[suffix]) as target:
        copy = target.add_stream_from_template(stream)
        for packet in _packets(source, stream):
            progress(min((packet.pos or 0) / max(size, 1), 1.0))
            _mux(target, copy, packet)
            count += 1
    return count


def _packets(source: InputContainer, stream: Stream) -> "Iterator[Packet[Any]]":
    """Every whole packet; broken places are stepped over."""
    bad = 0
    last = -1
    while bad < BAD_READS:
        try:
            for packet in source.demux(stream):
                if packet.size and packet.pts is not None and packet.pts > last and not packet.is_corrupt:
                    last = packet.pts
                    yield packet
        except av.error.EOFError:
            return
        except av.error.InvalidDataError:
            bad += 1
        else:
            return


def _mux(target: OutputContainer, copy: Stream, packet: "Packet[Any]") -> None:
    packet.dts = packet.pts  # No sender of a call makes B frames.
    packet.stream = copy
    target.mux_one(packet)


def _look(path: Path) -> tuple[float, int, int]:
    """Duration in seconds, width and height of a finished file."""
    with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
        duration_s = round((container.duration or 0) / av.time_base, 3)
        pictures = container.streams.video
        return duration_s, *((pictures[0].width, pictures[0].height) if pictures else (0, 0))
