"""Rules that need no database: places, states, numbers, names, moments, rights."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import cases, cleaning, consent, moments, numbers, rights
from server.domain.principal import Agent, Anonymous, Grant, Person, Principal, Visitor
from server.domain.queue import waiting_range
from server.domain.words import (
    AgentId,
    CaseId,
    CaseState,
    ConsentAnswer,
    Language,
    LinkId,
    Outcome,
    PersonKind,
    Role,
    SessionId,
    SessionState,
    Visibility,
    VisitorId,
)
from server.errors import BadField, Forbidden, NotSignedIn

NOW = 1_000_000.0


def test_nobody_says_how_long_without_agents_or_experience() -> None:
    every_five_minutes = [NOW - 300 * n for n in range(1, 8)]
    assert waiting_range(0, [], 2, NOW) is None
    assert waiting_range(0, every_five_minutes[:2], 2, NOW) is None
    assert waiting_range(0, every_five_minutes, 0, NOW) is None
    assert waiting_range(0, [NOW - 3 * 3600 - n for n in range(9)], 2, NOW) is None


def test_range_is_round_holds_the_pace_and_grows_with_the_place() -> None:
    takes = [NOW - 300 * n for n in range(1, 11)]
    spans = [waiting_range(ahead, takes, 2, NOW) for ahead in range(5)]
    for ahead, span in enumerate(spans):
        assert span is not None
        assert span.min_s % 60 == span.max_s % 60 == 0
        assert span.min_s < 300 * (ahead + 1) < span.max_s
    assert [one.max_s for one in spans if one] == sorted(one.max_s for one in spans if one)


def test_range_grows_while_nothing_happens() -> None:
    takes = [NOW - 60 * n for n in range(1, 11)]
    soon, later = waiting_range(1, takes, 1, NOW), waiting_range(1, takes, 1, NOW + 1800)
    assert soon is not None
    assert later is not None
    assert later.max_s > soon.max_s


@given(st.integers(0, 500), st.lists(st.floats(NOW - 9000, NOW + 10), max_size=40), st.integers(0, 9))
def test_range_is_always_one_or_none(ahead: int, takes: list[float], agents_here: int) -> None:
    span = waiting_range(ahead, takes, agents_here, NOW)
    assert span is None or 0 <= span.min_s < span.max_s


def test_states_follow_as_drawn() -> None:
    allowed = {
        (CaseState.WAITING, CaseState.TAKEN),
        (CaseState.WAITING, CaseState.OPEN),
        (CaseState.WAITING, CaseState.CLOSED),
        (CaseState.TAKEN, CaseState.WAITING),
        (CaseState.TAKEN, CaseState.OPEN),
        (CaseState.TAKEN, CaseState.CLOSED),
        (CaseState.OPEN, CaseState.WAITING),
        (CaseState.OPEN, CaseState.CLOSED),
        (CaseState.CLOSED, CaseState.OPEN),
        (CaseState.CLOSED, CaseState.WAITING),  # The customer comes back by the same link.
    }
    assert {pair for pair in itertools.product(CaseState, CaseState) if cases.may_become(*pair)} == allowed
    assert not any(cases.may_turn(SessionState.ENDED, then) for then in SessionState)
    assert [cases.state_after(outcome) for outcome in Outcome].count(CaseState.CLOSED) == 1


def test_numbers_can_be_read_out() -> None:
    choose = random.Random(7).choice
    made = [numbers.make_number(choose) for _ in range(2000)]
    assert all(len(one) == 7 and one[3] == "-" and not set(one) & set("01OIL") for one in made)


@given(st.text(max_size=200))
def test_cleaned_names_hold_nothing_that_harms(text: str) -> None:
    try:
        name = cleaning.clean_name(text)
    except BadField:
        return
    assert 1 <= len(name) <= 80
    assert not set(name) & cleaning.BIDI
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in name)
    assert cleaning.clean_name(name) == name


def test_contacts_are_kept_as_they_work() -> None:
    assert cleaning.clean_email(" Carla@Example.ORG ") == "carla@example.org"
    assert cleaning.clean_email("  ") is None
    assert cleaning.clean_phone("+49 (30) 12-34/5") == "+49 (30) 12-34/5"
    for wrong in ("a@b", "a b@example.org", "a@b@example.org", "<a@example.org>"):
        with pytest.raises(BadField):
            cleaning.clean_email(wrong)
    with pytest.raises(BadField):
        cleaning.clean_phone("javascript:alert(1)")


def test_text_of_several_lines_keeps_its_lines() -> None:
    assert cleaning.clean_text("a \r\nb\u2028\tc\u0085", "text") == "a\nb\n c"


@given(st.integers(0, 40 * 3600))
def test_moments_are_read_as_they_are_written(seconds: int) -> None:
    assert moments.read_moment(moments.write_moment(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3m20s", 200), ("28m", 1680), ("1h2m3s", 3723), ("200", 200), ("200s", 200), ("1.5s", 1.5), ("0s", 0)],
)
def test_moments_people_type(text: str, seconds: float) -> None:
    assert moments.read_moment(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "3x", "-5", "1e9", "3m20s1h", "٣m", "9" * 40, "3m 20s x"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert moments.read_moment(text) is None


def test_consent_needs_a_question_first_and_only_a_yes_writes() -> None:
    assert not any(consent.may_answer(None, answer) for answer in ConsentAnswer)
    assert [consent.may_write(answer) for answer in (None, *ConsentAnswer)].count(True) == 1
    assert not consent.may_ask(ConsentAnswer.ASKED)
    assert not consent.may_ask(ConsentAnswer.GIVEN)
    assert consent.may_ask(None)
    assert {consent.wording(language) for language in Language} == set(consent.WORDING["2026-1"].values())


CASE, OTHER, SESSION, NEXT = CaseId("case"), CaseId("other"), SessionId("session"), SessionId("next")
AGENT = Agent(AgentId("ann"), "Ann", Role.AGENT, "hash")
CUSTOMER = Visitor(VisitorId("v1"), (Grant(LinkId("l1"), PersonKind.CUSTOMER, CASE, None, "Carla"),))
GUEST = Visitor(VisitorId("v2"), (Grant(LinkId("l2"), PersonKind.GUEST, CASE, SESSION, "Gerd"),))
BOTH = Visitor(VisitorId("v3"), CUSTOMER.links + GUEST.links)


@pytest.mark.parametrize(
    ("principal", "reads", "joins", "joins_next", "sees_session", "sees_rest", "sees_notes"),
    [
        (AGENT, True, True, True, True, True, True),
        (CUSTOMER, True, True, True, True, True, False),
        (BOTH, True, True, True, True, True, False),
        (GUEST, True, True, False, True, False, False),
        (Anonymous(), False, False, False, False, False, False),
        (Visitor(VisitorId("v4"), ()), False, False, False, False, False, False),
    ],
)
def test_who_may_do_what(
    principal: Principal,
    reads: bool,
    joins: bool,
    joins_next: bool,
    sees_session: bool,
    sees_rest: bool,
    sees_notes: bool,
) -> None:
    assert rights.may_read_case(principal, CASE) is reads
    assert rights.may_join(principal, CASE, SESSION) is joins
    assert rights.may_join(principal, CASE, NEXT) is joins_next
    assert rights.may_see_entry(principal, CASE, SESSION, Visibility.EVERYONE) is sees_session
    assert rights.may_see_entry(principal, CASE, None, Visibility.EVERYONE) is sees_rest
    assert rights.may_see_entry(principal, CASE, SESSION, Visibility.AGENTS) is sees_notes
    if not isinstance(principal, Agent):
        assert not rights.may_read_case(principal, OTHER)


def test_a_person_is_the_same_in_every_tab() -> None:
    assert rights.person_in(CUSTOMER, CASE, SESSION) == Person(PersonKind.CUSTOMER, "case", "Carla")
    assert rights.person_in(GUEST, CASE, SESSION) == Person(PersonKind.GUEST, "l2", "Gerd")
    assert rights.person_in(GUEST, CASE, NEXT) is None
    assert rights.is_person(CUSTOMER, Person(PersonKind.CUSTOMER, "case", ""))
    assert not rights.is_person(GUEST, Person(PersonKind.CUSTOMER, "case", ""))
    assert not rights.is_person(Anonymous(), Person(PersonKind.AGENT, "ann", ""))
    assert rights.is_person(AGENT, Person(PersonKind.AGENT, "ann", ""))


def test_agents_only_and_admins_only() -> None:
    assert rights.agent_only(AGENT) is AGENT
    with pytest.raises(Forbidden):
        rights.agent_only(CUSTOMER)
    with pytest.raises(NotSignedIn):
        rights.agent_only(Anonymous())
    with pytest.raises(Forbidden):
        rights.admin_only(AGENT)
