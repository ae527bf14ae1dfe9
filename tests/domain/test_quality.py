"""How good a line is, and how good a call was."""

import pytest

from server.domain.quality import Calm, Graded, Look, grade, judge, worst_of
from server.domain.words import Grade, LineState, Trouble

FINE = Look(5.0, loss_up=0.0, loss_down=0.001, rtt_ms=40.0, frozen=0.0, made_up=0.0, height=720)


def looks(count: int, **seen: float) -> list[Look]:
    return [Look(5.0, **seen)] * count  # type: ignore[arg-type]


def graded(*views: list[Look]) -> Graded:
    found = grade(views)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("seen", "state", "trouble"),
    [
        ({}, LineState.GOOD, Trouble.NONE),
        ({"loss_down": 0.05}, LineState.WEAK, Trouble.LOSS_DOWN),
        ({"loss_up": 0.2}, LineState.BAD, Trouble.LOSS_UP),
        ({"rtt_ms": 500.0}, LineState.WEAK, Trouble.DELAY),
        ({"frozen": 0.1}, LineState.WEAK, Trouble.FREEZES),
        ({"made_up": 0.3}, LineState.BAD, Trouble.SOUND),
        ({"lowered": True}, LineState.WEAK, Trouble.NARROW),
        ({"lowered": True, "loss_down": 0.05, "frozen": 0.1}, LineState.WEAK, Trouble.NARROW),
        ({"lowered": True, "loss_down": 0.15}, LineState.BAD, Trouble.LOSS_DOWN),
        ({"loss_down": None, "frozen": None, "rtt_ms": None}, LineState.GOOD, Trouble.NONE),
    ],
)
def test_line_is_as_good_as_the_worst_that_was_seen(seen: dict[str, float], state: LineState, trouble: Trouble) -> None:
    assert judge(Look(5.0, **seen)) == (state, trouble)  # type: ignore[arg-type]


def test_look_takes_over_what_only_the_other_saw() -> None:
    whole = Look(5.0, loss_down=0.2, lowered=True).over(Look(10.0, loss_down=0.0, frozen=0.4, twice=True))
    assert whole == Look(5.0, loss_down=0.2, frozen=0.4, lowered=True, twice=True)


def test_short_call_has_no_grade() -> None:
    assert grade([]) is None
    assert grade([looks(2, loss_down=0.3)]) is None


def test_one_bad_moment_in_a_long_call_is_still_good() -> None:
    found = graded([FINE] * 100 + looks(2, loss_down=0.3))
    assert (found.grade, found.trouble) == (Grade.GOOD, Trouble.NONE)
    assert found.loss_down is not None
    assert (found.loss_down.median, found.loss_down.worst) == (0.001, 0.3)


def test_weak_fifth_is_fair_and_weak_most_of_the_time_is_poor() -> None:
    assert graded([FINE] * 40 + looks(10, loss_up=0.05)).grade is Grade.FAIR
    found = graded([FINE] * 10 + looks(12, loss_up=0.05))
    assert (found.grade, found.trouble) == (Grade.POOR, Trouble.LOSS_UP)


def test_bad_fifth_is_poor_and_the_reason_is_what_lasted() -> None:
    found = graded([FINE] * 40 + looks(10, loss_down=0.2) + looks(3, rtt_ms=1000))
    assert (found.grade, found.trouble) == (Grade.POOR, Trouble.LOSS_DOWN)


def test_observer_who_saw_more_counts() -> None:
    found = graded([FINE] * 20, [Look(10.0, frozen=0.3, height=180)] * 10)
    assert (found.grade, found.trouble, found.seconds) == (Grade.POOR, Trouble.FREEZES, 100.0)
    assert found.height is not None
    assert found.height.worst == 180


def test_worst_person_makes_the_call_what_it_was() -> None:
    good, poor = graded([FINE] * 10), graded(looks(10, loss_up=0.2))
    assert worst_of([good, poor, good]) is poor
    assert worst_of([]) is None


def test_shown_state_changes_only_after_two_looks() -> None:
    calm = Calm()
    weak, good = (LineState.WEAK, Trouble.LOSS_UP), (LineState.GOOD, Trouble.NONE)
    assert [calm.see(*look) for look in (weak, good, weak, weak, good, weak, good, good)] == [
        good, good, good, weak, weak, weak, weak, good,
    ]  # fmt: skip
