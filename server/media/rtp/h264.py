"""H.264 payloads (RFC 6184): is this the first packet of a key frame?"""

from server.media.rtp.packet import Buffer

SPS = 7
STAP_A = 24
FU_A = 28
IDR = 5


def starts_key_frame(payload: Buffer) -> bool:
    """True when a decoder can begin here: the packet carries a sequence parameter set, alone or in an aggregate."""
    if not len(payload):
        return False
    kind = payload[0] & 31
    if kind == STAP_A:
        return _aggregate_has(payload, SPS)
    return kind == SPS


def _aggregate_has(payload: Buffer, wanted: int) -> bool:
    at = 1
    while at + 2 < len(payload):
        size = payload[at] << 8 | payload[at + 1]
        if payload[at + 2] & 31 == wanted:
            return True
        at += 2 + size
    return False
