"""Who may watch a broadcast: the one decision for page, stream and audience sockets."""

from itertools import product

import pytest

from server.domain.principal import Agent, Anonymous, Grant, Principal, Visitor
from server.domain.rights import may_play, may_view
from server.domain.words import (
    AgentId,
    BroadcastState,
    CaseId,
    ChannelId,
    Language,
    LinkId,
    Openness,
    PersonKind,
    Role,
    SessionId,
    TopicId,
    VisitorId,
)
from server.service.house import utc_now
from server.store.broadcast_rows import BroadcastRow

HERE, ELSEWHERE = SessionId("here"), SessionId("elsewhere")
CASE, OTHER = CaseId("case"), CaseId("other")


def broadcast(openness: Openness, state: BroadcastState = BroadcastState.LIVE, **more: object) -> BroadcastRow:
    made = (HERE, ChannelId("c"), TopicId("t"), "Title", "", Language.DE, openness, state, utc_now(), "folder", "ann")
    return BroadcastRow(*made, **more)  # type: ignore[arg-type]


def holder(kind: PersonKind, case: CaseId, session: SessionId | None) -> Visitor:
    return Visitor(VisitorId("v"), (Grant(LinkId("l"), kind, case, session, "Name"),))


AGENT = Agent(AgentId("a"), "Ann", Role.AGENT, "hash")
STRANGERS: list[Principal] = [
    Anonymous(),
    Visitor(VisitorId("v"), ()),
    holder(PersonKind.CUSTOMER, OTHER, None),
    holder(PersonKind.GUEST, CASE, ELSEWHERE),
    holder(PersonKind.VIEWER, CASE, ELSEWHERE),
]
INVITED: list[Principal] = [
    AGENT,
    holder(PersonKind.CUSTOMER, CASE, None),
    holder(PersonKind.GUEST, CASE, HERE),
    holder(PersonKind.VIEWER, CASE, HERE),
]


@pytest.mark.parametrize("openness", [Openness.PUBLIC, Openness.UNLISTED])
def test_everybody_views_what_is_open(openness: Openness) -> None:
    assert all(may_view(one, broadcast(openness), [CASE]) for one in STRANGERS + INVITED)


def test_a_private_one_is_for_agents_and_who_holds_a_link() -> None:
    assert all(may_view(one, broadcast(Openness.PRIVATE), [CASE]) for one in INVITED)
    assert not any(may_view(one, broadcast(Openness.PRIVATE), [CASE]) for one in STRANGERS)


def test_what_was_taken_away_is_for_agents_alone() -> None:
    gone = broadcast(Openness.PUBLIC, removed_at=utc_now())
    assert [may_view(one, gone, [CASE]) for one in INVITED] == [True, False, False, False]


def test_nobody_but_agents_has_a_stream_before_the_audience_is_let_in() -> None:
    for one, openness, state in product(STRANGERS + INVITED, Openness, BroadcastState):
        row = broadcast(openness, state)
        closed = state in {BroadcastState.PLANNED, BroadcastState.REHEARSAL}
        assert may_play(one, row, [CASE]) == (may_view(one, row, [CASE]) and (one is AGENT or not closed))
