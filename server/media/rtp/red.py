"""Sound with its past (RFC 2198): each packet carries the packets before it again, so that a single loss is mended without asking."""

from typing import NamedTuple

from server.media.rtp.packet import Buffer

BLOCKS_MAX = 9
"""Chromium repeats one packet and can be told to repeat nine; more nobody needs."""
_LAST_HEADER_BYTES = 1
_HEADER_BYTES = 4


class Block(NamedTuple):
    """One packet in a packet. `age` is how much earlier it was taken than the last one, in ticks of the clock."""

    payload_type: int
    age: int
    payload: bytes


def unpack(data: Buffer, start: int, end: int) -> list[Block]:
    """The packets in data[start:end], oldest first; the last is the new one. Raises ValueError when it does not hold together."""
    heads: list[tuple[int, int, int]] = []
    at = start
    while at < end and data[at] & 0x80:
        if at + _HEADER_BYTES > end or len(heads) == BLOCKS_MAX:
            raise ValueError("the headers of the earlier packets are cut, or too many")
        word = int.from_bytes(data[at + 1 : at + _HEADER_BYTES], "big")
        heads.append((data[at] & 0x7F, word >> 10, word & 0x3FF))
        at += _HEADER_BYTES
    if at >= end:
        raise ValueError("the header of the new packet is missing")
    newest_type = data[at]
    at += _LAST_HEADER_BYTES
    blocks: list[Block] = []
    for payload_type, age, length in heads:
        if at + length > end:
            raise ValueError("an earlier packet is cut")
        blocks.append(Block(payload_type, age, bytes(data[at : at + length])))
        at += length
    return [*blocks, Block(newest_type, 0, bytes(data[at:end]))]


def pack(blocks: list[Block]) -> bytes:
    """The payload that holds `blocks`, oldest first."""
    heads = b"".join(
        bytes((block.payload_type | 0x80,)) + (block.age << 10 | len(block.payload)).to_bytes(3, "big")
        for block in blocks[:-1]
    )
    return heads + bytes((blocks[-1].payload_type,)) + b"".join(block.payload for block in blocks)
