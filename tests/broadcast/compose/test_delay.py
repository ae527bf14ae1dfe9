"""The programme waits as long as the latest frames need, and comes nearer again."""

from server.broadcast.compose.delay import FIRST_S, LEAST_S, MOST_S, NEAR_S, SPARE_S, Delay


def test_delay_grows_at_once_and_shrinks_slowly() -> None:
    delay = Delay()
    assert delay.at(1000.0) == FIRST_S
    delay.note(0.3, 1000.0)
    assert delay.at(1000.0) == 0.3 + SPARE_S
    delay.note(0.05, 1001.0)
    assert 0.3 < delay.at(1001.0) < 0.3 + SPARE_S
    assert delay.at(1100.0) == LEAST_S


def test_delay_of_a_quiet_stage_shrinks_from_the_first_frame_on_and_further_for_who_wants_it_near() -> None:
    delay = Delay()
    delay.note(0.01, 1000.0)
    assert delay.at(1000.0) == FIRST_S
    assert LEAST_S < delay.at(1001.0) < FIRST_S
    assert delay.at(1060.0) == LEAST_S
    delay.is_near = True
    assert delay.at(1060.0) == NEAR_S
    delay.note(0.3, 1060.0)
    assert delay.at(1060.0) == 0.3 + SPARE_S
    assert NEAR_S < delay.at(1062.0) < 0.3
    assert delay.at(1065.0) == NEAR_S


def test_delay_has_an_end() -> None:
    delay = Delay()
    delay.note(30.0, 1000.0)
    assert delay.at(1000.0) == MOST_S
