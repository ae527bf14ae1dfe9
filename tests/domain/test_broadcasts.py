"""The life of a broadcast, what is in its way, and what the audience sees: pure rules, tried with whatever comes."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.broadcasts import (
    OPEN,
    Banner,
    Card,
    Readiness,
    Wish,
    breadth,
    is_accountable,
    is_due,
    may_turn,
    must_ask_again,
    obstacles,
    seen_by_audience,
)
from server.domain.consent import RECORDED, WORDING, called_before, is_enough, shown_to
from server.domain.words import BroadcastState, ChannelId, Language, Openness, ParticipantId
from server.service.house import utc_now
from server.store.broadcast_rows import ChannelRow

STATES, OPENNESS = st.sampled_from(BroadcastState), st.sampled_from(Openness)
PEOPLE = st.lists(st.sampled_from([ParticipantId(name) for name in "abcdef"]), unique=True)
NOW = utc_now()


def reachable(state: BroadcastState) -> set[BroadcastState]:
    found, waiting = {state}, [state]
    while waiting:
        here = waiting.pop()
        following = {then for then in BroadcastState if may_turn(here, then)} - found
        found |= following
        waiting += following
    return found


def test_every_broadcast_can_go_live_until_it_has_ended_and_none_comes_back() -> None:
    assert reachable(BroadcastState.ENDED) == {BroadcastState.ENDED}
    for state in set(BroadcastState) - {BroadcastState.ENDED}:
        assert {BroadcastState.LIVE, BroadcastState.ENDED} <= reachable(state), state
        assert may_turn(state, BroadcastState.ENDED)
        assert not may_turn(state, state)


@given(STATES, STATES)
def test_an_audience_that_was_let_in_is_never_shut_out_before_the_end(
    now: BroadcastState, then: BroadcastState
) -> None:
    if now in OPEN and may_turn(now, then):
        assert then in OPEN | {BroadcastState.ENDED}


@given(OPENNESS, st.booleans(), st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
def test_nothing_is_in_the_way_only_when_all_of_it_is_there(
    openness: Openness, accountable: bool, on_stage: int, asked: int, agreed: int
) -> None:
    missing = obstacles(Readiness(openness, accountable, on_stage, asked, agreed))
    is_named = accountable or openness is Openness.PRIVATE
    assert (not missing) == (is_named and on_stage > 0 and asked >= on_stage and agreed > 0)
    assert ("imprint_missing" in missing) is not is_named


@pytest.mark.parametrize(("name", "imprint"), [(None, "x"), ("x", None), (" ", "x"), ("x", ""), ("", "")])
def test_half_a_channel_is_not_accountable(name: str | None, imprint: str | None) -> None:
    row = ChannelRow(ChannelId("c"), "main", "Oase", name, None, imprint, 0.8, NOW)
    assert not is_accountable(row)


WISHES = st.builds(
    Wish,
    layout=st.sampled_from(["speaker", "grid", "screen", "single"]),
    main=st.sampled_from([None, *map(ParticipantId, "abcdef")]),
    card=st.sampled_from([None, Card("title", "T"), Card("pause", "P", "back soon")]),
    banner=st.sampled_from([None, Banner("Why?", "Bo")]),
)


@given(STATES, WISHES, PEOPLE, PEOPLE, st.sampled_from([None, NOW + timedelta(seconds=30)]))
def test_who_did_not_agree_is_in_no_part_of_the_scene(
    state: BroadcastState,
    wish: Wish,
    agreed: list[ParticipantId],
    known: list[ParticipantId],
    starts_at: datetime | None,
) -> None:
    seen = seen_by_audience(state, wish, starts_at, "Title", agreed, {one: f"name of {one}" for one in known})
    assert set(seen.agreed) == set(agreed) & set(known)
    assert set(seen.names) == set(seen.agreed)
    assert seen.wish.main is None or seen.wish.main in seen.agreed
    kinds = {BroadcastState.COUNTDOWN: "countdown", BroadcastState.PAUSED: "pause", BroadcastState.ENDED: "end"}
    if state in kinds:
        assert seen.wish.card is not None
        assert seen.wish.card.kind == kinds[state]
    else:
        assert seen.wish.card == wish.card


@given(OPENNESS, OPENNESS)
def test_a_yes_to_more_people_is_one_to_fewer_and_never_the_other_way(said: Openness, now: Openness) -> None:
    assert is_enough(shown_to(said).version, shown_to(now)) == (breadth(said) >= breadth(now))
    assert must_ask_again(said, now) is not is_enough(shown_to(said).version, shown_to(now))
    assert not is_enough(shown_to(said).version, RECORDED)
    assert not is_enough(RECORDED.version, shown_to(now))


def test_the_words_say_who_sees_it_how_long_and_that_it_can_be_taken_back() -> None:
    who = {
        Openness.PUBLIC: ("Alle Menschen im Internet", "Everybody on the internet"),
        Openness.UNLISTED: ("den Link", "the link"),
        Openness.PRIVATE: ("eingeladen", "invited"),
    }
    for openness, (german, english) in who.items():
        words = WORDING[shown_to(openness).version]
        assert all(word in words[Language.DE] for word in (german, "Aufzeichnung", "jederzeit widerrufen"))
        assert all(word in words[Language.EN] for word in (english, "recording", "take back a yes at any time"))


def test_a_countdown_is_due_at_its_time_and_nothing_else_ever_is() -> None:
    assert is_due(BroadcastState.COUNTDOWN, NOW, NOW)
    assert not is_due(BroadcastState.COUNTDOWN, NOW, NOW - timedelta(milliseconds=1))
    assert not is_due(BroadcastState.COUNTDOWN, None, NOW)
    assert not any(is_due(state, NOW, NOW) for state in BroadcastState if state is not BroadcastState.COUNTDOWN)


def test_who_is_called_on_stage_reads_what_a_no_means_for_them() -> None:
    """They watch and have not come yet: the words for those on stage would promise them a talk."""
    for openness in Openness:
        words = WORDING[called_before(openness).version]
        assert "sehen Sie weiter zu" in words[Language.DE]
        assert "go on watching" in words[Language.EN]
        assert "sprechen trotzdem weiter" not in words[Language.DE]
        assert "go on talking" not in words[Language.EN]
