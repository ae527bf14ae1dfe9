"""Payloads of one stream, in order and without holes, put together to whole frames. Nothing is decoded."""

import struct
from dataclasses import dataclass
from typing import Protocol

from server.media.recorder.h264 import avcc
from server.media.recorder.matroska import TrackFormat
from server.media.rtp.sps import picture_size

FRAME_LIMIT_BYTES = 4 * 2**20  # A 4K key frame is below one megabyte; more is an attack or a bug.
UNITS_LIMIT = 512  # Of one H.264 frame: more slices than any browser cuts a picture into.


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as the container wants it. `format` is known at key frames (sound: always)."""

    data: bytes
    is_key: bool
    format: TrackFormat | None


class Assembler(Protocol):
    """Makes frames of payloads. After `lost` everything up to the next whole frame is dropped."""

    def feed(self, payload: bytes, marker: bool) -> Frame | None:
        """The frame that this payload completes. Raises ValueError for a payload that cannot be one of this codec."""

    def lost(self) -> None:
        """Packets are missing before the next payload."""


def assembler(codec: str) -> Assembler:
    """The assembler for `VP8`, `H264` or `opus`. Raises ValueError for another codec."""
    kinds: dict[str, type[Assembler]] = {"VP8": Vp8Frames, "H264": H264Frames, "opus": OpusFrames}
    if codec not in kinds:
        raise ValueError(f"{codec} cannot be recorded")
    return kinds[codec]()


class OpusFrames(Assembler):
    """RFC 7587: a payload is a packet."""

    _format = TrackFormat("opus")

    def feed(self, payload: bytes, marker: bool) -> Frame | None:
        return Frame(payload, True, self._format) if payload else None

    def lost(self) -> None:
        return


class Vp8Frames(Assembler):
    """RFC 7741: the descriptor is cut off, from the start of partition 0 to the marker."""

    def __init__(self) -> None:
        self._parts: list[bytes] | None = None
        self._size = 0

    def feed(self, payload: bytes, marker: bool) -> Frame | None:
        length = vp8_descriptor_length(payload)
        if payload[0] & 0x10 and not payload[0] & 0x07:
            self._parts, self._size = [], 0
        if self._parts is None:
            return None
        self._parts.append(payload[length:])
        self._size += len(payload) - length
        if self._size > FRAME_LIMIT_BYTES:
            self.lost()
        if not marker or self._parts is None:
            return None
        data, self._parts = b"".join(self._parts), None
        return _vp8_frame(data)

    def lost(self) -> None:
        self._parts = None


def vp8_descriptor_length(payload: bytes) -> int:
    """Bytes before the VP8 data (RFC 7741, section 4.2). Raises ValueError when the payload ends inside."""
    length = 1
    if payload and payload[0] & 0x80 and len(payload) > 2:
        bits, length = payload[1], 2
        if bits & 0x80:
            length += 2 if payload[2] & 0x80 else 1
        length += bool(bits & 0x40) + bool(bits & 0x30)
    if length >= len(payload):
        raise ValueError("a VP8 payload is cut off")
    return length


def _vp8_frame(data: bytes) -> Frame:
    if data[0] & 1:
        return Frame(data, False, None)
    if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":  # RFC 6386, section 9.1.
        raise ValueError("a VP8 key frame has no start code")
    width, height = struct.unpack_from("<HH", data, 6)
    if not (width & 0x3FFF and height & 0x3FFF):
        raise ValueError("no picture has this size")
    return Frame(data, True, TrackFormat("VP8", width & 0x3FFF, height & 0x3FFF))


class H264Frames(Assembler):
    """RFC 6184, packetization mode 1: single units, STAP-A and FU-A become length-prefixed units; parameter sets go into the format."""

    def __init__(self) -> None:
        self._units: list[bytes] | None = []
        self._fragments: list[bytes] = []
        self._size = 0
        self._format: TrackFormat | None = None

    def feed(self, payload: bytes, marker: bool) -> Frame | None:
        if self._units is None and _begins_key_frame(payload):
            self._units, self._size = [], 0
        if self._units is not None:
            self._size += len(payload)
            if self._size > FRAME_LIMIT_BYTES:
                self.lost()
            else:
                self._take(payload)
        if not marker:
            return None
        units, self._units, self._fragments, self._size = self._units, [], [], 0
        return self._frame(units) if units else None

    def lost(self) -> None:
        self._units, self._fragments = None, []

    def _take(self, payload: bytes) -> None:
        if len(payload) < 2:
            raise ValueError("an H.264 payload is too short")
        kind = payload[0] & 0x1F
        if kind == 24:
            self._take_aggregate(payload)
        elif kind == 28:
            self._take_fragment(payload)
        elif 1 <= kind <= 23:
            self._keep(payload)
        else:
            raise ValueError(f"H.264 payloads of type {kind} are not part of mode 1")

    def _take_aggregate(self, payload: bytes) -> None:
        at = 1
        while at + 2 < len(payload):
            (size,) = struct.unpack_from(">H", payload, at)
            unit = payload[at + 2 : at + 2 + size]
            if not unit or len(unit) < size:
                raise ValueError("a STAP-A is cut off")
            self._keep(unit)
            at += 2 + size

    def _take_fragment(self, payload: bytes) -> None:
        if payload[1] & 0x80:
            self._fragments = [bytes([payload[0] & 0xE0 | payload[1] & 0x1F])]
        if not self._fragments:
            raise ValueError("an FU-A begins in its middle")
        self._fragments.append(payload[2:])
        if payload[1] & 0x40:
            unit, self._fragments = b"".join(self._fragments), []
            self._keep(unit)

    def _keep(self, unit: bytes) -> None:
        if self._units is None or not 1 <= unit[0] & 0x1F <= 8:  # Delimiters and filler are left out.
            return
        if len(self._units) >= UNITS_LIMIT:
            raise ValueError("an H.264 frame has too many units")
        self._units.append(unit)

    def _frame(self, units: list[bytes]) -> Frame | None:
        sps = [unit for unit in units if unit[0] & 0x1F == 7]
        pps = [unit for unit in units if unit[0] & 0x1F == 8]
        if sps and pps and len(sps[-1]) > 4:
            self._format = TrackFormat("H264", *picture_size(sps[-1]), avcc(sps[-1], pps[:31]))
        rest = [unit for unit in units if unit[0] & 0x1F not in (7, 8)]
        if not rest:
            return None  # Parameter sets that came alone.
        is_key = any(unit[0] & 0x1F == 5 for unit in rest)
        data = b"".join(struct.pack(">I", len(unit)) + unit for unit in rest)
        return Frame(data, is_key, self._format if is_key else None)


def _begins_key_frame(payload: bytes) -> bool:
    """Whether a sequence parameter set stands first, alone or in an aggregate: certainly the first packet of a frame."""
    return len(payload) > 3 and (payload[0] & 0x1F == 7 or (payload[0] & 0x1F == 24 and payload[3] & 0x1F == 7))
