"""Connectivity checks of an ICE-lite agent (RFC 8445, RFC 8489): read them with suspicion, answer only authenticated ones."""

import struct

from aioice import stun

COOKIE = 0x2112A442
BINDING_REQUEST = 0x0001
USERNAME = 0x0006
ATTRIBUTES_MAX = 16
USERNAME_MAX_BYTES = 513

_HEAD = struct.Struct("!HHI")
_ATTRIBUTE = struct.Struct("!HH")


def requested_ufrag(data: bytes) -> str | None:
    """Our part of the USERNAME of a binding request, found without parsing or checking the rest; None when this is no such request."""
    if len(data) < 24 or len(data) % 4:
        return None
    kind, length, cookie = _HEAD.unpack_from(data)
    if kind != BINDING_REQUEST or cookie != COOKIE or length != len(data) - 20:
        return None
    at = 20
    for _ in range(ATTRIBUTES_MAX):
        if at + 4 > len(data):
            return None
        attribute, size = _ATTRIBUTE.unpack_from(data, at)
        if attribute == USERNAME:
            return _local_part(data[at + 4 : at + 4 + size])
        at += 4 + size + -size % 4
    return None


def _local_part(username: bytes) -> str | None:
    if not 3 <= len(username) <= USERNAME_MAX_BYTES or not username.isascii():
        return None
    local, colon, _ = username.decode("ascii").partition(":")
    return local if colon else None


def authenticated(data: bytes, password: str) -> stun.Message | None:
    """The request when its integrity was made with `password` and it comes from a controlling agent; else None."""
    try:
        message = stun.parse_message(data)
    except (ValueError, struct.error):
        return None
    if not message.check_message_integrity(password.encode()) or "ICE-CONTROLLED" in message.attributes:
        return None
    return message


def nominates(message: stun.Message) -> bool:
    """True when the sender chose this path."""
    return "USE-CANDIDATE" in message.attributes


def answer(message: stun.Message, address: tuple[str, int], password: str) -> bytes:
    """The success response for a check that came from `address`."""
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=message.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": address},
    )
    response.add_message_integrity(password.encode())
    return bytes(response)
