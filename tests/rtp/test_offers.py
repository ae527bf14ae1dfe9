"""Offers read and answered."""

import contextlib
import time

import pytest

from server.errors import BadSdp, NoCommonCodec
from server.media.edge.counters import Counters
from server.media.peer.build import build
from server.media.sdp.answer import Transport, write_answer
from server.media.sdp.codecs import codecs_to_receive, codecs_to_send
from server.media.sdp.offer import read_offer
from tests.media.wire_peer import WirePeer

TRANSPORT = Transport(1, 1, "ufrag", "password", "AA:BB", "active", ["192.0.2.1", "127.0.0.1"], 7882, tcp=True)
H264 = "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f"


def answer_to(sdp: str, sources: dict[str, str]) -> str:
    return write_answer(TRANSPORT, build(read_offer(sdp), sources, Counters()).lines)


def test_answer_declares_slots_and_takes_the_browsers_numbers() -> None:
    offer = WirePeer().offer()
    answer = answer_to(offer.sdp, offer.sources)
    assert "a=group:BUNDLE 0 1 2 3 4" in answer
    assert answer.count("a=candidate:") == 4
    assert answer.count("a=setup:active") == 5
    camera, microphone, slot = answer.split("m=")[1:4]
    assert "a=recvonly" in camera
    assert "a=fmtp:96 x-google-start-bitrate=1500" in camera
    assert "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid" in camera
    assert "useinbandfec=1" in microphone
    assert microphone.startswith(
        "audio 7882 UDP/TLS/RTP/SAVPF 63 111\r\n"
    )  # What stands first is sent: sound with its past.
    assert "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n" in microphone
    assert "red/" not in answer.split("m=")[4]
    assert "a=sendonly" in slot
    assert "a=msid:g0 v0" in slot
    assert "a=ssrc-group:FID" in slot
    assert "start-bitrate" not in slot


@pytest.mark.parametrize("formats", ["111/9", "0", "opus/opus", "", "111/111/112"])
def test_sound_with_a_past_of_another_format_is_not_asked_for(formats: str) -> None:
    offer = WirePeer().offer()
    microphone = answer_to(offer.sdp.replace("a=fmtp:63 111/111", f"a=fmtp:63 {formats}"), offer.sources).split("m=")[2]
    assert microphone.startswith("audio 7882 UDP/TLS/RTP/SAVPF 111\r\n")


def test_first_known_codec_in_the_offerers_order_is_taken() -> None:
    text = WirePeer().offer().sdp
    both = text.replace("SAVPF 96 97", "SAVPF 98 96 97").replace(
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:98 H264/90000\r\na=fmtp:98 packetization-mode=1;profile-level-id=42e01f\r\na=rtpmap:96 VP8/90000",
    )
    camera = read_offer(both).sections[0]
    assert [chosen.codec.mime for chosen in codecs_to_receive(camera)] == ["video/H264"]
    assert [chosen.codec.mime for chosen in codecs_to_send(camera)] == ["video/H264", "video/VP8"]


def test_layers_are_taken_as_offered_three_at_most() -> None:
    offer = WirePeer(rids=("l", "m", "h")).offer()
    camera, microphone = answer_to(offer.sdp, offer.sources).split("m=")[1:3]
    assert "a=rid:l recv\r\na=rid:m recv\r\na=rid:h recv\r\na=simulcast:recv l;m;h\r\n" in camera
    assert "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" in camera
    assert "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id" in camera
    assert "rid" not in microphone
    many = WirePeer(rids=tuple("abcdefghijkl")).offer()
    assert "a=simulcast:recv a;b;c\r\n" in answer_to(many.sdp, many.sources)


@pytest.mark.parametrize(
    ("old", "new", "taken"),
    [
        ("send l;m;h", "send l,x;~m;h", "l;m;h"),
        ("send l;m;h", "recv x send h;m;l", "h;m;l"),
        ("send l;m;h", "send l;m;m;y", "l;m"),
        ("send l;m;h", "recv l;m;h", ""),
        ("send l;m;h", "send l", ""),
        ("a=rid:m send", "a=rid:m recv", "l;h"),
        ("sdes:rtp-stream-id", "sdes:other", ""),
        ("sdes:repaired-rtp-stream-id", "sdes:other", ""),
    ],
)
def test_layers_that_were_not_really_offered_are_not_taken(old: str, new: str, taken: str) -> None:
    offer = WirePeer(rids=("l", "m", "h")).offer()
    answer = answer_to(offer.sdp.replace(old, new), offer.sources)
    assert [line for line in answer.splitlines() if "simulcast" in line] == (
        [f"a=simulcast:recv {taken}"] if taken else []
    )


@pytest.mark.parametrize("line", ["a=rid:l", "a=simulcast:send", "a=rid:", "a=rid:l send\r\na=simulcast:send"])
def test_cut_lines_about_layers_are_refused(line: str) -> None:
    offer = WirePeer(rids=("l", "m", "h")).offer()
    with pytest.raises(BadSdp):
        answer_to(offer.sdp.replace("a=rid:l send", line).replace("a=simulcast:send l;m;h", "a=x"), offer.sources)


