"""Where each picture stands on the canvas. Pure arithmetic: the composer and the view share it."""

import math
from dataclasses import dataclass

GAP = 8
THUMB_WIDTH = 272
THUMBS = 4
ZOOM = (
    4 / 3
)  # A picture is enlarged so far beyond its whole size to fill its place better: at most a quarter is cut away.

EXACT = (1.0, 0.5)
NEAR = 1.02
"""A picture that is nearly shown in its own size, or in half of it, is shown in exactly that, and up to a fiftieth of it is cut away: little is to
be computed, and it stays as sharp as it came."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; all four numbers are even, as 4:2:0 needs."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Place:
    """Who stands where. `whole`: nothing of the picture may be cut away (screens)."""

    key: str
    box: Box
    whole: bool = False


def arrange(people: list[str], screens: list[str], width: int, height: int) -> list[Place]:
    """One place for each key, in the given order. A screen is large, with up to four people beside it; people alone share the canvas."""
    if not screens:
        return _grid(people, Box(0, 0, width, height))
    shown = people[:THUMBS]
    column = THUMB_WIDTH + GAP if shown else 0
    places = _grid(screens[:2], Box(0, 0, width - column, height), whole=True)
    thumb_height = even(THUMB_WIDTH * 9 / 16)
    top = even((height - len(shown) * (thumb_height + GAP) + GAP) / 2)
    for at, key in enumerate(shown):
        places.append(Place(key, Box(width - THUMB_WIDTH, top + at * (thumb_height + GAP), THUMB_WIDTH, thumb_height)))
    return places


def alone(key: str, area: Box, whole: bool = False) -> list[Place]:
    """One key over the whole area."""
    return [Place(key, area, whole)]


def grid(people: list[str], screens: list[str], area: Box) -> list[Place]:
    """Screens and people in equal places."""
    places = _grid([*screens, *people], area)
    return [Place(one.key, one.box, one.key in screens) for one in places]


def beside(main: str, others: list[str], area: Box, whole: bool = False) -> list[Place]:
    """`main` large, and up to four others in a column on its right."""
    shown = others[:THUMBS]
    if not shown:
        return alone(main, area, whole)
    gap, width = even(area.width * GAP / 1280), even(area.width * THUMB_WIDTH / 1280)
    height = min(even(width * 9 / 16), (area.height - (THUMBS - 1) * gap) // THUMBS & ~1)
    places = [Place(main, Box(area.x, area.y, area.width - width - gap, area.height), whole)]
    top = area.y + even((area.height - len(shown) * (height + gap) + gap) / 2)
    left = area.x + area.width - width
    places += [Place(key, Box(left, top + at * (height + gap), width, height)) for at, key in enumerate(shown)]
    return places


def _grid(keys: list[str], area: Box, whole: bool = False) -> list[Place]:
    if not keys:
        return []
    columns = len(keys) if len(keys) <= 2 else math.ceil(math.sqrt(len(keys)))
    rows = math.ceil(len(keys) / columns)
    gap = GAP if len(keys) > 1 else 0
    width = (area.width - gap * (columns - 1)) // columns & ~1
    height = (area.height - gap * (rows - 1)) // rows & ~1
    places = []
    for at, key in enumerate(keys):
        row, column = divmod(at, columns)
        in_row = min(columns, len(keys) - row * columns)
        left = area.x + even((area.width - in_row * (width + gap) + gap) / 2)
        top = area.y + even((area.height - rows * (height + gap) + gap) / 2)
        places.append(Place(key, Box(left + column * (width + gap), top + row * (height + gap), width, height), whole))
    return places


def fit(width: int, height: int, box: Box, whole: bool) -> tuple[int, int]:
    """The size to scale a picture to. What goes beyond the box is to be cut off evenly, never more than a quarter of one side."""
    cover, inside = max(box.width / width, box.height / height), min(box.width / width, box.height / height)
    scale = inside if whole else min(cover, inside * ZOOM)
    if not whole:
        most = min(scale * NEAR, inside * ZOOM)
        scale = next((exact for exact in EXACT if scale < exact <= most), scale)
    return max(2, even(width * scale)), max(2, even(height * scale))


def even(value: float) -> int:
    """The nearest even number."""
    return 2 * round(value / 2)
