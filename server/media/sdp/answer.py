"""The answer of an ICE-lite server (RFC 9429, RFC 8839, RFC 8843), accepted unchanged by Chromium and Firefox."""

from dataclasses import dataclass, field

from server.media.sdp.codecs import START_BITRATE_KBPS, ChosenCodec

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"


@dataclass(frozen=True, slots=True)
class Transport:
    """What the browser needs to reach us. `addresses` best first; `tcp` adds passive TCP candidates on the same port."""

    session: int
    version: int
    ufrag: str
    password: str
    fingerprint: str
    setup: str
    addresses: list[str]
    port: int
    tcp: bool = False


@dataclass(frozen=True, slots=True)
class Sending:
    """What we send on an m-line: SSRCs, and the group (lip-sync) and name of the track."""

    ssrc: int
    retransmission_ssrc: int
    group: str
    track: str


@dataclass(frozen=True, slots=True)
class Line:
    """One m-line of the answer; without codecs it is refused. `rids` are the layers that we receive, in the order of the offer."""

    kind: str
    mid: str
    direction: str
    codecs: list[ChosenCodec] = field(default_factory=list)
    extensions: dict[str, int] = field(default_factory=dict)
    sending: Sending | None = None
    rids: list[str] = field(default_factory=list)


def write_answer(transport: Transport, lines: list[Line]) -> str:
    """The whole answer; `lines` in the order of the offer's m-lines."""
    bundle = " ".join(line.mid for line in lines if line.codecs)
    text = [
        "v=0",
        f"o=- {transport.session} {transport.version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {bundle}".rstrip(),
        "a=msid-semantic:WMS *",
    ]
    has_candidates = False
    for line in lines:
        if not line.codecs:
            text += _refused(line)
            continue
        text += _section(transport, line)
        if not has_candidates:
            text += candidates(transport)
            has_candidates = True
        text += _formats(line)
    return "\r\n".join(text) + "\r\n"


def _refused(line: Line) -> list[str]:
    protocol = "UDP/DTLS/SCTP webrtc-datachannel" if line.kind == "application" else "UDP/TLS/RTP/SAVPF 0"
    return [f"m={line.kind} 0 {protocol}", "c=IN IP4 0.0.0.0", f"a=mid:{line.mid}", "a=inactive"]


def _section(transport: Transport, line: Line) -> list[str]:
    numbers: list[int] = []
    for chosen in line.codecs:
        if chosen.redundancy_type is not None:
            numbers.append(chosen.redundancy_type)  # What stands first is what is sent.
        numbers.append(chosen.payload_type)
        if chosen.retransmission_type is not None:
            numbers.append(chosen.retransmission_type)
    return [
        f"m={line.kind} {transport.port} UDP/TLS/RTP/SAVPF {' '.join(map(str, numbers))}",
        f"c=IN {'IP6' if ':' in transport.addresses[0] else 'IP4'} {transport.addresses[0]}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=mid:{line.mid}",
        f"a={line.direction}",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        f"a=setup:{transport.setup}",
    ]


def candidates(transport: Transport) -> list[str]:
    """The lines that say where we are: UDP before TCP, and nothing comes after them."""
    found: list[str] = []
    for index, address in enumerate(transport.addresses):
        preference = 65535 - index
        udp = (126 << 24) + (preference << 8) + 255
        found.append(f"a=candidate:{len(found) + 1} 1 udp {udp} {address} {transport.port} typ host")
    if transport.tcp:
        for index, address in enumerate(transport.addresses):
            tcp = (99 << 24) + ((65535 - index) << 8) + 255
            found.append(
                f"a=candidate:{len(found) + 1} 1 tcp {tcp} {address} {transport.port} typ host tcptype passive"
            )
    return [*found, "a=end-of-candidates"]


def _formats(line: Line) -> list[str]:
    text = [
        f"a=extmap:{number} {address}" for address, number in sorted(line.extensions.items(), key=lambda item: item[1])
    ]
    receives = line.direction in ("recvonly", "sendrecv")
    for chosen in line.codecs:
        text += _format(chosen, receives and line.kind == "video")
    if line.rids:
        text += [*(f"a=rid:{rid} recv" for rid in line.rids), f"a=simulcast:recv {';'.join(line.rids)}"]
    if line.sending is not None:
        text += _streams(line.sending, any(chosen.retransmission_type is not None for chosen in line.codecs))
    return text


def _format(chosen: ChosenCodec, starts_fast: bool) -> list[str]:
    number = chosen.payload_type
    text = [f"a=rtpmap:{number} {chosen.encoding}"]
    parameters = [chosen.codec.fmtp] if chosen.codec.fmtp else []
    if starts_fast:
        parameters.append(f"x-google-start-bitrate={START_BITRATE_KBPS}")
    if parameters:
        text.append(f"a=fmtp:{number} {';'.join(parameters)}")
    text += [f"a=rtcp-fb:{number} {value}" for value in chosen.feedback]
    if chosen.redundancy_type is not None:
        encoding = chosen.encoding.partition("/")[2]
        text.append(f"a=rtpmap:{chosen.redundancy_type} red/{encoding}")
        text.append(f"a=fmtp:{chosen.redundancy_type} {number}/{number}")
    if chosen.retransmission_type is not None:
        text.append(f"a=rtpmap:{chosen.retransmission_type} rtx/{chosen.codec.clock_rate}")
        text.append(f"a=fmtp:{chosen.retransmission_type} apt={number}")
    return text


def _streams(sending: Sending, with_retransmission: bool) -> list[str]:
    text = [f"a=msid:{sending.group} {sending.track}"]
    ssrcs = [sending.ssrc]
    if with_retransmission:
        ssrcs.append(sending.retransmission_ssrc)
        text.append(f"a=ssrc-group:FID {sending.ssrc} {sending.retransmission_ssrc}")
    return text + [f"a=ssrc:{ssrc} cname:{sending.group}" for ssrc in ssrcs]
