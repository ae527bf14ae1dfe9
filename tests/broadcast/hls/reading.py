"""Reads parts box by box, by ISO/IEC 14496-12 and without any code of ours or a library."""

import struct
from dataclasses import dataclass, field


@dataclass
class Track:
    """One track's samples in a part: where it begins, and (duration, size, flags) of each."""

    number: int
    time: int
    samples: list[tuple[int, int, int]]
    payloads: list[bytes] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.time + sum(duration for duration, _, _ in self.samples)

    @property
    def begins_with_key(self) -> bool:
        return self.samples[0][2] & 0x10000 == 0


@dataclass
class Fragment:
    """One `moof` with its `mdat`."""

    number: int
    tracks: dict[int, Track]


def boxes(data: bytes) -> list[tuple[str, bytes]]:
    """Kind and content of each box; they have to fill `data` exactly."""
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert size >= 8, "a box that says less than its head"
        assert at + size <= len(data), "a box that is cut off"
        found.append((kind.decode(), data[at + 8 : at + size]))
        at += size
    return found


def child(content: bytes, *path: str) -> bytes:
    """The content of the only box on that path."""
    for kind in path:
        (content,) = [inner for name, inner in boxes(content) if name == kind]
    return content


def fragments(data: bytes) -> list[Fragment]:
    """Of a part or a segment: nothing but pairs of `moof` and `mdat`, whose samples fill the `mdat` exactly."""
    top = boxes(data)
    assert [kind for kind, _ in top] == ["moof", "mdat"] * (len(top) // 2)
    return [_fragment(head, body) for (_, head), (_, body) in zip(top[::2], top[1::2], strict=True)]


def _fragment(head: bytes, body: bytes) -> Fragment:
    inner = boxes(head)
    assert inner[0][0] == "mfhd"
    assert {kind for kind, _ in inner[1:]} <= {"traf"}
    tracks, used = {}, 0
    for _, content in inner[1:]:
        track, offset = _track(content)
        assert offset == 8 + len(head) + 8 + used, "samples that are not where the track says"
        for _, size, _ in track.samples:
            track.payloads.append(body[used : used + size])
            used += size
        assert track.number not in tracks
        tracks[track.number] = track
    assert used == len(body), "bytes that belong to no sample"
    return Fragment(struct.unpack(">4xI", inner[0][1])[0], tracks)


def _track(content: bytes) -> tuple[Track, int]:
    header, time, run = child(content, "tfhd"), child(content, "tfdt"), child(content, "trun")
    assert struct.unpack_from(">I", header)[0] == 0x020000, "addresses count from the moof"
    number = struct.unpack_from(">I", header, 4)[0]
    assert time[0] == 1
    assert struct.unpack_from(">I", run)[0] == 0x000701, "address, then duration, size, flags of each"
    count, offset = struct.unpack_from(">Ii", run, 4)
    samples = [struct.unpack_from(">3I", run, 12 + 12 * number) for number in range(count)]
    assert len(run) == 12 + 12 * count
    assert count > 0
    return Track(number, struct.unpack_from(">Q", time, 4)[0], samples), offset


def units(picture: bytes) -> list[int]:
    """The kinds of NAL units of one picture; their lengths have to fill it."""
    kinds, at = [], 0
    while at < len(picture):
        (size,) = struct.unpack_from(">I", picture, at)
        assert 0 < size <= len(picture) - at - 4
        kinds.append(picture[at + 4] & 0x1F)
        at += 4 + size
    return kinds
