"""Who watches, counted: each page once, each player without a page once, nobody twice."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.viewers import PLAYERS_MAX, QUIET_S, Audience, Viewers, hidden

KEYS = [bytes([number]) * 8 for number in range(4)]
ACTS = st.lists(st.tuples(st.sampled_from(["came", "left", "asked", "later"]), st.sampled_from(KEYS)), max_size=60)


@given(ACTS)
def test_count_is_pages_and_the_players_that_no_page_explains(acts: list[tuple[str, bytes]]) -> None:
    """Against the plain way of keeping a list of everybody."""
    audience, now = Audience(), 0.0
    pages: list[bytes] = []
    asked: dict[bytes, float] = {}
    for act, key in acts:
        if act == "came":
            audience.connected(key)
            pages.append(key)
            asked.pop(key, None)
        elif act == "left":
            audience.left(key)
            if key in pages:
                pages.remove(key)
        elif act == "asked":
            audience.saw(key, None, now)
            if key not in pages:
                asked[key] = now
        else:
            now += 7.0
        players = [key for key, at in asked.items() if now - at < QUIET_S]
        assert audience.look(now) == Viewers(len(pages), len(players))
        assert audience.is_empty is (not pages and not players)


def test_player_of_a_page_is_that_page() -> None:
    audience = Audience()
    audience.saw(KEYS[0], None, 0.0)  # The player was quicker than the socket.
    audience.connected(KEYS[0])
    audience.saw(KEYS[0], None, 1.0)
    assert audience.look(1.0) == Viewers(pages=1)


def test_team_is_no_audience_and_neither_is_its_preview() -> None:
    audience = Audience()
    audience.saw(KEYS[0], None, 0.0)
    audience.connected(KEYS[0], team=True)
    audience.saw(KEYS[0], None, 1.0)
    audience.saw(KEYS[1], KEYS[0], 1.0)  # The salt changed while the page was open.
    assert audience.look(1.0) == Viewers()
    audience.connected(KEYS[2])
    assert audience.look(1.0) == Viewers(pages=1)
    audience.left(KEYS[0], team=True)
    audience.saw(KEYS[0], None, 2.0)  # A player that goes on without the team's page.
    assert audience.look(2.0) == Viewers(pages=1, players=1)
    assert not audience.is_empty


def test_page_whose_socket_is_lost_for_a_moment_stays_one_viewer() -> None:
    audience = Audience()
    audience.connected(KEYS[0])
    audience.left(KEYS[0])
    audience.saw(KEYS[0], None, 1.0)
    assert audience.look(1.0).all == 1
    audience.connected(KEYS[0])
    assert audience.look(2.0).all == 1


def test_page_that_is_closed_is_gone_at_once_and_a_player_after_a_while() -> None:
    audience = Audience()
    audience.connected(KEYS[0])
    audience.saw(KEYS[0], None, 0.0)
    audience.saw(KEYS[1], None, 0.0)
    audience.left(KEYS[0])
    assert audience.look(1.0) == Viewers(players=1)
    assert audience.look(QUIET_S) == Viewers()
    assert audience.is_empty


def test_many_pages_behind_one_address_are_many_viewers() -> None:
    audience = Audience()
    for _ in range(50):
        audience.connected(KEYS[0])
    audience.saw(KEYS[0], None, 0.0)
    audience.left(KEYS[0])
    assert audience.look(0.0).all == 49


def test_new_salt_makes_nobody_two_people() -> None:
    """At midnight every key changes; sockets keep the one that they came with."""
    audience, before, now = Audience(), KEYS[0], KEYS[1]
    audience.connected(before)
    audience.saw(now, before, 0.0)
    audience.saw(KEYS[2], None, 0.0)
    audience.saw(KEYS[3], KEYS[2], 1.0)
    assert audience.look(1.0) == Viewers(pages=1, players=1)


def test_leaving_twice_is_leaving_once() -> None:
    audience = Audience()
    audience.connected(KEYS[0])
    audience.left(KEYS[0])
    audience.left(KEYS[0])
    assert audience.look(0.0) == Viewers()


def test_flood_of_invented_players_has_an_end() -> None:
    audience = Audience()
    for number in range(PLAYERS_MAX + 1000):
        audience.saw(number.to_bytes(8, "big"), None, 0.0)
    assert audience.look(1.0).players == PLAYERS_MAX


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_players_behind_a_cache_are_told_by_the_requests_it_lets_through(share: float) -> None:
    """5,000 pages and players without one ask through a cache that lets three requests a second pass, whoever's they are."""
    draw, audience = random.Random(7), Audience()
    pages, players = 5000, round(5000 * share)
    for number in range(pages):
        audience.connected(number.to_bytes(8, "big"))
    seen = []
    for second in range(120):
        for _ in range(3):
            audience.saw(draw.randrange(pages + players).to_bytes(8, "big"), None, float(second))
        if second % 5 == 4 and second > QUIET_S:
            seen.append(audience.look(float(second)).players)
    assert sum(seen) / len(seen) == pytest.approx(players, rel=0.35)


def test_without_a_cache_players_are_simply_counted() -> None:
    """Also where most pages are paused, so that few of their requests come."""
    audience = Audience()
    for number in range(100):
        audience.connected(number.to_bytes(8, "big"))
    for second in range(40):
        for number in (0, *range(200, 210)):
            audience.saw(number.to_bytes(8, "big"), None, float(second))
        if second % 5 == 4:
            assert audience.look(float(second)) == Viewers(pages=100, players=10)


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_estimate_never_breaks(pages: int, of_pages: int, players: int, of_players: int) -> None:
    assert hidden(pages, of_pages, players, of_players) >= 0
