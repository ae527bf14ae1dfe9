"""Which layer of each picture a viewer gets."""

from hypothesis import given
from hypothesis import strategies as st

from server.media.peer.demand import LINGER_S, Demand
from server.media.rtp.layers import KEEP, UP, Picture, Rung, choose, fitting, nominal_bps

LADDER = (Rung(320, 180, 150_000.0), Rung(640, 360, 500_000.0), Rung(1280, 720, 1_500_000.0))
LARGE, SMALL, HIDDEN = (1280, 720), (288, 216), (0, 0)


def camera(tile: tuple[int, int] | None, shown: int | None = None) -> Picture:
    return Picture(LADDER, shown, tile, False)


def screen(tile: tuple[int, int] | None, bps: float = 1_000_000.0) -> Picture:
    return Picture((Rung(1920, 1080, bps),), None, tile, True)


def test_tile_says_how_much_is_enough() -> None:
    assert [fitting(camera(tile)) for tile in (HIDDEN, SMALL, (400, 220), (800, 450), (801, 451), LARGE)] == [
        0,
        0,
        0,
        1,
        2,
        2,
    ]
    assert fitting(camera((780, 1400))) == 1  # A phone: what stands across its width.
    assert fitting(camera((4000, 3000))) == 2
    assert fitting(camera(None)) == 2
    upright = tuple(Rung(rung.height, rung.width, rung.bps) for rung in LADDER)
    assert fitting(Picture(upright, None, (1280, 720), False)) == 1


def test_without_a_known_line_everybody_gets_what_fits() -> None:
    assert choose([camera(LARGE), camera(SMALL), screen(None)], None) == [2, 0, 0]


def test_screens_go_before_cameras_and_large_tiles_before_small_ones() -> None:
    pictures = [camera((640, 360)), camera(LARGE), screen((600, 400))]
    assert choose(pictures, 1_300_000 * UP) == [0, 0, 0]
    assert choose(pictures, 1_700_000 * UP) == [0, 1, 0]
    assert choose(pictures, 2_700_000 * UP) == [0, 2, 0]
    assert choose(pictures, 3_100_000 * UP) == [1, 2, 0]
    assert choose(pictures, 1_200_000) == [None, 0, 0]


def test_first_picture_never_stands_still() -> None:
    assert choose([camera(LARGE), camera(LARGE)], 0.0) == [0, None]
    assert choose([camera(LARGE), screen(SMALL)], 100_000.0) == [None, 0]


def test_line_on_the_border_does_not_go_up_and_down() -> None:
    border = 1_500_000.0
    assert choose([camera(LARGE, shown=2)], border * KEEP) == [2]
    assert choose([camera(LARGE, shown=1)], border) == [1]
    assert choose([camera(LARGE, shown=1)], border * UP) == [2]


def test_sizes_that_were_not_seen_yet_are_taken_at_their_word() -> None:
    assert [round(nominal_bps(rung.width, rung.height), -4) for rung in LADDER] == [160_000, 490_000, 1_500_000]


sides = st.integers(0, 4000)
pictures = st.builds(
    Picture,
    st.integers(1, 3).map(lambda count: LADDER[:count]),
    st.none() | st.just(0),
    st.none() | st.tuples(sides, sides),
    st.booleans(),
)


@given(st.lists(pictures, max_size=8), st.none() | st.floats(-1e6, 2e7))
def test_choice_is_never_more_than_fits_tile_and_line(chosen: list[Picture], room_bps: float | None) -> None:
    found = choose(chosen, room_bps)
    assert len(found) == len(chosen)
    sent = [picture.rungs[rung].bps for picture, rung in zip(chosen, found, strict=True) if rung is not None]
    for picture, rung in zip(chosen, found, strict=True):
        assert rung is None or 0 <= rung <= fitting(picture)
    assert not chosen or sent
    assert room_bps is None or sum(sent) * KEEP <= room_bps or len(sent) <= 1


@given(st.lists(pictures, min_size=1, max_size=8), st.floats(0, 1e7), st.floats(0, 1e7))
def test_more_room_never_stops_a_picture_that_ran(chosen: list[Picture], room_bps: float, more_bps: float) -> None:
    less, more = choose(chosen, room_bps), choose(chosen, room_bps + more_bps)
    ran = [rung for rung in less if rung is not None]
    runs = [rung for rung in more if rung is not None]
    assert len(runs) >= len(ran)


def test_demand_grows_at_once_and_shrinks_after_a_while() -> None:
    demand, ladder = Demand("m"), ("l", "m", "h")
    assert demand.changed(ladder, (), 100.0) == ["m"]
    assert demand.changed(ladder, (), 101.0) is None
    assert demand.changed(ladder, {"m", "h"}, 101.5) == ["m", "h"]
    assert demand.changed(ladder, {"h"}, 102.0) is None
    assert demand.changed(ladder, {"h"}, 101.5 + LINGER_S + 0.1) == ["h"]
    assert demand.changed(ladder, {"l"}, 104.0) == ["l", "h"]
    assert demand.changed(ladder, (), 104.5) == ["l", "m", "h"]
    assert demand.changed(ladder, (), 110.0) == ["m"]
