"""Text and colours as planes of a 4:2:0 picture. Drawn once by Pillow, laid onto the canvas as often as needed."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from PIL import Image, ImageColor, ImageDraw, ImageFont

from server.broadcast.layout import Box, even
from server.broadcast.pictures import Plane, planes_of

FONTS = Path(__file__).parent / "fonts"
ELLIPSIS = "…"
LOGO_PIXELS = 4096 * 4096
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Art:
    """A drawn rectangle. `cover` says how much of it covers what is below, 0..1, for luma and chroma; None: all of it."""

    box: Box
    planes: tuple[Plane, Plane, Plane]
    cover: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None

    def lay(self, canvas: tuple[Plane, Plane, Plane]) -> None:
        """Onto the canvas' planes."""
        box = self.box
        for number, (target, source, half) in enumerate(zip(canvas, self.planes, (1, 2, 2), strict=True)):
            rows = slice(box.y // half, (box.y + box.height) // half)
            part = target[rows, box.x // half : (box.x + box.width) // half]
            if self.cover is None:
                part[:] = source
            else:
                cover = self.cover[min(number, 1)]
                part[:] = part + (source.astype(np.float32) - part) * cover


@functools.cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Our own font, so that a picture looks the same on every machine."""
    return ImageFont.truetype(FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size)


def colour(text: str, otherwise: str) -> Colour:
    """Of a CSS colour; `otherwise` for one that cannot be read."""
    try:
        return ImageColor.getrgb(text)[:3]
    except ValueError:
        return ImageColor.getrgb(otherwise)[:3]


def shade(one: Colour, factor: float) -> Colour:
    """A darker one."""
    red, green, blue = (round(part * factor) for part in one)
    return red, green, blue


def art(image: Image.Image, box: Box) -> Art:
    """An image of exactly the box' size. Where it is transparent, what is below shines through."""
    if image.mode == "RGBA":
        alpha = np.asarray(image.getchannel("A"), np.float32) / np.float32(255)
        small = alpha.reshape(box.height // 2, 2, box.width // 2, 2).mean(axis=(1, 3), dtype=np.float32)
        return Art(box, _planes(image.convert("RGB")), (alpha, small))
    return Art(box, _planes(image.convert("RGB")))


def _planes(image: Image.Image) -> tuple[Plane, Plane, Plane]:
    frame = VideoFrame.from_ndarray(np.asarray(image, np.uint8), format="rgb24")
    luma, blue, red = planes_of(frame.reformat(format="yuv420p"))
    return luma.copy(), blue.copy(), red.copy()


def shortened(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    """As much of it as fits in one line."""
    if face.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if face.getlength(text[:middle].rstrip() + ELLIPSIS) <= width else (low, middle - 1)
    return text[:low].rstrip() + ELLIPSIS


def wrapped(text: str, face: ImageFont.FreeTypeFont, width: int, lines_max: int) -> list[str]:
    """Lines of whole words; what does not fit in the last one is cut off."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < lines_max - 1:
        count = 1
        while count < len(words) and face.getlength(" ".join(words[: count + 1])) <= width:
            count += 1
        lines.append(shortened(" ".join(words[:count]), face, width))
        words = words[count:]
    return [*lines, shortened(" ".join(words), face, width)] if words else lines


def logo(path: str, canvas: tuple[int, int]) -> Art:
    """The company's sign in the upper right corner. Raises OSError, ValueError for a file that is no such picture."""
    with Image.open(path) as image:
        if image.width * image.height > LOGO_PIXELS:
            raise ValueError("a logo of so many pixels is not read")
        image.thumbnail((canvas[0] // 6, canvas[1] // 10))
        width, height = max(2, even(image.width)), max(2, even(image.height))
        small = image.convert("RGBA").resize((width, height))
    edge = even(canvas[1] / 30)
    return art(small, Box(canvas[0] - width - edge, edge, width, height))


def name_plate(name: str, place: Box, brand: Colour, on: Colour, scale: float) -> Art:
    """A name in the lower left corner of somebody's place."""
    face = font(round((24 if place.width > 500 * scale else 17) * scale), bold=True)
    edge = even(face.size * 0.55)
    text = shortened(name, face, place.width - 6 * edge)
    width, height = even(face.getlength(text) + 2.4 * edge), even(face.size * 1.75)
    image = Image.new("RGB", (width, height), brand)
    ImageDraw.Draw(image).text((1.2 * edge, height / 2), text, on, face, "lm")
    return art(image, Box(place.x + edge, place.y + place.height - height - edge, width, height))


def banner(text: str, name: str, box: Box, brand: Colour, on: Colour) -> Art:
    """The pinned question over the whole width."""
    image = Image.new("RGB", (box.width, box.height), shade(brand, 0.55))
    draw, edge = ImageDraw.Draw(image), box.height // 5
    draw.rectangle((0, 0, edge // 3, box.height), brand)
    large, small = font(box.height // 4, bold=True), font(box.height // 6)
    lines = wrapped(text, large, box.width - 3 * edge, 2)
    tall = large.size * 1.2
    top = (box.height - tall * len(lines) - (small.size * 1.3 if name else 0)) / 2
    for number, line in enumerate(lines):
        draw.text((1.5 * edge, top + tall * (number + 0.5)), line, on, large, "lm")
    if name:
        named = shortened(name, small, box.width - 3 * edge)
        draw.text((1.5 * edge, top + tall * len(lines) + small.size * 0.65), named, on, small, "lm")
    return art(image, box)


def card(title: str, text: str, clock: str, size: tuple[int, int], brand: Colour, on: Colour) -> Art:
    """A whole picture of words: title, a few lines, and what is left of a countdown."""
    width, height = size
    image = Image.linear_gradient("L").resize(size)
    ground = Image.composite(Image.new("RGB", size, shade(brand, 0.3)), Image.new("RGB", size, brand), image)
    draw = ImageDraw.Draw(ground)
    large, small, huge = font(height // 11, bold=True), font(height // 24), font(height // 6, bold=True)
    rows = [(line, large) for line in wrapped(title, large, round(width * 0.86), 3)]
    rows += [(line, small) for line in wrapped(text, small, round(width * 0.8), 4)]
    rows += [(clock, huge)] if clock else []
    top = (height - sum(face.size * 1.35 for _, face in rows)) / 2
    for line, face in rows:
        draw.text((width / 2, top + face.size * 0.675), line, on, face, "mm")
        top += face.size * 1.35
    return art(ground, Box(0, 0, width, height))
