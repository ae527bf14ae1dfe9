"""Fragments of session descriptions (`application/trickle-ice-sdpfrag`, RFC 8840), as WHIP and WHEP send them by PATCH."""

from server.errors import BadSdp
from server.media.sdp.answer import Line, Transport, candidates

FRAGMENT_MAX_BYTES = 16 * 1024


def read_fragment(text: str) -> str:
    """The caller's ICE ufrag. Candidates are left alone: an ICE-lite server learns addresses from the checks. Raises BadSdp."""
    if len(text) > FRAGMENT_MAX_BYTES:
        raise BadSdp(reason="too_long")
    found = {"ice-ufrag": "", "ice-pwd": ""}
    for line in text.splitlines():
        if line and (len(line) < 2 or line[1] != "="):
            raise BadSdp(reason="unreadable_line")
        name, _, value = line.removeprefix("a=").partition(":")
        if name in found and not found[name]:
            found[name] = value.strip()
    if not 4 <= len(found["ice-ufrag"]) <= 256 or not 22 <= len(found["ice-pwd"]) <= 256:
        raise BadSdp(reason="no_ice")
    return found["ice-ufrag"]


def write_fragment(transport: Transport, lines: list[Line]) -> str:
    """Our side of an ICE restart: new credentials and all candidates, on the first m-line of the bundle."""
    taken = [line for line in lines if line.codecs]
    text = [
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(line.mid for line in taken)}",
        f"m={taken[0].kind} 9 UDP/TLS/RTP/SAVPF {taken[0].codecs[0].payload_type}",
        f"a=mid:{taken[0].mid}",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        *candidates(transport),
    ]
    return "\r\n".join(text) + "\r\n"
