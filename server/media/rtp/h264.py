"""H.264 payloads (RFC 6184): is this the first packet of a key frame, and how large is its picture?"""

from server.media.rtp import sps
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
        return _parameters(payload) is not None
    return kind == SPS


def picture_size(payload: Buffer) -> tuple[int, int]:
    """Width and height, which the first packet of a key frame says; (0, 0) when it cannot be read."""
    parameters = _parameters(payload) if payload[0] & 31 == STAP_A else bytes(payload)
    try:
        return sps.picture_size(parameters or b"")
    except ValueError:
        return 0, 0


def _parameters(payload: Buffer) -> bytes | None:
    """The sequence parameter set in an aggregate."""
    at = 1
    while at + 2 < len(payload):
        size = payload[at] << 8 | payload[at + 1]
        if payload[at + 2] & 31 == SPS:
            return bytes(payload[at + 2 : at + 2 + size])
        at += 2 + size
    return None
