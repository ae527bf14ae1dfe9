"""The compiled loop as the relay sees it, and the memory that it reads.

Ownership: C keeps nothing. A structure lives inside the Python object that it copies (`Link.state`, `Outlet.state`, and those of `CompiledBatch` and
`CompiledDoor`), and that object also holds what the structure points to: an outlet its link, a link its keys and its batch, a roll its outlets, a
door its peers. Whoever changes the one changes the other in the same method. A link that is closed has no sessions, so nothing is protected or opened
with the keys of a connection that has ended.
"""

from __future__ import annotations

import ctypes
import operator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from server.media.edge.batch import MESSAGE, NAME_BYTES, PACKET_BYTES
from server.media.edge.guard import DATAGRAM_MAX_BYTES
from server.media.native.build import built_path
from server.media.rtp.history import HISTORY, micros
from server.media.rtp.ring import MediaPacket
from server.media.seam import OPEN_BYTES, TRAILER_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger(__name__)

CODECS = ("video/VP8", "video/H264", "audio/opus")
NO_TYPE = 255
HEADER_BYTES = 24
MID_BYTES = 5
BATCH_PACKETS = 512
KNOWN = 2048

_NUMBERS = {mime: number for number, mime in enumerate(CODECS)}
_NOT_VP8 = (0, 0, 0, 0, 0)
_vp8_fields = operator.attrgetter("picture_id_at", "picture_id_size", "picture_id", "tl0_at", "tl0")


class BatchState(ctypes.Structure):
    """`struct batch` of forward.c."""

    _fields_ = (
        ("headers", ctypes.c_void_p),
        ("protect", ctypes.c_void_p),
        ("descriptor", ctypes.c_int32),
        ("count", ctypes.c_int32),
        ("joins", ctypes.c_int32),
        ("sent", ctypes.c_uint32),
        ("refused", ctypes.c_uint32),
        ("unprotected", ctypes.c_uint32),
    )


class LinkState(ctypes.Structure):
    """`struct link`."""

    _fields_ = (
        ("session", ctypes.c_void_p),
        ("batch", ctypes.c_void_p),
        ("opening", ctypes.c_void_p),
        ("heard_at", ctypes.c_double),
        ("credit", ctypes.c_int32),
        ("target", ctypes.c_uint8 * NAME_BYTES),
        ("transport_seq", ctypes.c_uint16),
        ("reports", ctypes.c_uint32),
        ("received", ctypes.c_int32),
        ("lost", ctypes.c_int32),
        ("octets", ctypes.c_uint32),
        ("arrival", ctypes.c_uint32),
        ("delay", ctypes.c_uint32),
        ("history", ctypes.c_uint64 * HISTORY),
    )


class SlotState(ctypes.Structure):
    """`struct slot`. Numbers written to it are reduced to their width, as the wire wants them."""

    _fields_ = (
        ("link", ctypes.c_void_p),
        ("layer", ctypes.c_uint64),
        ("since", ctypes.c_int64),
        ("ssrc", ctypes.c_uint32),
        ("time", ctypes.c_uint32),
        ("seq", ctypes.c_uint16),
        ("picture_id", ctypes.c_uint16),
        ("tl0", ctypes.c_uint8),
        ("payload_types", ctypes.c_uint8 * len(CODECS)),
        ("transport_head", ctypes.c_uint8),
        ("mid_block", ctypes.c_uint8 * MID_BYTES),
    )


class PacketState(ctypes.Structure):
    """`struct packet`."""

    _fields_ = (
        ("seq", ctypes.c_int64),
        ("layer", ctypes.c_uint64),
        ("payload", ctypes.c_char_p),
        ("length", ctypes.c_uint32),
        ("rtp_time", ctypes.c_uint32),
        ("at", ctypes.c_uint32),
        ("mark", ctypes.c_uint8),
        ("codec", ctypes.c_uint8),
        ("picture_id_at", ctypes.c_uint8),
        ("picture_id_size", ctypes.c_uint8),
        ("picture_id", ctypes.c_uint16),
        ("tl0_at", ctypes.c_uint8),
        ("tl0", ctypes.c_uint8),
    )


class KnownState(ctypes.Structure):
    """`struct known`."""

    _fields_ = (("link", ctypes.c_void_p), ("name", ctypes.c_uint8 * NAME_BYTES))


