"""Who stands where: by the agent's scene, who is there, and who speaks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from server.broadcast.compose.scene import Scene
from server.broadcast.layout import Box, Place, alone, beside, even, grid

BANNER_SHARE = 0.17
"""Of the picture's height: room for two lines and a name."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody on stage, and which pictures come from them."""

    id: str
    has_camera: bool = False
    has_screen: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`main` has the large place or would have it. `labels` are the names under the places, `passes` the place that could go through as it is."""

    places: list[Place] = field(default_factory=list)
    main: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    passes: str | None = None


def screen_of(participant: str) -> str:
    """The key of somebody's screen; a person's own key is that of the camera."""
    return f"screen {participant}"


def banner_box(width: int, height: int) -> Box:
    """Where the pinned question stands."""
    tall = even(height * BANNER_SHARE)
    return Box(0, height - tall, width, tall)


def plan(scene: Scene, people: Sequence[Seen], word: str | None, before: str | None, size: tuple[int, int]) -> Plan:
    """`word` has who speaks or spoke last, `before` had the main place until now. Under a card nobody is seen."""
    if scene.card is not None or not people:
        return Plan(main=before)
    here = [one.id for one in people]
    main = next((one for one in (scene.main, word, before) if one in here), here[0])
    area = Box(0, 0, *size)
    if scene.banner is not None:
        area = Box(0, 0, size[0], size[1] - banner_box(*size).height)
    places = _places(scene.layout, people, main, area)
    labels = {key: name for key in here if scene.lower_thirds and (name := scene.names.get(key))}
    is_bare = scene.banner is None and scene.logo is None and not labels and not scene.small
    passes = places[0].key if is_bare and len(places) == 1 else None
    return Plan(places, main, labels, passes)


def _places(layout: str, people: Sequence[Seen], main: str, area: Box) -> list[Place]:
    here, screens = [one.id for one in people], [one.id for one in people if one.has_screen]
    if layout == "grid":
        return grid(here, [screen_of(one) for one in screens], area)
    first = next(one for one in people if one.id == main)
    if layout == "single":
        is_screen = first.has_screen and not first.has_camera
        return alone(screen_of(main) if is_screen else main, area, whole=is_screen)
    if not screens:
        return beside(main, [one for one in here if one != main], area)
    screen = screen_of(main if first.has_screen else screens[0])
    face = [main] if first.has_camera or main not in screens else []
    others = [one for one in here if one != main] if layout == "speaker" else []
    return beside(screen, [*face, *others], area, whole=True)