@pytest.mark.parametrize(
    "fmtp", ["packetization-mode=0;profile-level-id=42e01f", "packetization-mode=1;profile-level-id=640c1f", ""]
)
def test_formats_that_not_everybody_can_show_are_left_out(fmtp: str) -> None:
    text = WirePeer(0, 0).offer().sdp.replace("a=rtpmap:96 VP8/90000", f"a=rtpmap:96 H264/90000\r\na=fmtp:96 {fmtp}")
    with pytest.raises(NoCommonCodec):
        answer_to(text, {"0": "camera"})


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("v=0", "nonsense", "unreadable_line"),
        ("a=ice-pwd:", "a=x:", "no_ice"),
        ("a=fingerprint:sha-256", "a=fingerprint:md5", "no_fingerprint"),
        ("a=setup:actpass", "a=setup:holdconn", "no_setup"),
        ("a=mid:1", "a=mid:0", "bad_mid"),
        ("a=mid:1", "a=mid:a b", "bad_mid"),
        ("s=-", "\r\n".join(["a=candidate:x"] * 51), "too_many_candidates"),
        ("s=-", "\r\n".join(["m=audio 9 UDP/TLS/RTP/SAVPF 111"] * 25), "too_many_sections"),
        ("s=-", "s=" + "x" * 70_000, "too_long"),
        ("a=rtpmap:96 VP8/90000", "a=rtpmap:999 VP8/90000", "unreadable_line"),
    ],
)
def test_bad_offers_are_refused_with_a_reason(old: str, new: str, reason: str) -> None:
    offer = WirePeer().offer()
    with pytest.raises(BadSdp) as caught:
        answer_to(offer.sdp.replace(old, new), offer.sources)
    assert caught.value.facts["reason"] == reason


@pytest.mark.parametrize("sources", [{"0": "microphone"}, {"0": "phone"}, {"0": "camera", "1": "camera"}])
def test_sources_must_fit_their_lines(sources: dict[str, str]) -> None:
    with pytest.raises(BadSdp):
        answer_to(WirePeer().offer().sdp, sources)


def test_unwanted_lines_are_refused_one_by_one() -> None:
    offer = WirePeer(1, 0).offer()
    text = offer.sdp + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\na=sctp-port:5000\r\n"
    answer = answer_to(text, {"1": "microphone"})
    assert "m=application 0 " in answer
    assert "m=video 0 " in answer  # A camera line without a source.
    assert "a=group:BUNDLE 1 2\r\n" in answer
    assert answer.index("a=candidate:1 ") > answer.index("m=audio")


def hostile(filler: str, *, numbers: int = 48, sections: int = 1) -> str:
    """An offer of almost 64 kB: VP8 with retransmission `numbers` times in each of the video sections, the rest `filler` lines."""
    head, _, rest = WirePeer(0, 0).offer().sdp.partition("m=video")
    transport = "\r\n".join(line for line in rest.splitlines() if line.startswith(("a=ice", "a=finger", "a=setup")))
    text = head
    for mid in range(sections):
        text += f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, range(2 * numbers)))}\r\na=mid:{mid}\r\na=sendrecv\r\n"
        text += transport + "\r\n"
        for number in range(0, 2 * numbers, 2):
            text += f"a=rtpmap:{number} VP8/90000\r\na=rtpmap:{number + 1} rtx/90000\r\n"
    return text + filler * ((65_000 - len(text)) // len(filler)) + "\r\n"


@pytest.mark.parametrize(
    ("filler", "sections"),
    [
        ("a=fmtp:* " + ";" * 50_000, 1),
        ("a=fmtp:1 " + ";" * 50_000, 1),
        *((f"a=fmtp:{number} {';' * 500}\r\n", 1) for number in (1, 2)),
        ("a=fmtp:* ;\r\n", 1),
        ("a=rtcp-fb:* nack\r\n", 1),
        ("a=fmtp:1 apt=0;" + "x=1;" * 20 + "\r\n", 1),
        ("a=fmtp:1 apt=0\r\n", 12),
        ("a=rtcp-fb:* nack\r\n", 12),
        ("a=ssrc:1 x\r\n", 1),
        ("\n", 1),
    ],
    ids=lambda value: str(value)[:16].strip(),
)
def test_no_offer_stops_the_worker(filler: str, sections: int) -> None:
    """One such offer took 17 s, in which no packet was forwarded."""
    sdp = hostile(filler, sections=sections)
    spent: list[float] = []
    for _ in range(3):
        began = time.process_time()
        with contextlib.suppress(BadSdp):
            answer_to(sdp, {"0": "camera"})
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05


def test_format_for_all_codecs_is_nobodys() -> None:
    text = WirePeer(0, 0).offer().sdp.replace("a=fmtp:97 apt=96", "a=fmtp:* apt=96")
    assert codecs_to_receive(read_offer(text).sections[0])[0].retransmission_type is None
