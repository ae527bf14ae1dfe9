"""The life of a broadcast, what it needs to go before an audience, and what the audience sees of it when. No I/O, no clock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from server.domain.words import BroadcastState, Openness, ParticipantId, PersonKind

STEPS: dict[BroadcastState, frozenset[BroadcastState]] = {
    BroadcastState.PLANNED: frozenset(
        {BroadcastState.REHEARSAL, BroadcastState.COUNTDOWN, BroadcastState.LIVE, BroadcastState.ENDED}
    ),
    BroadcastState.REHEARSAL: frozenset({BroadcastState.COUNTDOWN, BroadcastState.LIVE, BroadcastState.ENDED}),
    BroadcastState.COUNTDOWN: frozenset({BroadcastState.LIVE, BroadcastState.PAUSED, BroadcastState.ENDED}),
    BroadcastState.LIVE: frozenset({BroadcastState.PAUSED, BroadcastState.ENDED}),
    BroadcastState.PAUSED: frozenset({BroadcastState.LIVE, BroadcastState.ENDED}),
    BroadcastState.ENDED: frozenset(),
}

OPEN = frozenset({BroadcastState.COUNTDOWN, BroadcastState.LIVE, BroadcastState.PAUSED})
"""The audience is let in."""
COMPOSED = OPEN | {BroadcastState.REHEARSAL}
"""A composer runs."""
UNENDED = COMPOSED | {BroadcastState.PLANNED}

COUNTDOWN_MIN_S, COUNTDOWN_MAX_S = 3, 3600


def may_turn(now: BroadcastState, then: BroadcastState) -> bool:
    """Whether a broadcast may go from one state to the other."""
    return then in STEPS[now]


def states_before(then: BroadcastState) -> list[BroadcastState]:
    """From which states a broadcast may come to this one."""
    return [state for state in BroadcastState if may_turn(state, then)]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What decides whether a broadcast may go before an audience."""

    openness: Openness
    is_accountable: bool
    on_stage: int
    asked: int
    agreed: int


def obstacles(ready: Readiness) -> list[str]:
    """What is in the way, as codes of errors, the one to be dealt with first in front; empty: nothing.

    Who invites everybody says who is responsible, and where the Impressum is (§ 5 DDG, § 18 MStV). Nobody on stage is passed over by not being asked.
    """
    found = []
    if needs_imprint(ready.openness) and not ready.is_accountable:
        found.append("imprint_missing")
    if not ready.on_stage:
        found.append("nobody_on_stage")
    elif ready.asked < ready.on_stage:
        found.append("not_everybody_asked")
    elif not ready.agreed:
        found.append("nobody_to_show")
    return found


def needs_imprint(openness: Openness) -> bool:
    """Whether somebody responsible and an Impressum have to be named."""
    return openness is not Openness.PRIVATE


class Accountable(Protocol):
    """What of a channel says who is responsible."""

    @property
    def responsible_name(self) -> str | None:
        """The person."""

    @property
    def imprint_url(self) -> str | None:
        """Where the Impressum is."""


def is_accountable(channel: Accountable) -> bool:
    """Whether a channel names a person responsible and an Impressum."""
    return bool((channel.responsible_name or "").strip() and (channel.imprint_url or "").strip())


@dataclass(frozen=True, slots=True)
class Card:
    """A picture over everything, while nobody is heard."""

    kind: str
    title: str = ""
    text: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """A question on the picture, and who asked it."""

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the agents chose to be seen. `main`: who has the large place, None for who speaks. `size` and `small` count for the stream's beginning."""

    layout: str = "speaker"
    lower_thirds: bool = True
    main: ParticipantId | None = None
    card: Card | None = None
    banner: Banner | None = None
    logo: bool = True
    size: int = 720
    small: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What the audience sees and hears: exactly those in `agreed`, under these names."""

    wish: Wish
    agreed: list[ParticipantId]
    names: dict[ParticipantId, str]


def seen_by_audience(
    state: BroadcastState,
    wish: Wish,
    starts_at: datetime | None,
    title: str,
    given: Collection[ParticipantId],
    names: Mapping[ParticipantId, str],
) -> Seen:
    """The scene of this moment. Counting down and pausing have a card of their own, whatever was chosen; nobody is heard behind a card.

    Who did not agree is in no part of it, nor is their name, and has not the large place.
    """
    agreed = sorted(one for one in given if one in names)
    main = wish.main if wish.main in agreed else None
    chosen = replace(wish, main=main, card=_card(state, wish.card, starts_at, title))
    return Seen(chosen, agreed, {one: names[one] for one in agreed})


def _card(state: BroadcastState, chosen: Card | None, starts_at: datetime | None, title: str) -> Card | None:
    if state is BroadcastState.COUNTDOWN:
        until = starts_at.timestamp() if starts_at else None
        return Card("countdown", title, chosen.text if chosen else "", until)
    if state is BroadcastState.PAUSED:
        is_own = chosen is not None and chosen.kind == "pause"
        return chosen if is_own else Card("pause", title)
    if state is BroadcastState.ENDED:
        return Card("end", title)
    return chosen


def is_open_to_members(kind: PersonKind, *, agreed: bool) -> bool:
    """Whether who came from the audience on stage sees, hears and is told of somebody there: who agreed to be shown, the team, others like them."""
    return agreed or kind in {PersonKind.AGENT, PersonKind.MEMBER}


def must_ask_again(before: Openness, after: Openness) -> bool:
    """Whether a change lets in people who were not spoken of when those on stage agreed."""
    return breadth(after) > breadth(before)


_BREADTH: Sequence[Openness] = (Openness.PRIVATE, Openness.UNLISTED, Openness.PUBLIC)


def breadth(openness: Openness) -> int:
    """How far it is open: whoever agreed to more has agreed to less."""
    return _BREADTH.index(openness)


def is_due(state: BroadcastState, starts_at: datetime | None, now: datetime) -> bool:
    """Whether a countdown has run out."""
    return state is BroadcastState.COUNTDOWN and starts_at is not None and starts_at <= now
