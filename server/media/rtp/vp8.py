"""The VP8 payload descriptor (RFC 7741, section 4.2): read it, and move its picture id and TL0PICIDX."""

from typing import NamedTuple

from server.media.rtp.packet import Buffer


class Descriptor(NamedTuple):
    """What stands where. Offsets count from the payload's begin; 0 = the field is absent. `length` is where the frame's bytes start."""

    length: int
    picture_id_at: int
    picture_id_size: int
    picture_id: int
    tl0_at: int
    tl0: int
    starts_frame: bool
    key_frame: bool


def read_descriptor(payload: Buffer) -> Descriptor:
    """The descriptor of one payload. Raises ValueError when it is cut."""
    try:
        return _read(payload)
    except IndexError as exc:
        raise ValueError("the VP8 descriptor is cut") from exc


def _read(payload: Buffer) -> Descriptor:
    first = payload[0]
    at = 1
    id_at = id_size = picture_id = tl0_at = tl0 = 0
    if first & 0x80:
        fields = payload[1]
        at = 2
        if fields & 0x80:
            id_at = at
            id_size = 2 if payload[at] & 0x80 else 1
            picture_id = (payload[at] & 127) << 8 | payload[at + 1] if id_size == 2 else payload[at]
            at += id_size
        if fields & 0x40:
            tl0_at, tl0 = at, payload[at]
            at += 1
        if fields & 0x30:
            at += 1
    starts_frame = bool(first & 0x10) and not first & 7
    key_frame = starts_frame and not payload[at] & 1
    if at > len(payload):
        raise IndexError
    return Descriptor(at, id_at, id_size, picture_id, tl0_at, tl0, starts_frame, key_frame)


def picture_size(payload: Buffer, start: int) -> tuple[int, int]:
    """Width and height, which stand in the first packet of a key frame; (0, 0) when they do not (RFC 6386, section 9.1)."""
    frame = bytes(payload[start : start + 10])
    if len(frame) < 10 or frame[3:6] != b"\x9d\x01\x2a":
        return 0, 0
    return (frame[7] << 8 | frame[6]) & 0x3FFF, (frame[9] << 8 | frame[8]) & 0x3FFF


def move(
    buffer: bytearray | memoryview, at: int, descriptor: Descriptor, picture_id_shift: int, tl0_shift: int
) -> None:
    """Adds the shifts to both numbers of the payload that begins at `at` in `buffer`."""
    if descriptor.picture_id_at:
        where = at + descriptor.picture_id_at
        picture_id = descriptor.picture_id + picture_id_shift
        if descriptor.picture_id_size == 2:
            buffer[where] = 0x80 | picture_id >> 8 & 127
            buffer[where + 1] = picture_id & 255
        else:
            buffer[where] = picture_id & 127
    if descriptor.tl0_at:
        buffer[at + descriptor.tl0_at] = descriptor.tl0 + tl0_shift & 255
