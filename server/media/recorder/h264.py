"""What a container must know about an H.264 stream beside the size of its picture: the avcC record."""

import struct

PARAMETERS_LIMIT_BYTES = 4096  # Of one set. Browsers send less than 100; the record has 16 bits for a length.


def avcc(sps: bytes, pps: list[bytes]) -> bytes:
    """The decoder configuration record with four-byte lengths (ISO 14496-15, 5.3.3.1). Raises ValueError for sets that no encoder makes."""
    if max(map(len, [sps, *pps])) > PARAMETERS_LIMIT_BYTES:
        raise ValueError("a parameter set is too long")
    record = bytes([1, sps[1], sps[2], sps[3], 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps + bytes([len(pps)])
    for nal in pps:
        record += struct.pack(">H", len(nal)) + nal
    return record


def parameter_sets(record: bytes) -> list[bytes]:
    """The sets in such a record, those of the sequence first. Raises ValueError for one that is cut off."""
    found, at = [], 5
    for mask in (0x1F, 0xFF):
        count, at = record[at : at + 1], at + 1
        for _ in range(count[0] & mask if count else 0):
            size = int.from_bytes(record[at : at + 2], "big")
            found.append(record[at + 2 : at + 2 + size])
            at += 2 + size
    if at > len(record):
        raise ValueError("a decoder configuration is cut off")
    return found
