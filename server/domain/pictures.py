"""Pictures that people upload, judged by their first bytes, before anything decodes them."""

from dataclasses import dataclass
from enum import StrEnum

from server.errors import BadPicture

PICTURE_BYTES = 5 * 2**20
PIXELS_MAX = 40_000_000
"""As many as the camera of a good phone has; decoded they take 160 MB."""
SIDE_MAX = 12_000
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {
    0xC4,
    0xC8,
    0xCC,
}  # SOF0 to SOF15, without tables and the reserved one (T.81, table B.1).
_JPEG_BARE = frozenset(range(0xD0, 0xD9)) | {0x01}  # Markers without a length.


class PictureKind(StrEnum):
    """What is taken."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a picture says of itself."""

    kind: PictureKind
    width: int
    height: int


def measure(data: bytes) -> Measured:
    """What kind of picture it is, and how large. Raises BadPicture (another file, too large, or nothing to be seen)."""
    if len(data) > PICTURE_BYTES:
        raise BadPicture
    try:
        kind, width, height = _read(data)
    except (IndexError, ValueError):
        raise BadPicture from None
    if not (0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX and width * height <= PIXELS_MAX):
        raise BadPicture
    return Measured(kind, width, height)


def _read(data: bytes) -> tuple[PictureKind, int, int]:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return PictureKind.PNG, _big(data, 16, 4), _big(data, 20, 4)
    if data.startswith(b"\xff\xd8\xff"):
        return PictureKind.JPEG, *_jpeg_size(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return PictureKind.WEBP, *_webp_size(data)
    raise ValueError("no picture")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Of the first frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _JPEG_SIZES:
            return _big(data, at + 7, 2), _big(data, at + 5, 2)
        at += 1 if marker == 0xFF else 2 if marker in _JPEG_BARE else 2 + max(2, _big(data, at + 2, 2))
    raise ValueError("no frame")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Of the canvas, or of the only picture (RFC 9649, sections 2.5 to 2.7)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + _little(data, 24, 3), 1 + _little(data, 27, 3)
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = _little(data, 21, 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
    raise ValueError("no frame")


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_part(data, at, length), "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_part(data, at, length), "little")


def _part(data: bytes, at: int, length: int) -> bytes:
    part = data[at : at + length]
    if len(part) < length:
        raise ValueError("cut off")
    return part
