"""What people are told of their own consent, and of the audience that may see them."""

from dataclasses import dataclass

from server.domain.words import BroadcastState, ConsentAnswer, Openness


@dataclass(frozen=True, slots=True)
class ConsentView:
    """Where the reader's own consent to one purpose stands, with the exact words asked."""

    asked: bool
    answer: ConsentAnswer | None
    wording: str
    wording_version: str


@dataclass(frozen=True, slots=True)
class OnAir:
    """What those on stage are told of the broadcast of their session. `consent` is the reader's own, None before the question; `shown`: the audience
    may see and hear the reader."""

    title: str
    visibility: Openness
    state: BroadcastState
    consent: ConsentView | None
    shown: bool
