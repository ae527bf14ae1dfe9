"""What a robot shows and says: a small moving world with a clock, and a voice that means nothing. All of it drawn and sung here."""

import functools
import time

import numpy as np
import numpy.typing as npt

RATE = 48_000
Picture = npt.NDArray[np.uint8]
Sound = npt.NDArray[np.int16]

_FONT = {  # Five rows of three dots.
    "0": (7, 5, 5, 5, 7),
    "1": (2, 6, 2, 2, 7),
    "2": (7, 1, 7, 4, 7),
    "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7),
    "6": (7, 4, 7, 5, 7),
    "7": (7, 1, 1, 1, 1),
    "8": (7, 5, 7, 5, 7),
    "9": (7, 5, 7, 1, 7),
    ":": (0, 2, 0, 2, 0),
}
_VOWELS = (
    (730, 1090, 2440),
    (530, 1840, 2480),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
)  # Formants in Hz.
_MELODY = (0, 3, 5, 7, 5, 3, 0, -2, 0, 5, 7, 10, 7, 5, 3, 0)


class Scenery:
    """A dune, a pond and a sun that wanders once in twelve seconds; the clock shows the time of day. 4:2:0, one frame a call."""

    def __init__(self, width: int = 640, height: int = 360) -> None:
        self._width, self._height = width, height
        self._land = _land(width, height)
        self._sun = _disc(height // 6)

    def draw(self, t_s: float) -> Picture:
        """The picture `t_s` seconds after the beginning, (height * 3 / 2, width)."""
        picture = self._land.copy()
        turn = t_s / 12 * 2 * np.pi
        x = int(self._width * (0.5 + 0.38 * np.sin(turn)))
        y = int(self._height * (0.30 - 0.12 * np.cos(2 * turn)))
        self._paint_sun(picture, x, y)
        self._paint_clock(picture, time.strftime("%H:%M:%S"))
        return picture

    def _paint_sun(self, picture: Picture, x: int, y: int) -> None:
        chroma = picture[self._height :].reshape(2, self._height // 2, self._width // 2)
        for plane, value, half in ((picture[: self._height], 225, 1), (chroma[0], 60, 2), (chroma[1], 160, 2)):
            disc = self._sun[::half, ::half]
            top, left = max(0, y // half - disc.shape[0] // 2), max(0, x // half - disc.shape[1] // 2)
            part = plane[top : top + disc.shape[0], left : left + disc.shape[1]]
            part[disc[: part.shape[0], : part.shape[1]]] = value

    def _paint_clock(self, picture: Picture, text: str) -> None:
        dot = self._height // 60
        top, left = self._height - 8 * dot, 2 * dot
        for sign in text:
            for row, bits in enumerate(_FONT[sign]):
                for column in range(3):
                    if bits >> (2 - column) & 1:
                        y, x = top + row * dot, left + column * dot
                        picture[y : y + dot, x : x + dot] = 235
            left += 4 * dot


def _land(width: int, height: int) -> Picture:
    y, x = np.mgrid[0:height, 0:width]
    dune = height * (0.68 + 0.07 * np.sin(x / width * 5) + 0.03 * np.sin(x / width * 13))
    pond = ((x - width * 0.62) / (width * 0.22)) ** 2 + ((y - height * 0.86) / (height * 0.07)) ** 2 < 1
    sky = y < dune
    luma = np.where(sky, 185 - y * 60 // height, 150 - (y - dune) * 0.15)
    luma = np.where(pond, 110, luma)
    blue = np.where(pond, 155, np.where(sky, 145, 100))[::2, ::2]
    red = np.where(pond, 105, np.where(sky, 118, 152))[::2, ::2]
    trunk, leaves = _palm(x / width, y / height)
    luma = np.where(leaves, 90, np.where(trunk, 80, luma))
    blue = np.where((trunk | leaves)[::2, ::2], 110, blue)
    red = np.where(leaves[::2, ::2], 105, np.where(trunk[::2, ::2], 150, red))
    picture = np.empty((height * 3 // 2, width), np.uint8)
    picture[:height] = np.clip(luma, 16, 235)
    picture[height:] = np.stack([blue, red]).astype(np.uint8).reshape(height // 2, width)
    return picture


def _palm(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where its trunk and its leaves are; `x` and `y` run from 0 to 1."""
    bend = 0.80 + 0.25 * (y - 0.8) ** 2
    trunk = (np.abs(x - bend) < 0.006 + 0.008 * (y - 0.4)) & (y > 0.42) & (y < 0.82)
    leaves = np.zeros(x.shape, np.bool_)
    for turn in (-2.9, -2.3, -1.57, -0.85, -0.25):
        reach_x, reach_y = 0.085 * np.cos(turn), 0.15 * np.sin(turn) + 0.05
        along = ((x - 0.836) * reach_x + (y - 0.43) * reach_y) / (reach_x**2 + reach_y**2)
        across = ((x - 0.836) * reach_y - (y - 0.43) * reach_x) / np.hypot(reach_x, reach_y)
        leaves |= (
            (along > 0)
            & (along < 1)
            & (np.abs(across - 0.02 * along**2) < 0.022 * np.sin(np.pi * np.clip(along, 0, 1)))
        )
    return trunk, leaves


def _disc(radius: int) -> npt.NDArray[np.bool_]:
    y, x = np.mgrid[-radius:radius, -radius:radius]
    disc: npt.NDArray[np.bool_] = y**2 + x**2 < radius**2
    return disc


@functools.cache
def voice() -> Sound:
    """Four seconds of syllables, to be repeated: harmonics of a moving pitch under the formants of five vowels, mono."""
    syllable = RATE // 4
    parts = []
    for number, step in enumerate(_MELODY):
        pitch = 140 * 2 ** (step / 12) * np.linspace(1.03, 0.97, syllable)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        sound = np.zeros(syllable)
        for harmonic in range(1, 24):
            hertz = 140 * 2 ** (step / 12) * harmonic
            weight = sum(np.exp(-(((hertz - formant) / 180) ** 2)) for formant in _VOWELS[number % len(_VOWELS)])
            sound += (0.05 / harmonic + weight / harmonic**0.5) * np.sin(phase * harmonic)
        rise = np.minimum(np.linspace(0, 12, syllable), 1) * np.minimum(np.linspace(9, 0, syllable), 1)
        parts.append(sound * rise * (0 if number % 8 == 7 else 1))
    whole = np.concatenate(parts)
    sung: Sound = (whole / np.abs(whole).max() * 9000).astype(np.int16)
    return sung
