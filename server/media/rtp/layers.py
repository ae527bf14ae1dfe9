"""Which layer of each picture one viewer gets: what its tile can show, and what its line carries.

Sound comes first and is taken off the line before anything here. Then every picture gets its smallest layer, and then the pictures grow one after the
other: screens before cameras, large tiles before small ones. What does not even fit as its smallest layer stands still, but never the first picture.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

ENLARGED = 1.25
"""How much larger than itself a picture may be shown: 360 lines are enough for a tile of 450."""
UP = 1.1
"""A larger layer needs so much more room than it takes, so that a line on the border does not go up and down."""
KEEP = 0.9
"""What is shown stays while the line carries this part of it: rates go up and down with what the camera sees, and a full line says so itself."""
FULL_PIXELS, FULL_BPS = 1280 * 720, 1_500_000.0
"""What a layer takes that was not seen yet: a page sends 720p with this, and smaller ones with less, as `nominal_bps` says."""


class Rung(NamedTuple):
    """One layer of a picture: its size in pixels, and what it takes of a line."""

    width: int
    height: int
    bps: float


class Picture(NamedTuple):
    """What is to be shown in one slot. `rungs` has the smallest first; `shown` is the one that comes now, None: none.

    `tile`: width and height of its place on the page, in pixels; (0, 0) while nobody can see it, None while nobody has said.
    """

    rungs: Sequence[Rung]
    shown: int | None
    tile: tuple[int, int] | None
    is_screen: bool


def nominal_bps(width: int, height: int) -> float:
    """What a picture of this size takes, about: 500 kbit/s for 360 lines, 160 for 180."""
    return FULL_BPS * math.pow(width * height / FULL_PIXELS, 0.8)


def fitting(picture: Picture) -> int:
    """The smallest rung that is sharp in the picture's tile; the largest when none is, or nobody has said how large it is."""
    last = len(picture.rungs) - 1
    if picture.tile is None:
        return last
    width, height = picture.tile
    for index, rung in enumerate(picture.rungs):
        if min(width / max(1, rung.width), height / max(1, rung.height)) <= ENLARGED:
            return index
    return last


def choose(pictures: Sequence[Picture], room_bps: float | None) -> list[int | None]:
    """The rung for each picture, None for one that has to wait. `room_bps` is what the line carries beside sound; None when nobody knows."""
    wanted = [fitting(picture) for picture in pictures]
    if room_bps is None:
        return list(wanted)
    chosen: list[int | None] = [None] * len(pictures)
    taken_bps = 0.0
    order = sorted(range(len(pictures)), key=lambda index: _rank(pictures[index]))
    for first, index in enumerate(order):
        cost_bps = _cost_bps(pictures[index], 0)
        if not first or taken_bps + cost_bps <= room_bps:
            chosen[index] = 0
            taken_bps += pictures[index].rungs[0].bps
    for index in order:
        lowest = chosen[index]
        if lowest is None:
            continue
        others_bps = taken_bps - pictures[index].rungs[0].bps
        for rung in range(wanted[index], 0, -1):
            if others_bps + _cost_bps(pictures[index], rung) <= room_bps:
                chosen[index] = rung
                taken_bps = others_bps + pictures[index].rungs[rung].bps
                break
    return chosen


def plain_share_bps(pictures: Sequence[Picture], room_bps: float) -> float:
    """What each picture of one layer only may take of this line, when the smallest layers of the others come first."""
    least_bps = sum(picture.rungs[0].bps for picture in pictures if len(picture.rungs) > 1)
    count = sum(len(picture.rungs) == 1 for picture in pictures)
    return max(0.0, room_bps - UP * least_bps) / max(1, count)


def _rank(picture: Picture) -> tuple[bool, int]:
    width, height = picture.tile or (0, 0)
    return not picture.is_screen, -width * height


def _cost_bps(picture: Picture, rung: int) -> float:
    is_larger = picture.shown is None or rung > picture.shown
    return picture.rungs[rung].bps * (UP if is_larger else KEEP)
