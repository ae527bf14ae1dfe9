"""RTP packets on the wire (RFC 3550, section 5.1) and their header extensions (RFC 8285). Pure: no I/O, no clock."""

import struct
from typing import NamedTuple

Buffer = bytes | bytearray | memoryview

FIXED = struct.Struct("!BBHII")
ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000


class Header(NamedTuple):
    """Where things are in one packet. `payload_start` to `payload_end` leaves out extensions, contributors and padding."""

    payload_type: int
    marker: bool
    seq: int
    rtp_time: int
    ssrc: int
    profile: int
    extensions_start: int
    extensions_end: int
    payload_start: int
    payload_end: int


def read_header(data: Buffer, length: int) -> Header:
    """The header of the packet in the first `length` bytes of `data`. Raises ValueError when it does not hold together."""
    if length < 12:
        raise ValueError("an RTP packet has at least 12 bytes")
    first, second, seq, rtp_time, ssrc = FIXED.unpack_from(data)
    if first >> 6 != 2:
        raise ValueError("not RTP version 2")
    start = 12 + 4 * (first & 15)
    profile = extensions_start = extensions_end = 0
    if first & 0x10:
        if start + 4 > length:
            raise ValueError("the extension header is cut")
        profile = data[start] << 8 | data[start + 1]
        extensions_start = start + 4
        start = extensions_end = extensions_start + 4 * (data[start + 2] << 8 | data[start + 3])
    end = length
    if first & 0x20:
        padding = data[length - 1]
        if not padding:
            raise ValueError("padding of no length")
        end -= padding
    if start > end:
        raise ValueError("header and padding are longer than the packet")
    return Header(
        second & 127, second > 127, seq, rtp_time, ssrc, profile, extensions_start, extensions_end, start, end
    )


def find_extension(data: Buffer, header: Header, wanted: int) -> tuple[int, int] | None:
    """Offset and length of the extension with the id `wanted` (1..14, or 1..255 in the two-byte form), or None."""
    if header.profile == ONE_BYTE_PROFILE:
        return _find_one_byte(data, header.extensions_start, header.extensions_end, wanted)
    if header.profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _find_two_byte(data, header.extensions_start, header.extensions_end, wanted)
    return None


def _find_one_byte(data: Buffer, at: int, end: int, wanted: int) -> tuple[int, int] | None:
    while at < end:
        byte = data[at]
        at += 1
        if not byte:
            continue
        size = (byte & 15) + 1
        if byte >> 4 == 15 or at + size > end:
            return None
        if byte >> 4 == wanted:
            return at, size
        at += size
    return None


def _find_two_byte(data: Buffer, at: int, end: int, wanted: int) -> tuple[int, int] | None:
    while at + 1 < end:
        if not data[at]:
            at += 1
            continue
        size = data[at + 1]
        if at + 2 + size > end:
            return None
        if data[at] == wanted:
            return at + 2, size
        at += 2 + size
    return None


def read_number(data: Buffer, header: Header, wanted: int) -> int | None:
    """The 16-bit number in an extension, such as the transport-wide sequence number."""
    found = find_extension(data, header, wanted)
    if found is None or found[1] < 2:
        return None
    return data[found[0]] << 8 | data[found[0] + 1]


def read_text(data: Buffer, header: Header, wanted: int) -> str | None:
    """The text in an extension, such as MID; None when it is absent or not ASCII."""
    found = find_extension(data, header, wanted)
    if found is None:
        return None
    text = bytes(data[found[0] : found[0] + found[1]])
    return text.decode("ascii") if text.isascii() else None
