"""One film of several: when the media worker was lost, a recording has parts, and each part a view of its own.

Runs as a process of its own (`python -m server.broadcast.join FOLDER PART…`). Nothing is decoded: all views are encoded alike, so their packets
follow each other in one file. Made beside and renamed; it may be killed and started again at any point.
"""

import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from server.media.recorder.confine import limit
from server.media.recorder.facts import VIEW as NAME
from server.media.recorder.facts import read_facts
from server.media.recorder.finish import FILE_BYTES, SLOWEST_BYTES_S
from server.media.recorder.steps import Progress, run_step


def main(directory: str | Path, parts: Sequence[str]) -> None:
    """Makes view.mp4 in `directory` of the views in its folders `parts`; says how far it is as `server/media/recorder/steps.py` describes."""
    folders = [Path(directory) / part for part in parts]
    run_step("view", lambda progress: _work(Path(directory) / NAME, folders, progress))


def _work(target: Path, parts: Sequence[Path], progress: Progress) -> None:
    size_bytes = sum(view.stat().st_size for part in parts for view in part.glob(NAME))
    limit(120 + size_bytes // SLOWEST_BYTES_S, FILE_BYTES + 2 * size_bytes)
    join_views(target, parts, progress)


def join_views(target: Path, parts: Sequence[Path], progress: Progress) -> None:
    """Writes `target`. Raises ValueError when the views are not alike, FileNotFoundError when there is none, OSError, av.FFmpegError."""
    facts = [read_facts(part) for part in parts]
    views = [part / one.view.name for part, one in zip(parts, facts, strict=True) if one.view is not None]
    lengths_s = [one.duration_s for one in facts if one.view is not None]
    if not views:
        raise FileNotFoundError(target)
    beside = target.with_name(f"{target.name}.part")
    try:
        _write(beside, views, lengths_s, progress)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    progress(1.0)


def _write(beside: Path, views: Sequence[Path], lengths_s: Sequence[float], progress: Progress) -> None:
    with av.open(str(beside), "w", format="mp4", container_options={"movflags": "+faststart"}) as target:
        outs: list[Stream] = []
        alike: list[object] = []
        ends = [
            Fraction(-1),
            Fraction(-1),
        ]  # Of each stream, in seconds: decoding times only ever grow, from just below 0.
        offset = Fraction(0)
        for number, view in enumerate(views):
            with av.open(str(view)) as source:
                outs = outs or [target.add_stream_from_template(one) for one in source.streams]
                alike = alike or _headers(source)
                if _headers(source) != alike:
                    raise ValueError("the views are not encoded alike")
                _append(source, target, outs, offset, ends)
            offset += Fraction(lengths_s[number]).limit_denominator(1000)
            progress((number + 1) / (len(views) + 1))


def _headers(source: InputContainer) -> list[object]:
    """What a decoder is set up with for each stream."""
    return [(one.codec_context.name, one.codec_context.extradata) for one in source.streams]


def _append(
    source: InputContainer, target: OutputContainer, outs: Sequence[Stream], offset: Fraction, ends: list[Fraction]
) -> None:
    """The packets of one view, moved by `offset` seconds, or as much more as the streams before need."""
    begun = False
    for packet in source.demux():
        if packet.dts is None or packet.pts is None or packet.time_base is None:
            continue
        index, base = packet.stream.index, packet.time_base
        if not begun:
            offset, begun = max(offset, *(end - packet.dts * base for end in ends)), True
        moved = max(Fraction(packet.dts) * base + offset, ends[index])
        ends[index] = moved + (packet.duration or 1) * base
        _move(packet, offset, moved, outs[index])
        target.mux(packet)


def _move(packet: "Packet[Stream]", offset: Fraction, dts: Fraction, out: Stream) -> None:
    base = Fraction(packet.time_base)
    packet.pts = max(round((packet.pts * base + offset) / base), round(dts / base)) if packet.pts is not None else None
    packet.dts = round(dts / base)
    packet.stream = out


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
