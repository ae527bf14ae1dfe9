"""Which of the offered codecs we take. We forward and never decode, so we only need to know where key frames are: VP8, H.264 baseline, Opus."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from server.media.sdp.offer import OfferedCodec, Section
from server.media.tap import Codec

START_BITRATE_KBPS = 1500
"""Without it Chromium begins at 300 kbit/s and needs 15-25 s to come back to full width (measured)."""
FEEDBACK = ("transport-cc", "ccm fir", "nack", "nack pli")


@dataclass(frozen=True, slots=True)
class ChosenCodec:
    """A codec with the numbers that this browser gave it. `redundancy_type`: of packets that carry the ones before them again (RED)."""

    codec: Codec
    payload_type: int
    retransmission_type: int | None
    encoding: str
    feedback: tuple[str, ...]
    redundancy_type: int | None = None


def codecs_to_receive(section: Section) -> list[ChosenCodec]:
    """The one codec we ask a sending m-line for: the first we know in the offerer's order. Empty: none in common."""
    again = _redundancy_types(section)
    return [replace(chosen, redundancy_type=again.get(chosen.payload_type)) for chosen in islice(_known(section), 1)]


def codecs_to_send(section: Section) -> list[ChosenCodec]:
    """What a slot may carry: each format we know, once, in the offerer's order."""
    found: dict[str, ChosenCodec] = {}
    for chosen in _known(section):
        found.setdefault(chosen.codec.mime, chosen)
    return list(found.values())


def _known(section: Section) -> Iterator[ChosenCodec]:
    again = _retransmission_types(section)
    for offered in section.codecs:
        codec = _codec(section.kind, offered)
        if codec is not None:
            number = offered.payload_type
            yield ChosenCodec(codec, number, again.get(str(number)), _encoding(offered), _feedback(offered))


def _codec(kind: str, offered: OfferedCodec) -> Codec | None:
    name = offered.name.lower()
    if kind == "audio" and name == "opus" and offered.clock_rate == 48000 and offered.channels == 2:
        return Codec("audio/opus", 48000, "minptime=10;useinbandfec=1;usedtx=1", 2)
    if kind == "video" and name == "vp8" and offered.clock_rate == 90000:
        return Codec("video/VP8", 90000)
    if kind == "video" and name == "h264" and _is_baseline(offered):
        profile = offered.parameter("profile-level-id") or "42e01f"
        fmtp = f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile.lower()}"
        return Codec("video/H264", 90000, fmtp)
    return None


def _is_baseline(offered: OfferedCodec) -> bool:
    profile = (offered.parameter("profile-level-id") or "").lower()
    is_hex = len(profile) == 6 and all(letter in "0123456789abcdef" for letter in profile)
    return is_hex and profile.startswith("42") and offered.parameter("packetization-mode") == "1"


def _retransmission_types(section: Section) -> dict[str, int]:
    """Retransmission payload type by the `apt` it names; the first one counts."""
    found: dict[str, int] = {}
    for other in section.codecs:
        apt = other.parameter("apt") if other.name.lower() == "rtx" else None
        if apt is not None:
            found.setdefault(apt, other.payload_type)
    return found


def _redundancy_types(section: Section) -> dict[int, int]:
    """Payload type of RED (RFC 2198) by the one format that all its blocks have; the first one counts."""
    found: dict[int, int] = {}
    for other in section.codecs:
        formats = set(other.fmtp.split("/")) if other.name.lower() == "red" and other.channels == 2 else set()
        if len(formats) == 1 and (number := formats.pop()).isdecimal():
            found.setdefault(int(number), other.payload_type)
    return found


def _encoding(offered: OfferedCodec) -> str:
    channels = f"/{offered.channels}" if offered.channels > 1 else ""
    return f"{offered.name}/{offered.clock_rate}{channels}"


def _feedback(offered: OfferedCodec) -> tuple[str, ...]:
    return tuple(value for value in FEEDBACK if value in offered.feedback)
