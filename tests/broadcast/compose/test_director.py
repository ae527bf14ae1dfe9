"""Who stands where, by scene, stage and speech."""

import itertools

import pytest

from server.broadcast.compose.director import Seen, banner_box, plan, screen_of
from server.broadcast.compose.scene import Banner, Card, Scene
from server.broadcast.layout import Box
from tests.broadcast.test_layout import overlap

SIZE = (1280, 720)
WHOLE = Box(0, 0, *SIZE)
ANN, BOB = Seen("ann", has_camera=True), Seen("bob", has_camera=True)


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("layout", ["speaker", "grid", "screen", "single"])
@pytest.mark.parametrize("size", [SIZE, (1920, 1080)])
@pytest.mark.parametrize("has_banner", [False, True])
def test_places_stand_side_by_side_above_the_banner(
    count: int, layout: str, size: tuple[int, int], has_banner: bool
) -> None:
    people = [Seen(f"p{number}", True, number == 1) for number in range(count)]
    scene = Scene(layout=layout, banner=Banner("Why?") if has_banner else None)  # type: ignore[arg-type]
    places = plan(scene, people, None, None, size).places
    assert places
    floor = banner_box(*size).y if has_banner else size[1]
    for place in places:
        box = place.box
        assert not any(number % 2 for number in (box.x, box.y, box.width, box.height))
        assert 0 <= box.x < box.x + box.width <= size[0]
        assert 0 <= box.y < box.y + box.height <= floor
    assert not any(overlap(one.box, other.box) for one, other in itertools.combinations(places, 2))


def test_large_place_follows_who_speaks_unless_somebody_is_pinned() -> None:
    assert plan(Scene(), [ANN, BOB], "bob", "ann", SIZE).places[0].key == "bob"
    assert plan(Scene(main="ann"), [ANN, BOB], "bob", None, SIZE).places[0].key == "ann"
    assert plan(Scene(), [ANN, BOB], None, "bob", SIZE).places[0].key == "bob"
    assert plan(Scene(main="gone"), [ANN, BOB], "gone too", "gone", SIZE).places[0].key == "ann"


def test_screen_is_shown_whole_beside_the_speaker() -> None:
    shares = Seen("bob", has_camera=True, has_screen=True)
    places = plan(Scene(layout="screen"), [ANN, shares], "ann", None, SIZE).places
    assert [place.key for place in places] == [screen_of("bob"), "ann"]
    assert [place.whole for place in places] == [True, False]
    lone = Seen("ann", has_screen=True)
    assert [place.key for place in plan(Scene(layout="screen"), [lone], None, None, SIZE).places] == [screen_of("ann")]
    assert plan(Scene(layout="single"), [lone], None, None, SIZE).places[0].key == screen_of("ann")


def test_one_bare_picture_may_pass() -> None:
    def passes(scene: Scene, *people: Seen) -> str | None:
        return plan(scene, people, None, None, SIZE).passes

    assert passes(Scene(), ANN) == "ann"
    assert passes(Scene(lower_thirds=True), ANN) == "ann"
    assert passes(Scene(layout="single"), ANN, BOB) == "ann"
    for laid_over in (
        Scene(lower_thirds=True, names={"ann": "Ann"}),
        Scene(banner=Banner("Why?")),
        Scene(logo="logo.png"),
        Scene(card=Card("pause")),
        Scene(small=True),
    ):
        assert passes(laid_over, ANN) is None
    assert passes(Scene(), ANN, BOB) is None
    assert passes(Scene()) is None


def test_nobody_is_seen_under_a_card() -> None:
    assert plan(Scene(card=Card("title", "Soon")), [ANN, BOB], "ann", "bob", SIZE).places == []
