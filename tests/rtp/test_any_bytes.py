"""Whatever comes from outside: an answer or ValueError, never anything else, and never much work."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import BadSdp
from server.media.edge import stun
from server.media.rtp import h264, red, rtx
from server.media.rtp.feedback import read_feedback
from server.media.rtp.packet import find_extension, read_header, read_number, read_text
from server.media.rtp.rtcp import read_compound
from server.media.rtp.vp8 import move, read_descriptor
from server.media.sdp.offer import read_offer

anything = st.binary(max_size=1500)
rtp_like = st.builds(lambda first, rest: bytes((first,)) + rest, st.integers(0x80, 0xBF), st.binary(max_size=120))
rtcp_like = st.builds(
    lambda first, kind, words: (
        bytes((0x80 | first, kind)) + (len(words) // 4).to_bytes(2, "big") + words[: len(words) // 4 * 4]
    ),
    st.integers(0, 31),
    st.integers(192, 223),
    st.binary(max_size=200),
)


def whole_packet(data: bytes) -> None:
    header = read_header(data, len(data))
    assert 12 <= header.payload_start <= header.payload_end <= len(data)
    for wanted in range(16):
        found = find_extension(data, header, wanted)
        assert found is None or found[0] + found[1] <= header.extensions_end
        read_number(data, header, wanted)
        read_text(data, header, wanted)
    rtx.unwrap(data, header.payload_start, header.payload_end)


def descriptor(data: bytes) -> None:
    found = read_descriptor(data)
    assert found.length <= len(data)
    move(bytearray(data), 0, found, 40_000, 300)


def packets_in_a_packet(data: bytes) -> None:
    assert len(red.unpack(data, 0, len(data))) <= red.BLOCKS_MAX + 1


@pytest.mark.parametrize(
    "read", [whole_packet, packets_in_a_packet, descriptor, read_compound, read_feedback, h264.starts_key_frame]
)
@given(data=anything | rtp_like | rtcp_like)
def test_readers_answer_or_raise_value_error(read: Callable[[bytes], Any], data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read(data)


@given(data=st.lists(rtcp_like, max_size=6).map(b"".join))
def test_compounds_answer_or_raise_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        for report in read_compound(data):
            if hasattr(report, "seqs"):
                assert len(report.seqs) <= 17 * len(data) // 4


@given(data=anything)
def test_checks_are_nobodys_or_ours(data: bytes) -> None:
    request = (
        b"\x00\x01"
        + (len(data) // 4 * 4).to_bytes(2, "big")
        + b"\x21\x12\xa4\x42"
        + bytes(12)
        + data[: len(data) // 4 * 4]
    )
    for attempt in (data, request):
        ufrag = stun.requested_ufrag(attempt)
        assert ufrag is None or ":" not in ufrag
        assert stun.authenticated(attempt, "password") is None


sdp_line = st.one_of(
    st.sampled_from(
        [
            "v=0",
            "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
            "a=mid:0",
            "a=mid:1",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:abcdabcdabcdabcdabcdabcd",
            "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
            "a=setup:actpass",
            "a=rtpmap:96 VP8/90000",
            "a=extmap:4/sendonly urn:ietf:params:rtp-hdrext:sdes:mid",
            "a=candidate:1 1 udp 1 127.0.0.1 9 typ host",
        ]
    ),
    st.builds(
        lambda name, text: f"a={name}:{text}",
        st.sampled_from(["rtpmap", "fmtp", "rtcp-fb", "extmap", "ssrc", "ssrc-group", "fingerprint", "mid", "setup"]),
        st.text(max_size=30),
    ),
    st.text(max_size=40),
)


@given(lines=st.lists(sdp_line, max_size=40))
def test_offers_are_read_or_refused(lines: list[str]) -> None:
    with contextlib.suppress(BadSdp):
        offer = read_offer("\r\n".join(lines))
        assert offer.sections
