"""The programme's picture: places, then names, banner and logo over them; or a card over everything. Only what changed is drawn again."""

import math

import structlog
from av.video.frame import VideoFrame

from server.broadcast.compose.art import Art, banner, card, colour, logo, name_plate
from server.broadcast.compose.director import Plan, banner_box
from server.broadcast.compose.scene import Card, Colours, Scene
from server.broadcast.layout import Box
from server.broadcast.pictures import Canvas

log = structlog.get_logger(__name__)
DEFAULT = Colours()


class Painter:
    """Draws onto `canvas`. Used by the programme's thread alone."""

    def __init__(self, width: int, height: int) -> None:
        self.canvas = Canvas(width, height)
        self._size = (width, height)
        self._over: list[Art] = []
        self._over_of: object = None
        self._card: tuple[object, ...] | None = None
        self._logo: tuple[str, Art | None] = ("", None)

    def draw(
        self, scene: Scene, plan: Plan, frames: dict[str, VideoFrame | None], speaker: str | None, wall: float
    ) -> bool:
        """Whether anything is different now. `wall` is the UNIX time that is shown, for countdowns."""
        if scene.card is not None:
            return self._draw_card(scene, scene.card, wall)
        is_new = self._choose_over(scene, plan) or self._card is not None
        self._card = None
        if is_new:
            self.canvas.wipe()
        changed = self.canvas.draw(plan.places, frames, speaker)
        if changed or is_new:
            self._lay_over()
        return bool(changed) or is_new

    def _lay_over(self) -> None:
        for one in self._over:
            one.lay(self.canvas.planes)

    def _draw_card(self, scene: Scene, shown: Card, wall: float) -> bool:
        clock = _clock(shown.until - wall) if shown.kind == "countdown" and shown.until is not None else ""
        key = (shown, clock, scene.colours, scene.logo)
        if key == self._card:
            return False
        self._card, self._over_of = key, None
        self.canvas.wipe()
        card(shown.title, shown.text, clock, self._size, *_colours(scene.colours)).lay(self.canvas.planes)
        sign = self._logo_of(scene)
        if sign is not None:
            sign.lay(self.canvas.planes)
        return True

    def _choose_over(self, scene: Scene, plan: Plan) -> bool:
        """Draws what lies over the places, when that is another than before."""
        boxes = {place.key: place.box for place in plan.places}
        plates = tuple((name, boxes[key]) for key, name in plan.labels.items() if key in boxes)
        key = (plates, scene.banner, scene.logo, scene.colours, not plan.places)
        if key == self._over_of:
            return False
        self._over_of = key
        brand, on = _colours(scene.colours)
        scale = self._size[1] / 720
        self._over = [name_plate(name, box, brand, on, scale) for name, box in plates]
        if scene.banner is not None:
            where: Box = banner_box(*self._size)
            self._over.append(banner(scene.banner.text, scene.banner.name, where, brand, on))
        sign = self._logo_of(scene)
        self._over += [sign] if sign is not None else []
        return True

    def _logo_of(self, scene: Scene) -> Art | None:
        path = scene.logo or ""
        if path != self._logo[0]:
            self._logo = (path, _read_logo(path, self._size) if path else None)
        return self._logo[1]


def _read_logo(path: str, size: tuple[int, int]) -> Art | None:
    """A logo that cannot be read ends no broadcast."""
    try:
        return logo(path, size)
    except (OSError, ValueError) as error:
        log.warning("logo_unreadable", reason=str(error))
        return None


def _colours(chosen: Colours) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    return colour(chosen.brand, DEFAULT.brand), colour(chosen.on, DEFAULT.on)


def _clock(left_s: float) -> str:
    minutes, seconds = divmod(max(0, math.ceil(left_s)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
