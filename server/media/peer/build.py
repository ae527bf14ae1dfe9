"""From an offer to the parts of a connection: what we will receive, what slots there are, and the lines of the answer."""

import secrets
from dataclasses import dataclass, field

from server.errors import BadSdp, NoCommonCodec
from server.media.edge.counters import Counters
from server.media.peer.choice import Choice
from server.media.peer.incoming import Incoming
from server.media.peer.link import Link
from server.media.peer.meter import Meter
from server.media.peer.outlet import Outlet
from server.media.peer.publication import Publication
from server.media.rtp.clock import PublisherClock
from server.media.sdp.answer import AUDIO_LEVEL, MID, REPAIRED_RID, RID, TRANSPORT_CC, Line, Sending
from server.media.sdp.codecs import ChosenCodec, codecs_to_receive, codecs_to_send
from server.media.sdp.offer import Offer, Section
from server.media.tap import Source

KINDS = {Source.CAMERA: "video", Source.SCREEN: "video", Source.MICROPHONE: "audio"}
EXTENSIONS = (MID, TRANSPORT_CC)
LAYERS_MAX = 3
"""Of one source. Each has a ring of its own, and more than three sizes nobody needs."""


@dataclass(slots=True)
class Parts:
    """What one offer asks for. `lines` has one entry for each m-line of the offer."""

    incoming: Incoming
    clock: PublisherClock
    link: Link = field(default_factory=Link)
    meter: Meter = field(default_factory=Meter)
    outlets: list[Outlet] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    choice: Choice = field(init=False)


def build(offer: Offer, sources: dict[str, str], counters: Counters) -> Parts:
    """The parts for `offer`; `sources` says what each sending m-line (by mid) carries. Raises BadSdp, NoCommonCodec."""
    parts = Parts(Incoming(counters), PublisherClock())
    named = _named_sources(offer, sources)
    groups = {"audio": 0, "video": 0}
    for section in offer.sections:
        parts.lines.append(_line(parts, section, named.get(section.mid), groups))
    if not any(line.codecs for line in parts.lines):
        raise NoCommonCodec
    parts.choice = Choice(parts.outlets)
    return parts


def _named_sources(offer: Offer, sources: dict[str, str]) -> dict[str, Source]:
    named: dict[str, Source] = {}
    for section in offer.sections:
        if section.mid not in sources or not section.sends:
            continue
        try:
            source = Source(sources[section.mid])
        except ValueError as exc:
            raise BadSdp(reason="unknown_source") from exc
        if KINDS[source] != section.kind or source in named.values():
            raise BadSdp(reason="wrong_source")
        named[section.mid] = source
    return named


def _line(parts: Parts, section: Section, source: Source | None, groups: dict[str, int]) -> Line:
    if section.kind not in ("audio", "video") or not (source or section.receives):
        return Line(section.kind, section.mid, "inactive")
    codecs = codecs_to_receive(section) if source else codecs_to_send(section)
    if not codecs:
        if source:
            raise NoCommonCodec
        return Line(section.kind, section.mid, "inactive")
    extensions = {address: section.extensions[address] for address in EXTENSIONS if address in section.extensions}
    if source and AUDIO_LEVEL in section.extensions and section.kind == "audio":
        extensions[AUDIO_LEVEL] = section.extensions[AUDIO_LEVEL]
    rids = _layers(section) if source else []
    if source:
        extensions |= {address: section.extensions[address] for address in (RID, REPAIRED_RID) if rids}
        publication = Publication(section.mid, source, section.kind, codecs, parts.clock, rids)
        parts.incoming.add(publication, section)
    sending = _slot(parts, section, codecs, extensions, groups) if section.receives else None
    direction = ("sendrecv" if sending else "recvonly") if source else "sendonly"
    return Line(section.kind, section.mid, direction, codecs, extensions, sending, rids)


def _layers(section: Section) -> list[str]:
    """The layers that we take; none of a browser that could not say which packet is of which."""
    told = all(address in section.extensions for address in (MID, RID, REPAIRED_RID))
    rids = section.layers[:LAYERS_MAX] if told and section.kind == "video" else []
    return rids if len(rids) > 1 else []


def _slot(
    parts: Parts, section: Section, codecs: list[ChosenCodec], extensions: dict[str, int], groups: dict[str, int]
) -> Sending:
    index = groups[section.kind]
    groups[section.kind] += 1
    sending = Sending(_new_ssrc(), _new_ssrc(), f"g{index}", f"{section.kind[0]}{index}")
    seed = secrets.randbits(32)
    parts.outlets.append(Outlet(parts.link, section.mid, section.kind, sending, codecs, extensions, seed))
    return sending


def _new_ssrc() -> int:
    return secrets.randbelow(0xFFFFFFFE) + 1
