"""Places never overlap, never leave the canvas, and fit 4:2:0."""

import itertools

import pytest

from server.broadcast.layout import Box, Place, arrange, fit


def overlap(one: Box, other: Box) -> bool:
    apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
    apart_y = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not (apart_x or apart_y)


@pytest.mark.parametrize("people", range(17))
@pytest.mark.parametrize("screens", range(3))
def test_places_stand_side_by_side_on_the_canvas(people: int, screens: int) -> None:
    places = arrange([f"p{n}" for n in range(people)], [f"s{n}" for n in range(screens)], 1280, 720)
    assert len(places) == (people if not screens else screens + min(people, 4))
    for place in places:
        box = place.box
        assert not any(number % 2 for number in (box.x, box.y, box.width, box.height))
        assert 0 <= box.x < box.x + box.width <= 1280
        assert 0 <= box.y < box.y + box.height <= 720
        assert place.whole == place.key.startswith("s")
    assert not any(overlap(one.box, other.box) for one, other in itertools.combinations(places, 2))


def test_one_person_has_the_whole_canvas() -> None:
    assert arrange(["ann"], [], 1280, 720) == [Place("ann", Box(0, 0, 1280, 720))]


@pytest.mark.parametrize("size", [(1280, 720), (360, 640), (160, 90), (2, 2000), (4096, 16)])
@pytest.mark.parametrize("whole", [True, False])
def test_at_most_a_quarter_is_cut_away(size: tuple[int, int], whole: bool) -> None:
    box = Box(0, 0, 636, 720)
    width, height = fit(*size, box, whole)
    limit = 1.02 if whole else 4 / 3 + 0.02
    assert max(width / box.width, height / box.height) <= limit
    assert width >= 2
    assert height >= 2


@pytest.mark.parametrize(
    ("size", "shown"), [((640, 360), (640, 360)), ((1280, 720), (640, 360)), ((960, 540), (636, 358))]
)
def test_a_picture_of_nearly_the_right_size_is_cut_and_not_scaled(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    place = arrange(["ann", "bob", "cleo", "dan"], [], 1280, 720)[0]
    assert fit(*size, place.box, whole=False) == shown
    assert fit(*size, place.box, whole=True) == (632, 356)