class DoorState(ctypes.Structure):
    """`struct door`."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("unprotect", ctypes.c_void_p),
        ("now", ctypes.c_double),
        ("descriptor", ctypes.c_int32),
        ("left", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("place", ctypes.c_int32),
        ("heard", ctypes.c_uint32),
        ("unread", ctypes.c_uint32),
        ("refused", ctypes.c_uint32),
        ("name", ctypes.c_uint8 * NAME_BYTES),
        ("known", KnownState * KNOWN),
    )


_LAYOUT = (
    *(ctypes.sizeof(kind) for kind in (BatchState, LinkState, SlotState, PacketState)),
    *(
        BatchState.joins.offset,
        BatchState.unprotected.offset,
        LinkState.transport_seq.offset,
        SlotState.mid_block.offset,
        PacketState.tl0.offset,
    ),
    *(PACKET_BYTES, TRAILER_BYTES, BATCH_PACKETS, HEADER_BYTES, NAME_BYTES, MID_BYTES, len(CODECS), MESSAGE.size),
    *(HISTORY, LinkState.history.offset, LinkState.credit.offset),
    *(ctypes.sizeof(DoorState), ctypes.sizeof(KnownState), DoorState.refused.offset, DoorState.known.offset),
    *(OPEN_BYTES, DATAGRAM_MAX_BYTES, KNOWN),
)


class Stated(Protocol):
    """An outlet, as the library sees it."""

    state: SlotState


class Roll:
    """The outlets of a layer as an array of pointers. `outlets` is a tuple, so a roll is either of these outlets or not used at all."""

    def __init__(self, outlets: Sequence[Stated]) -> None:
        self.outlets = outlets
        self.slots = (ctypes.c_void_p * len(outlets))(*(ctypes.addressof(outlet.state) for outlet in outlets))
        self.left = (ctypes.c_int32 * len(outlets))()


class Forwarder:
    """The compiled functions. Raises OSError when `path` cannot be loaded or is another version."""

    def __init__(self, path: Path) -> None:
        loaded = ctypes.CDLL(str(path))
        try:
            layout = tuple((ctypes.c_uint32 * len(_LAYOUT)).in_dll(loaded, "layout"))
            self._forward, self.hear = loaded.forward, loaded.hear
            self.seal, self.flush = loaded.batch_seal, loaded.batch_flush
            self.read, self.place = loaded.door_read, loaded.door_place
        except (AttributeError, ValueError) as exc:
            raise OSError(f"{path.name} has other functions") from exc
        if layout != _LAYOUT:
            raise OSError(f"{path.name} has another layout")
        pointer = ctypes.c_void_p
        self._forward.argtypes = [pointer, ctypes.c_int, ctypes.POINTER(PacketState), pointer]
        self.hear.argtypes = [pointer, ctypes.c_int, pointer]
        self.seal.argtypes = [pointer, pointer, ctypes.c_char_p, ctypes.c_int]
        self.flush.argtypes = [pointer]
        self.flush.restype = None
        self.read.argtypes = [pointer]
        self.place.argtypes = [ctypes.c_char_p]

    def forward(self, roll: Roll, layer: int, packet: MediaPacket) -> list[int]:
        """Sends `packet` of the layer with this number to all outlets in steady state; the places of the others in `roll.outlets`."""
        seq, rtp_time, marker, codec, payload, descriptor, _, arrival, _ = packet
        number = _NUMBERS.get(codec.mime)
        if number is None:
            return list(range(len(roll.outlets)))
        fields = _vp8_fields(descriptor) if descriptor is not None else _NOT_VP8
        mark, length = 0x80 if marker else 0, len(payload)
        state = PacketState(seq, layer, payload, length, rtp_time, micros(arrival), mark, number, *fields)
        left: int = self._forward(roll.slots, len(roll.outlets), state, roll.left)
        return roll.left[:left]


def load(path: Path | None = None) -> Forwarder | None:
    """The library of this very source (or of `path`), if it was built; what keeps it from loading is logged."""
    path = path or built_path()
    if not path.exists():
        return None
    try:
        return Forwarder(path)
    except OSError as exc:
        log.warning("compiled_forwarding_not_loaded", reason=str(exc))
        return None
