"""One target for each parser that eats bytes from the network. A target raises nothing but what is a finding."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from aioice import stun as aioice_stun

from server.domain import captions, pictures
from server.errors import BadCaptions, BadPicture, BadSdp, NoCommonCodec
from server.media import seam
from server.media.edge import edge, stun, tcp
from server.media.edge.counters import Counters
from server.media.native.forwarder import LinkState
from server.media.peer import build, incoming, layer
from server.media.recorder import frames
from server.media.recorder import h264 as recorded_h264
from server.media.rtp import feedback, h264, history, nack, packet, reception, red, ring, rtcp, rtx, sps, vp8
from server.media.sdp import answer, codecs, offer
from server.media.seam import split_records
from tests.fuzz import wire
from tests.fuzz.doors import through_edge, through_tcp

TRANSPORT = answer.Transport(1, 1, "ufrag", "password", "AA:BB", "active", ["192.0.2.1"], 7882, tcp=True)
VP8_KEY = bytes((0x90, 0xE0, 0x80, 1, 2, 3, 0x10, 0, 0, 0x9D, 1, 0x2A, 64, 0, 64, 0)) + bytes(8)
SPS = bytes.fromhex("6742c01eda02802d8b01e1100003e90000ea60e8")
PPS = bytes.fromhex("68ce3c80")
RED = red.pack([red.Block(111, 960, b"before"), red.Block(111, 0, b"sound")])
STAP = b"\x78" + wire.framed(SPS, PPS)


@dataclass(frozen=True)
class Target:
    """`eat` takes the bytes and may raise `refuses`, as the parser's docstring says. `modules` are what it must explore."""

    name: str
    eat: Callable[[bytes], None]
    modules: tuple[ModuleType, ...]
    refuses: tuple[type[Exception], ...] = ()
    seeds: tuple[bytes, ...] = ()
    words: tuple[bytes, ...] = ()
    limit: int = 1500

    def __call__(self, data: bytes) -> None:
        """One input. Raises what nobody promised."""
        try:
            self.eat(data)
        except self.refuses:
            return


def _picture(data: bytes) -> None:
    size = pictures.measure(data)
    assert 0 < size.width * size.height <= pictures.PIXELS_MAX


def _captions(data: bytes) -> None:
    """What was written reads the same, and holds nothing but times and words."""
    cues = captions.read_captions(data)
    written = captions.write_captions(cues)
    assert captions.read_captions(written.encode()) == cues
    assert "<" not in written
    assert written.count("-->") == len(cues)


def _stun(data: bytes) -> None:
    for attempt in (data, wire.signed(data)):
        ufrag = stun.requested_ufrag(attempt)
        assert ufrag is None or ":" not in ufrag
        message = stun.authenticated(attempt, wire.PASSWORD)
        if message is not None:
            stun.nominates(message)
            assert len(stun.answer(message, ("192.0.2.1", 9), wire.PASSWORD)) < 100


def _dtls(data: bytes) -> None:
    datagrams = split_records(data)
    assert data.startswith(b"".join(datagrams))
    assert len(data) - sum(map(len, datagrams)) < 13


def _rtp(data: bytes) -> None:
    header = packet.read_header(data, len(data))
    assert 12 <= header.payload_start <= header.payload_end <= len(data)


def _extensions(data: bytes) -> None:
    profile = packet.TWO_BYTE_PROFILE if data[:1] > b"\x7f" else packet.ONE_BYTE_PROFILE
    whole = wire.rtp(b"payload", extension=data[1:], profile=profile)
    header = packet.read_header(whole, len(whole))
    for wanted in (1, 3, 4, 14, 15, 200):
        found = packet.find_extension(whole, header, wanted)
        assert found is None or header.extensions_start < found[0] + found[1] <= header.extensions_end
        packet.read_number(whole, header, wanted)
        packet.read_text(whole, header, wanted)


def _rtcp(data: bytes) -> None:
    numbers = 0
    for report in rtcp.read_compound(data):
        numbers += len(report.seqs) if isinstance(report, rtcp.Nack) else 0
    assert numbers <= rtcp.NACK_NUMBERS_MAX


def _feedback(data: bytes) -> None:
    """Twice the same report about packets that were sent: all of it is news once."""
    sent = LinkState()
    for number in range(300):
        history.take_number(sent, sent.history, number * 1000, 1000)
    try:
        assert len(feedback.read_feedback(data)) <= feedback.READ_MAX
    finally:
        for _ in range(2):
            try:
                history.hear(sent, data)
            except ValueError:
                assert not sent.reports
    assert 0 <= sent.received <= 300
    assert 0 <= sent.lost <= 300 - sent.received
    assert sent.octets == 1000 * sent.received


