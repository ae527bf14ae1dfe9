"""H.264 payloads (RFC 6184): is this the first packet of a key frame, how large is its picture, and how are NAL units sent?"""

from collections.abc import Iterator, Sequence

from server.media.rtp import sps
from server.media.rtp.packet import Buffer

SPS = 7
STAP_A = 24
FU_A = 28
IDR = 5
PAYLOAD_BYTES = 1150
"""With our headers and those of IPv6 it fits into 1,280 bytes, which go everywhere."""


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


def payloads(units: Sequence[bytes]) -> list[bytes]:
    """The payloads of one picture's NAL units, none empty: parameter sets together with what follows as far as it fits, large ones in pieces."""
    found: list[bytes] = []
    together: list[bytes] = []
    for unit in units:
        if together and 1 + sum(2 + len(one) for one in (*together, unit)) > PAYLOAD_BYTES:
            found.append(_joined(together))
            together = []
        if len(unit) > PAYLOAD_BYTES - 3:
            found += _pieces(unit)
        else:
            together.append(unit)
    return [*found, _joined(together)] if together else found


def _joined(units: list[bytes]) -> bytes:
    if len(units) == 1:
        return units[0]
    head = max(unit[0] & 0x60 for unit in units) | STAP_A
    return bytes([head]) + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def _pieces(unit: bytes) -> Iterator[bytes]:
    indicator, kind, step = unit[0] & 0xE0 | FU_A, unit[0] & 0x1F, PAYLOAD_BYTES - 2
    for at in range(1, len(unit), step):
        edges = (0x80 if at == 1 else 0) | (0x40 if at + step >= len(unit) else 0)
        yield bytes([indicator, edges | kind]) + unit[at : at + step]


def _parameters(payload: Buffer) -> bytes | None:
    """The sequence parameter set in an aggregate."""
    at = 1
    while at + 2 < len(payload):
        size = payload[at] << 8 | payload[at + 1]
        if payload[at + 2] & 31 == SPS:
            return bytes(payload[at + 2 : at + 2 + size])
        at += 2 + size
    return None
