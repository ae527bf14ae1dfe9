"""Words on the picture: there, inside their places, and gone with the scene that wanted them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.broadcast.compose.art import card, colour, font, logo, shortened, wrapped
from server.broadcast.compose.director import Seen, banner_box, plan
from server.broadcast.compose.painter import Painter
from server.broadcast.compose.scene import Banner, Card, Scene
from server.broadcast.layout import Box

SIZE = (640, 360)
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen " * 4


def painted(painter: Painter, scene: Scene, wall: float = 0.0) -> np.ndarray:
    people = [Seen("ann"), Seen("bob")]
    painter.draw(scene, plan(scene, people, None, None, SIZE), {}, None, wall)
    return painter.canvas.planes[0].copy()


def differs(one: np.ndarray, other: np.ndarray, box: Box) -> bool:
    rows, columns = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
    return bool((one[rows, columns] != other[rows, columns]).any())


def test_what_lies_over_comes_and_goes(tmp_path: Path) -> None:
    Image.new("RGBA", (80, 40), (255, 255, 255, 128)).save(tmp_path / "logo.png")
    painter, bare = Painter(*SIZE), Scene(layout="grid")
    before = painted(painter, bare)
    for scene in (
        Scene(layout="grid", names={"ann": "Ann Äther", "bob": LONG}, lower_thirds=True),
        Scene(layout="grid", banner=Banner(LONG, "Çağla Ørsted")),
        Scene(layout="grid", logo=str(tmp_path / "logo.png")),
        Scene(card=Card("pause", "Wir sind gleich wieder da", LONG)),
    ):
        assert differs(painted(painter, scene), before, Box(0, 0, *SIZE))
        assert not differs(painted(painter, bare), before, Box(0, 0, *SIZE))


def test_banner_stays_in_its_place() -> None:
    painter = Painter(*SIZE)
    empty = painted(painter, Scene(card=Card("title")))
    scene = Scene(banner=Banner(LONG, LONG))
    painter.draw(scene, plan(scene, [], None, None, SIZE), {}, None, 0.0)
    box = banner_box(*SIZE)
    assert differs(painter.canvas.planes[0], empty, box)
    clean = Painter(*SIZE).canvas.planes[0]
    assert not differs(painter.canvas.planes[0], clean, Box(0, 0, SIZE[0], box.y))


def test_countdown_is_drawn_once_a_second() -> None:
    painter, scene = Painter(*SIZE), Scene(card=Card("countdown", "Soon", until=100.0))
    nobody = plan(scene, [], None, None, SIZE)
    drawn = [painter.draw(scene, nobody, {}, None, 90 + tenth / 10) for tenth in range(30)]
    assert sum(drawn) == 3


@pytest.mark.parametrize("text", ["", "a", "Wort " * 40, "W" * 400])
def test_text_never_leaves_its_line(text: str) -> None:
    face = font(20)
    assert face.getlength(shortened(text, face, 200)) <= 200
    lines = wrapped(text, face, 200, 3)
    assert len(lines) <= 3
    assert all(face.getlength(line) <= 200 for line in lines)


def test_bad_colours_and_logos_end_no_broadcast(tmp_path: Path) -> None:
    assert colour("no colour", "#010203") == (1, 2, 3)
    card("", "", "", SIZE, (0, 0, 0), (255, 255, 255))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(OSError, match="identify"):
        logo(str(tmp_path / "bad.png"), SIZE)
    painter = Painter(*SIZE)
    assert not differs(
        painted(painter, Scene(layout="grid", logo=str(tmp_path / "bad.png"))),
        painted(Painter(*SIZE), Scene(layout="grid")),
        Box(0, 0, *SIZE),
    )
