"""A browser's offer (RFC 8866, RFC 9429), read with suspicion: bounded first, then only the lines that we need."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from server.errors import BadSdp

OFFER_MAX_BYTES = 64 * 1024
SECTIONS_MAX = 24
CANDIDATES_MAX = 50
CODECS_MAX = 96
EXTENSIONS_MAX = 14
SSRCS_MAX = 32
MID_MAX = 16
RIDS_MAX = 8
FMTP_MAX = 512
"""Characters of one fmtp line; the longest of a browser (H.265) has about 80."""
PARAMETERS_MAX = 24
FEEDBACK_MAX = 16
"""rtcp-fb lines of one codec, and lines for all codecs (`*`) of one section."""
FEEDBACK_LENGTH_MAX = 64
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
FINGERPRINT_ALGORITHMS = ("sha-256", "sha-384", "sha-512")


@dataclass(slots=True)
class OfferedCodec:
    """One payload type of an m-line. `name` as in the rtpmap; `fmtp` is the text behind the number; `feedback` the rtcp-fb values."""

    payload_type: int
    name: str = ""
    clock_rate: int = 0
    channels: int = 1
    fmtp: str = ""
    feedback: list[str] = field(default_factory=list)

    def parameter(self, key: str) -> str | None:
        """One `key=value` of the fmtp line; None when it is not there."""
        for part in self.fmtp.split(";"):
            name, _, value = part.strip().partition("=")
            if name == key:
                return value
        return None


@dataclass(slots=True)
class Section:
    """One m-line. `codecs` in the offerer's order; `extensions` by address; `flows` are (media SSRC, retransmission SSRC or None)."""

    kind: str
    mid: str = ""
    direction: str = "sendrecv"
    codecs: list[OfferedCodec] = field(default_factory=list)
    extensions: dict[str, int] = field(default_factory=dict)
    ssrcs: list[int] = field(default_factory=list)
    retransmissions: dict[int, int] = field(default_factory=dict)
    rids: list[str] = field(default_factory=list)
    simulcast: list[str] = field(default_factory=list)

    @property
    def sends(self) -> bool:
        """The browser sends on this line."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        """The browser receives on this line."""
        return self.direction in ("sendrecv", "recvonly")

    @property
    def layers(self) -> list[str]:
        """The RIDs of the layers that the browser offers to send at once, in its order; of alternatives the first (RFC 8853)."""
        return [rid for rid in self.simulcast if rid in self.rids]

    @property
    def flows(self) -> list[tuple[int, int | None]]:
        """Announced streams; empty for simulcast, whose streams are learned from their first packets."""
        again = set(self.retransmissions.values())
        return [(ssrc, self.retransmissions.get(ssrc)) for ssrc in self.ssrcs if ssrc not in again]


@dataclass(slots=True)
class Offer:
    """What an offer says about the transport, and its m-lines in order. All m-lines share one transport (BUNDLE)."""

    sections: list[Section] = field(default_factory=list)
    ufrag: str = ""
    password: str = ""
    fingerprint: tuple[str, str] = ("", "")
    setup: str = ""
    name: str = ""


def read_offer(sdp: str) -> Offer:
    """The offer in `sdp`. Raises BadSdp, which says in `facts["reason"]` what is wrong, never the text itself."""
    if len(sdp) > OFFER_MAX_BYTES or len(sdp.encode("utf-8", "replace")) > OFFER_MAX_BYTES:
        raise BadSdp(reason="too_long")
    reader = _Reader()
    try:
        for kind, value in _lines(sdp):
            reader.line(kind, value)
    except (ValueError, IndexError) as exc:
        raise BadSdp(reason="unreadable_line") from exc
    return reader.finish()


def _lines(sdp: str) -> Iterator[tuple[str, str]]:
    for line in sdp.splitlines():
        if not line:
            continue
        if len(line) < 2 or line[1] != "=":
            raise ValueError("not a line of SDP")
        yield line[0], line[2:]


class _Reader:
    """Collects one offer line by line."""

    def __init__(self) -> None:
        self._offer = Offer()
        self._section: Section | None = None
        self._codecs: dict[int, OfferedCodec] = {}
        self._for_all = 0
        self._candidates = 0
        self._has_version = False

    def line(self, kind: str, value: str) -> None:
        """One line. Raises ValueError or IndexError when it cannot be read, BadSdp when there is too much."""
        if kind == "v":
            self._has_version = True
        elif kind == "s":
            self._offer.name = value[:64]
        elif kind == "m":
            self._begin_section(value)
        elif kind == "a":
            name, _, text = value.partition(":")
            if name == "candidate":
                self._count_candidate()
            elif not self._transport(name, text) and self._section is not None:
                self._media(self._section, name, text)

    def _begin_section(self, value: str) -> None:
        if len(self._offer.sections) >= SECTIONS_MAX:
            raise BadSdp(reason="too_many_sections")
        kind, _, protocol, *formats = value.split()
        self._section = Section(kind)
        self._codecs, self._for_all = {}, 0
        if kind in ("audio", "video") and protocol == "UDP/TLS/RTP/SAVPF":
            numbers = [_bounded(text, 127) for text in formats[:CODECS_MAX]]
            self._codecs = {number: OfferedCodec(number) for number in numbers}
        self._section.codecs = list(self._codecs.values())
        self._offer.sections.append(self._section)

    def _count_candidate(self) -> None:
        self._candidates += 1
        if self._candidates > CANDIDATES_MAX:
            raise BadSdp(reason="too_many_candidates")

    def _transport(self, name: str, text: str) -> bool:
        offer = self._offer
        if name == "ice-ufrag":
            offer.ufrag = offer.ufrag or text
        elif name == "ice-pwd":
            offer.password = offer.password or text
        elif name == "setup":
            offer.setup = offer.setup or text
        elif name == "fingerprint":
            algorithm, value = text.split()
            if algorithm.lower() in FINGERPRINT_ALGORITHMS and not offer.fingerprint[0]:
                offer.fingerprint = (algorithm.lower(), value)
        else:
            return False
        return True

    def _media(self, section: Section, name: str, text: str) -> None:
        if name == "mid":
            section.mid = text
        elif name in DIRECTIONS:
            section.direction = name
        elif name == "rtpmap":
            self._rtpmap(text)
        elif name in ("fmtp", "rtcp-fb"):
            self._codec_parameter(name, text)
        elif name == "extmap":
            number, address = text.split()[:2]
            identifier = _bounded(number.partition("/")[0], 255)
            if 1 <= identifier <= EXTENSIONS_MAX and len(section.extensions) < EXTENSIONS_MAX:
                section.extensions.setdefault(address, identifier)
        elif name == "rid":
            self._rid(section, text.split())
        elif name == "simulcast":
            self._simulcast(section, text.split())
        elif name == "ssrc":
            self._ssrc(section, _bounded(text.split()[0], 0xFFFFFFFF))
        elif name == "ssrc-group":
            self._ssrc_group(section, text.split())

    def _rtpmap(self, text: str) -> None:
        number, encoding = text.split()[:2]
        codec = self._codecs.get(_bounded(number, 127))
        if codec is not None:
            name, clock_rate, *channels = encoding.split("/")
            codec.name = name
            codec.clock_rate = _bounded(clock_rate, 1_000_000)
            codec.channels = _bounded(channels[0], 255) if channels else 1

    def _codec_parameter(self, name: str, text: str) -> None:
        number, _, value = text.partition(" ")
        value = value.strip()
        if name == "fmtp":
            self._fmtp(number, value)
            return
        if len(value) > FEEDBACK_LENGTH_MAX:
            raise ValueError("too long a feedback value")
        if number != "*":
            self._feedback(self._codecs.get(_bounded(number, 127)), value)
        elif self._for_all < FEEDBACK_MAX:
            self._for_all += 1
            for codec in self._codecs.values():
                self._feedback(codec, value)

    def _fmtp(self, number: str, value: str) -> None:
        if number == "*":
            return  # RFC 8866 knows it for rtcp-fb only; one line must not be copied to 96 codecs.
        if len(value) > FMTP_MAX or value.count(";") >= PARAMETERS_MAX:
            raise ValueError("too long a format")
        codec = self._codecs.get(_bounded(number, 127))
        if codec is not None:
            codec.fmtp = value

    @staticmethod
    def _feedback(codec: OfferedCodec | None, value: str) -> None:
        if codec is not None and len(codec.feedback) < FEEDBACK_MAX:
            codec.feedback.append(value)

    @staticmethod
    def _rid(section: Section, words: list[str]) -> None:
        if words[1] == "send" and _is_token(words[0]) and len(section.rids) < RIDS_MAX:
            section.rids.append(words[0])

    @staticmethod
    def _simulcast(section: Section, words: list[str]) -> None:
        if "send" in words[::2] and not section.simulcast:
            streams = words[words.index("send") + 1].split(";")[:RIDS_MAX]
            first = [stream.partition(",")[0].removeprefix("~") for stream in streams]
            section.simulcast = list(dict.fromkeys(first))

    def _ssrc(self, section: Section, ssrc: int) -> None:
        if ssrc not in section.ssrcs and len(section.ssrcs) < SSRCS_MAX:
            section.ssrcs.append(ssrc)

    def _ssrc_group(self, section: Section, words: list[str]) -> None:
        if words[0] == "FID" and len(words) == 3 and len(section.retransmissions) < SSRCS_MAX:
            section.retransmissions[_bounded(words[1], 0xFFFFFFFF)] = _bounded(words[2], 0xFFFFFFFF)

    def finish(self) -> Offer:
        """The whole offer, checked."""
        offer = self._offer
        if not self._has_version or not offer.sections:
            raise BadSdp(reason="no_sections")
        if not 4 <= len(offer.ufrag) <= 256 or not 22 <= len(offer.password) <= 256:
            raise BadSdp(reason="no_ice")
        if not offer.fingerprint[0] or not _is_fingerprint(offer.fingerprint[1]):
            raise BadSdp(reason="no_fingerprint")
        if offer.setup not in ("actpass", "active", "passive"):
            raise BadSdp(reason="no_setup")
        mids = [section.mid for section in offer.sections]
        if len(set(mids)) < len(mids) or not all(_is_token(mid) for mid in mids):
            raise BadSdp(reason="bad_mid")
        return offer


def _bounded(text: str, limit: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > limit:
        raise ValueError("not a number in range")
    return int(text)


def _is_fingerprint(value: str) -> bool:
    return 16 <= len(value) <= 200 and all(letter in "0123456789abcdefABCDEF:" for letter in value)


def _is_token(mid: str) -> bool:
    return 1 <= len(mid) <= MID_MAX and mid.isascii() and all(letter.isalnum() or letter in "-_." for letter in mid)
