"""Matroska as it is written while a recording runs: every frame is on its way to the disk at once, and a file may end anywhere.

FFmpeg's muxer keeps a cluster in memory until it is full, so a `kill -9` costs up to a second, and a camera that is switched off keeps its last
second in memory until it is switched on again. These few elements (RFC 9559) cost nothing of that: segment and clusters have the unknown size
(RFC 8794, section 6.2), as live WebM has, and a frame is one SimpleBlock appended to the file. The finisher makes an ordinary file of it.
"""

import struct
from dataclasses import dataclass

CLUSTER_MS = 1000
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_MATROSKA_EPOCH_S = 978_307_200  # 2001-01-01T00:00:00 UTC (RFC 8794, section 7.6).
OPUS_HEAD = b"OpusHead" + struct.pack(
    "<BBHIhB", 1, 2, 0, 48_000, 0, 0
)  # RFC 7845, section 5.1: two channels, no pre-skip.


@dataclass(frozen=True, slots=True)
class TrackFormat:
    """What a player must know before the first frame. `private` is the avcC record of H.264; sizes are 0 for sound."""

    codec: str
    width: int = 0
    height: int = 0
    private: bytes = b""

    @property
    def is_sound(self) -> bool:
        return self.codec == "opus"


def element(ident: int, body: bytes) -> bytes:
    """One EBML element with an eight-byte size."""
    return _ident(ident) + struct.pack(">Q", len(body) | 1 << 56) + body


def _ident(ident: int) -> bytes:
    return ident.to_bytes((ident.bit_length() + 7) // 8, "big")


def _number(ident: int, value: int) -> bytes:
    return element(ident, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def head(track: TrackFormat, started_at: float) -> bytes:
    """Everything before the first cluster. `started_at` is the UNIX time of time stamp 0."""
    ebml = _number(0x4286, 1) + _number(0x42F7, 1) + _number(0x42F2, 4) + _number(0x42F3, 8)
    ebml += element(0x4282, b"matroska") + _number(0x4287, 4) + _number(0x4285, 2)
    date = struct.pack(">q", int((started_at - _MATROSKA_EPOCH_S) * 1_000_000_000))
    info = _number(0x2AD7B1, 1_000_000) + element(0x4D80, b"Oase") + element(0x5741, b"Oase") + element(0x4461, date)
    body = element(0x1549A966, info) + element(0x1654AE6B, element(0xAE, _entry(track)))
    return element(0x1A45DFA3, ebml) + _ident(0x18538067) + _UNKNOWN_SIZE + body


def _entry(track: TrackFormat) -> bytes:
    entry = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x9C, 0)
    if track.is_sound:
        sound = element(0xB5, struct.pack(">d", 48_000.0)) + _number(0x9F, 2)
        entry += _number(0x83, 2) + element(0x86, b"A_OPUS") + element(0x63A2, OPUS_HEAD)
        return entry + _number(0x56AA, 0) + _number(0x56BB, 80_000_000) + element(0xE1, sound)
    picture = element(0xE0, _number(0xB0, track.width) + _number(0xBA, track.height))
    if track.codec == "H264":
        return entry + _number(0x83, 1) + element(0x86, b"V_MPEG4/ISO/AVC") + element(0x63A2, track.private) + picture
    return entry + _number(0x83, 1) + element(0x86, b"V_VP8") + picture


class Blocks:
    """Turns frames into the bytes to append. Time stamps are whole milliseconds and always grow."""

    def __init__(self, is_sound: bool) -> None:
        self._is_sound = is_sound
        self._cluster_ms: int | None = None
        self.last_ms = -1

    def block(self, data: bytes, time_ms: int, is_key: bool) -> bytes:
        """The bytes of one frame, with a new cluster before it when one is due: after a second, and at each key frame."""
        time_ms = max(time_ms, self.last_ms + 1)
        self.last_ms = time_ms
        begin = b""
        since = None if self._cluster_ms is None else time_ms - self._cluster_ms
        if since is None or since >= CLUSTER_MS or (is_key and not self._is_sound):
            begin = _ident(0x1F43B675) + _UNKNOWN_SIZE + _number(0xE7, time_ms)
            self._cluster_ms, since = time_ms, 0
        flags = 0x80 if is_key or self._is_sound else 0
        return begin + element(0xA3, b"\x81" + struct.pack(">hB", since, flags) + data)
