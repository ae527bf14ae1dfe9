"""What is to be seen and heard, as the web process says it."""

from dataclasses import dataclass, field
from typing import Literal

Size = Literal[720, 1080]


@dataclass(frozen=True, slots=True)
class Card:
    """A picture over everything; nobody is heard. `until` is the UNIX time that a countdown runs to."""

    kind: Literal["title", "pause", "countdown", "end"]
    title: str = ""
    text: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """The question that is spoken about, and who asked it."""

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Colours:
    """As CSS writes them: `#rrggbb`. `on` is the colour of text on `brand`."""

    brand: str = "#0f5e5a"
    on: str = "#ffffff"


@dataclass(frozen=True, slots=True)
class Scene:
    """Exactly those in `agreed` may be seen and heard. `names` stand under faces where `lower_thirds` says so; `main` None follows who speaks.

    `size` is the picture's height, and `small` whether there is a second, smaller rendition; both are taken from the stream's first scene.
    """

    layout: Literal["speaker", "grid", "screen", "single"] = "speaker"
    agreed: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    lower_thirds: bool = False
    main: str | None = None
    card: Card | None = None
    banner: Banner | None = None
    logo: str | None = None
    colours: Colours = field(default_factory=Colours)
    size: Size = 720
    small: bool = False


@dataclass(frozen=True, slots=True)
class ComposerHealth:
    """How a composer is. `state`: waiting (for its first scene), composing, passing (the sender's own picture), failed.

    `ready`: the stream has begun. `fps` counts the last seconds' pictures; `position_s` is the stream's length so far, `latency_s` how long ago
    what was shown or heard last was captured. `people` agreed and are on stage; `is_fed`: the worker is there.
    """

    ready: bool
    state: Literal["waiting", "composing", "passing", "failed"]
    fps: float = 0.0
    position_s: float = 0.0
    latency_s: float = 0.0
    people: int = 0
    is_fed: bool = False
    cpu_s: float = 0.0
