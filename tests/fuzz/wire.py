"""Well-formed bytes for fuzz targets to start from, and the fixed credentials of their peer."""

import hmac
import struct
import zlib

UFRAG, PASSWORD = "oase", "password-of-the-fuzzer"
COOKIE = 0x2112A442
OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1 2",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendonly",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdabcdabcdabcdabcdabcd",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "a=candidate:1 1 udp 1 192.0.2.1 9 typ host",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=rtpmap:96 VP8/90000",
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:* nack",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rtpmap:98 H264/90000",
        "a=fmtp:98 packetization-mode=1;profile-level-id=42e01f",
        "a=rtpmap:99 rtx/90000",
        "a=fmtp:99 apt=98",
        "a=ssrc:1000 cname:x",
        "a=ssrc-group:FID 1000 2000",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
        "a=mid:1",
        "a=sendonly",
        "a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=mid:2",
        "a=recvonly",
        "a=rtpmap:96 VP8/90000",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=mid:data",
        "",
    ]
)
SOURCES = {"0": "camera", "1": "microphone"}


def attribute(kind: int, value: bytes) -> bytes:
    """One STUN attribute with its padding."""
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


CHECK = attribute(6, f"{UFRAG}:them".encode()) + attribute(0x24, bytes(4)) + attribute(0x802A, bytes(8))


def signed(attributes: bytes) -> bytes:
    """A binding request with these attributes, MESSAGE-INTEGRITY and FINGERPRINT: as a peer that knows the password can send."""

    def head(length: int) -> bytes:
        return struct.pack("!HHI", 1, length & 0xFFFF, COOKIE) + bytes(12)

    size = len(attributes)
    proof = hmac.new(PASSWORD.encode(), head(size + 24) + attributes, "sha1").digest()
    body = attributes + attribute(8, proof)
    check = zlib.crc32(head(size + 32) + body) ^ 0x5354554E
    return head(size + 32) + body + attribute(0x8028, struct.pack("!I", check))


def framed(*packets: bytes) -> bytes:
    """Packets behind two bytes of length each (RFC 4571)."""
    return b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


def unframed(data: bytes, most: int = 40) -> list[bytes]:
    """The other way round; lengths are cut to what is there."""
    found, at = [], 0
    while at + 2 <= len(data) and len(found) < most:
        size = int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return found


def rtp(
    payload: bytes, kind: int = 96, ssrc: int = 1000, seq: int = 1, extension: bytes = b"", profile: int = 0xBEDE
) -> bytes:
    """One RTP packet."""
    head = struct.pack("!BBHII", 0x90 if extension else 0x80, kind, seq, 90 * seq, ssrc)
    padded = extension + bytes(-len(extension) % 4)
    return head + (struct.pack("!HH", profile, len(padded) // 4) + padded if extension else b"") + payload
