"""Offers of machines and viewers (WHIP, WHEP): each m-line goes one way only, and nobody says what it carries."""

from typing import Literal

from server.errors import NotAcceptable, NothingToSend
from server.media.sdp.offer import Offer

SOURCES = {"video": "camera", "audio": "microphone"}


def one_way(offer: Offer, way: Literal["send", "receive"]) -> dict[str, str]:
    """Makes the m-lines of `offer` go one way, seen from who offers; by mid, what the sending ones carry.

    RFC 9725, section 4.4: one picture and one sound at most (NotAcceptable), and no answer that only fits a part of the
    offer. Raises NothingToSend when no m-line goes that way.
    """
    sources: dict[str, str] = {}
    found = False
    for section in offer.sections:
        fits = section.kind in SOURCES and (section.sends if way == "send" else section.receives)
        section.direction = {"send": "sendonly", "receive": "recvonly"}[way] if fits else "inactive"
        found = found or fits
        if fits and way == "send":
            if SOURCES[section.kind] in sources.values():
                raise NotAcceptable
            sources[section.mid] = SOURCES[section.kind]
    if not found:
        raise NothingToSend
    return sources
