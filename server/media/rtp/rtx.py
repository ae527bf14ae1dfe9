"""Retransmissions (RFC 4588): the lost packet's payload behind its two-byte original sequence number."""

from server.media.rtp.packet import Buffer


def unwrap(data: Buffer, start: int, end: int) -> tuple[int, bytes] | None:
    """Original sequence number and payload of a retransmission; None when it is only padding, as bandwidth probes are."""
    if end - start < 3:
        return None
    return data[start] << 8 | data[start + 1], bytes(data[start + 2 : end])


def wrap(seq: int, payload: Buffer) -> bytes:
    """The payload of the retransmission of packet `seq` (0..65535)."""
    return bytes((seq >> 8, seq & 255)) + payload