def _vp8(data: bytes) -> None:
    found = vp8.read_descriptor(data)
    assert found.length <= len(data)
    buffer = bytearray(data)
    vp8.move(buffer, 0, found, 40_000, 300)
    assert len(buffer) == len(data)
    assert vp8.read_descriptor(buffer).length == found.length


def _h264(data: bytes) -> None:
    h264.starts_key_frame(data)


def _rtx(data: bytes) -> None:
    found = rtx.unwrap(data, 0, len(data))
    assert found is None or rtx.wrap(*found) == data


def _red(data: bytes) -> None:
    blocks = red.unpack(data, 0, len(data))
    assert len(blocks) <= red.BLOCKS_MAX + 1
    assert red.pack(blocks) == data


def _sdp(data: bytes) -> None:
    read = offer.read_offer(data.decode("utf-8", "surrogateescape"))
    parts = build.build(read, wire.SOURCES, Counters())
    text = answer.write_answer(TRANSPORT, parts.lines)
    assert text.count("\r\nm=") == len(read.sections)
    assert text.splitlines() == text.split("\r\n")[:-1]  # Nothing of an offer may break a line of ours.


def _incoming(data: bytes) -> None:
    """A whole stream of one peer: each packet is read or refused."""
    parts = build.build(offer.read_offer(wire.OFFER), wire.SOURCES, Counters())
    for count, each in enumerate(wire.unframed(data)):
        try:
            found = parts.incoming.read(bytearray(each), len(each), count * 0.02)
        except ValueError:
            continue
        while parts.incoming.earlier:
            assert found is not None
            assert parts.incoming.earlier.popleft().seq < found[2].seq
        if found is not None:
            _, stream, taken = found
            if stream.repairs:
                stream.missing.arrived(taken.seq, count * 0.02)
                assert len(stream.missing.due(count * 0.02, 0.1)) <= nack.MISSING_MAX
            block = stream.reception.block(stream.ssrc, count * 0.02)
            assert block is None or len(rtcp.receiver_report(1, [block])) == 32
            stream.since_key_frame()
    report = parts.incoming.feedback.build(1, 2)
    if report is not None:
        assert len(report) <= 1500
        feedback.read_feedback(report)


def _recorded(data: bytes) -> None:
    """Payloads of one stream as the recorder puts them together; the first byte of each says whether it ends a frame."""
    assembler = frames.assembler("VP8" if data[:1] > b"\x7f" else "H264")
    for each in wire.unframed(data[1:]):
        try:
            assembler.feed(each[1:], each[:1] > b"\x7f")
        except ValueError:
            assembler.lost()


_SDP_WORDS = tuple(line.encode() + b"\r\n" for line in sorted(set(wire.OFFER.split("\r\n"))) if line)
_STUN_WORDS = (wire.CHECK, *(wire.attribute(kind, bytes(size)) for kind in (6, 8, 9, 0x20, 0x8029) for size in (1, 8)))
_PACKETS = (
    wire.rtp(VP8_KEY, extension=b"\x31\x00\x01\x400"),
    wire.rtp(STAP, kind=98, ssrc=5, extension=b"\x400"),
    wire.rtp(b"\x00\x02" + VP8_KEY, kind=97, ssrc=2000),
    wire.rtp(b"sound", kind=111, ssrc=7, extension=b"\x10\x85\x401"),
    wire.rtp(RED, kind=63, ssrc=7, extension=b"\x10\x85\x401"),
)
_REPORTS = (
    rtcp.sender_report(1, 2, 3, 4, 5),
    rtcp.receiver_report(1, [rtcp.ReportBlock(2, 0.5, 3, 4, 5, 6, 7)]),
    rtcp.nack(1, 2, [3, 4, 40]),
    rtcp.picture_loss(1, 2),
    rtcp.description([(1, "name")]),
    b"\x84\xce\x00\x04" + bytes(16),
    b"\x81\xcb\x00\x01" + bytes(4),
)
_HEARD = b"\x8f\xcd\x00\x05" + bytes(8) + b"\x00\x01\x00\x0a" + bytes(4)
_FEEDBACK = (_HEARD + b"\x20\x0a" + bytes(10), _HEARD + b"\xd5\x55\xaa\xaa" + bytes(20))

