"""Rules of taking part."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.taking_part import (
    SLOW_MODE_LIMIT_S,
    chapter_s,
    folded,
    is_held_by_words,
    may_move_line,
    may_move_question,
    place_of,
    question_order,
    wait_s,
)
from server.domain.words import ChatLineState, QuestionState

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WORDS = st.text(alphabet="abcdefghijklmnoprstuvwxyzäöüß", min_size=2, max_size=12)
AROUND = st.text(alphabet=" .,!?-–\n…", min_size=1, max_size=4)


@settings(deadline=None)
@given(WORDS, AROUND, AROUND)
def test_word_of_the_list_holds_a_line_wherever_it_stands(word: str, before: str, after: str) -> None:
    assert is_held_by_words(word, [word])
    assert is_held_by_words(f"Hallo{before}{word.upper()}{after}da", [word])


@settings(deadline=None)
@given(WORDS)
def test_word_inside_another_one_does_not(word: str) -> None:
    assert not is_held_by_words(f"q{word}", [word])
    assert is_held_by_words(f"{word}qx", [f"{word}*"])
    assert not is_held_by_words(f"q{word}", [f"{word}*"])


@pytest.mark.parametrize(
    "said",
    [
        "1d10t",
        "i d i o t",
        "I.D.I.O.T!",
        "idiooooot",
        "id\u200biot",
        "ïdíöt",
        "idi\u043et",
        "ｉｄｉｏｔ",
        "so ein idiot,",
    ],
)
def test_ways_around_the_list_are_seen_through(said: str) -> None:
    assert is_held_by_words(said, ["Idiot"])


@pytest.mark.parametrize(
    ("said", "words"),
    [("so good", ["god"]), ("as it is", ["ass"]), ("Scunthorpe", ["cunt"]), ("anything", ["*", "", "!!"]), ("", ["a"])],
)
def test_innocent_lines_pass(said: str, words: list[str]) -> None:
    assert not is_held_by_words(said, words)


def test_several_words_in_a_row_are_one_entry() -> None:
    assert is_held_by_words("buy now, CHEAP -- pills here", ["cheap pills"])
    assert not is_held_by_words("cheap and good pills", ["cheap pills"])


@settings(deadline=None)
@given(st.text(max_size=500), st.lists(st.text(max_size=60), max_size=20))
def test_list_holds_what_one_of_its_words_holds(said: str, words: list[str]) -> None:
    assert is_held_by_words(said, words) == any(is_held_by_words(said, [word]) for word in words)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_folding_twice_changes_nothing_of_plain_letters(text: str) -> None:
    plain = folded(text)
    assert not any(unicodedata.category(sign) == "Cf" for sign in plain)


@settings(deadline=None)
@given(st.integers(0, SLOW_MODE_LIMIT_S), st.integers(0, 2_000_000))
def test_slow_mode_waits_no_longer_than_it_says(slow_s: int, passed_ms: int) -> None:
    passed = timedelta(milliseconds=passed_ms)
    left = wait_s(NOW - passed, slow_s, NOW)
    assert 0 <= left <= slow_s
    assert wait_s(NOW - passed, slow_s, NOW + timedelta(seconds=left)) == 0
    assert (left == 0) == (slow_s == 0 or passed >= timedelta(seconds=slow_s))
    assert wait_s(None, slow_s, NOW) == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(QuestionState)), st.integers(0, 99), st.integers(0, 9999))))
def test_order_of_questions(made: list[tuple[QuestionState, int, int]]) -> None:
    """The pinned one leads, the answered ones end the list, more votes come before fewer, the older before the newer."""
    made.sort(key=lambda one: question_order(one[0], one[1], NOW + timedelta(seconds=one[2])))
    groups = [question_order(state, 0, NOW)[0] for state, _, _ in made]
    assert groups == sorted(groups)
    waiting = [(-votes, at) for state, votes, at in made if question_order(state, 0, NOW)[0] == 1]
    assert waiting == sorted(waiting)


@pytest.mark.parametrize("state", list(QuestionState))
def test_whatever_is_done_to_a_question_can_be_taken_back(state: QuestionState) -> None:
    for to in QuestionState:
        if may_move_question(state, to) and state is not QuestionState.ASKED:
            assert may_move_question(to, QuestionState.APPROVED) or to is QuestionState.APPROVED


def test_whatever_is_done_to_a_line_can_be_taken_back() -> None:
    for state in ChatLineState:
        for to in ChatLineState:
            if may_move_line(state, to):
                assert to is ChatLineState.SHOWN or may_move_line(to, ChatLineState.SHOWN)


def test_place_among_hands() -> None:
    assert place_of(["a", "b"], "b") == 2
    assert place_of(["a", "b"], "c") is None


def test_chapters_count_from_the_beginning_of_the_broadcast() -> None:
    assert chapter_s(NOW, NOW + timedelta(seconds=90)) == 90.0
    assert chapter_s(NOW, NOW - timedelta(seconds=1)) == 0.0
    assert chapter_s(None, NOW) is None