_PICTURES = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30\x08\x06\0\0\0",
    b"\xff\xd8\xff\xe0\0\x04JF\xff\xc4\0\x03a\xff\xc0\0\x0b\x08\0\x30\0\x40\x01\x01\x11\0",
    b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x2f\0\0",
    b"RIFF\x1a\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\x40\0\x30\0",
    b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\x3f\xc0\x0b\0",
)
_CAPTIONS = (
    b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n",
    b"\xef\xbb\xbfWEBVTT x\r\n\r\nNOTE a\r\nb\r\n\r\n1\r\n01:00:01.000 --> 01:00:02.500 line:0\r\n<v Al>&lt;b&gt;<b>x</b>\r\n",
)
_CAPTION_WORDS = (
    b" --> ",
    b"\n\n",
    b"\r",
    b"&gt;",
    b"&#10;",
    b"&#x2028;",
    b"<i",
    b"STYLE\n",
    b"00:09.000 --> 00:10.000\n",
    b"\0",
    b"\xff",
)

TARGETS = [
    Target("stun", _stun, (stun, aioice_stun), (), (wire.CHECK, wire.signed(wire.CHECK)), _STUN_WORDS, 600),
    Target(
        "edge",
        through_edge,
        (edge, stun),
        (),
        (wire.framed(b"\x10" + wire.CHECK, b"\x00\x80" + bytes(20), b"\x00\x16" + bytes(20)),),
        (wire.framed(b"\x10" + wire.CHECK), b"\x00\x16", b"\x00\x80"),
    ),
    Target(
        "tcp",
        through_tcp,
        (tcp, edge, stun),
        (),
        (wire.framed(wire.signed(wire.CHECK), b"\x80" + bytes(20), b"\x16" + bytes(20)),),
        (wire.framed(wire.signed(wire.CHECK)), wire.framed(b"\x16" + bytes(12))),
        4000,
    ),
    Target("dtls", _dtls, (seam,), (), ((b"\x16\xfe\xfd" + bytes(8) + b"\x00\x04" + bytes(4)) * 3,), (), 4000),
    Target("rtp", _rtp, (packet,), (ValueError,), _PACKETS),
    Target("extensions", _extensions, (packet,), (), (b"\x00\x31\x00\x01\x400", b"\x80\x04\x010\x03\x02\x00\x01")),
    Target("rtcp", _rtcp, (rtcp,), (ValueError,), (*_REPORTS, b"".join(_REPORTS)), _REPORTS),
    Target("feedback", _feedback, (feedback, history), (ValueError,), _FEEDBACK),
    Target("vp8", _vp8, (vp8,), (ValueError,), (VP8_KEY, b"\x80\x80\x05\x01")),
    Target("h264", _h264, (h264,), (), (STAP, SPS, b"\x7c\x85"), (wire.framed(SPS),)),
    Target("rtx", _rtx, (rtx,), (), (b"\x00\x01abc",)),
    Target("red", _red, (red,), (ValueError,), (RED,), (RED[:4],)),
    Target(
        "sdp",
        _sdp,
        (offer, codecs, build, answer),
        (BadSdp, NoCommonCodec),
        (wire.OFFER.encode(),),
        (*_SDP_WORDS, "é\u2028".encode(), b"\xff", b"*", b"\x0b"),
        8000,
    ),
    Target(
        "incoming",
        _incoming,
        (incoming, layer, packet, vp8, h264, sps, red, rtx, ring, nack, reception, feedback),
        (),
        (wire.framed(*_PACKETS), *map(wire.framed, _PACKETS)),
        tuple(map(wire.framed, _PACKETS)),
        4000,
    ),
    Target(
        "recorded",
        _recorded,
        (frames, recorded_h264, sps),
        (),
        (b"\x80" + wire.framed(b"\xff" + VP8_KEY), b"\x00" + wire.framed(b"\x00" + STAP, b"\xff\x65abc")),
        (wire.framed(b"\xff" + SPS), wire.framed(b"\xff\x7c\x85ab"), wire.framed(b"\xff\x7c\x45ab")),
        4000,
    ),
    Target(
        "picture",
        _picture,
        (pictures,),
        (BadPicture,),
        _PICTURES,
        (b"\xff\xc0", b"\xff\xd8", b"VP8X", b"VP8L\0\0\0\0/"),
    ),
    Target("captions", _captions, (captions,), (BadCaptions,), _CAPTIONS, _CAPTION_WORDS, 4000),
]
