"""Uploaded pictures are drawn anew: nothing of the file comes out but what is seen, and what is hostile ends with its process."""

import contextlib
import struct
import time
import zlib

import av
import pytest

from server.broadcast.still import HEIGHT, WIDTH, redrawn
from server.domain.pictures import PictureKind, measure
from server.errors import BadPicture
from server.service.stills import Stills
from tests.pictures import SECRET, colours, picture, with_facts

SCRIPT = b"<script>alert(1)</script>"


def is_near(colour: tuple[int, int, int], wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 24 for one, other in zip(colour, wanted, strict=True))


@pytest.mark.parametrize("kind", list(PictureKind))
def test_every_kind_becomes_a_jpeg_that_looks_the_same(kind: PictureKind) -> None:
    made = redrawn(picture(kind, 322, 181), kind)
    size = measure(made)
    assert (size.kind, size.width, size.height) == (PictureKind.JPEG, 322, 180)
    left, right, *_ = colours(made)
    assert is_near(left, (220, 0, 0))
    assert is_near(right, (0, 0, 220))


def test_nothing_else_of_the_file_comes_out() -> None:
    """Not where it was taken, and not a second file that hides behind the first."""
    file = with_facts(picture()) + SCRIPT + b"PK\x03\x04"
    made = redrawn(file, PictureKind.JPEG)
    assert SECRET in file
    assert not any(part in made for part in (SECRET, b"Exif", SCRIPT, b"PK\x03\x04", b"Lavc"))
    assert made.endswith(b"\xff\xd9")


def test_it_stands_upright() -> None:
    """A camera that was held on its side says so in what is left out: orientation 6 is turned clockwise, 8 the other way."""
    for orientation, above in ((6, (220, 0, 0)), (8, (0, 0, 220))):
        made = redrawn(with_facts(picture("jpeg", 320, 180), orientation), PictureKind.JPEG)
        size = measure(made)
        assert (size.width, size.height) == (180, 320)
        assert is_near(colours(made)[2], above)


def test_what_can_be_seen_through_is_white() -> None:
    assert is_near(colours(redrawn(picture("png", alpha=0), PictureKind.PNG))[0], (255, 255, 255))


def test_large_ones_are_made_smaller_and_keep_their_shape() -> None:
    size = measure(redrawn(picture("jpeg", 4000, 3000), PictureKind.JPEG))
    assert (size.width, size.height) == (960, HEIGHT)
    assert measure(redrawn(picture("jpeg", 3200, 600), PictureKind.JPEG)).width == WIDTH


def test_what_cannot_be_read_fails() -> None:
    with pytest.raises((av.error.FFmpegError, ValueError)):
        redrawn(picture("png")[:60], PictureKind.PNG)
    with pytest.raises((av.error.FFmpegError, ValueError)):
        redrawn(picture("png"), PictureKind.WEBP)


async def test_process_of_its_own_draws_and_refuses() -> None:
    stills = Stills()
    made = await stills.redraw(with_facts(picture("jpeg", 640, 360)))
    assert (measure(made).width, SECRET in made) == (640, False)
    with pytest.raises(BadPicture):
        await stills.redraw(picture("jpeg", 640, 360)[:200] + bytes(200))


async def test_file_that_says_less_than_it_unpacks_to_is_refused_soon() -> None:
    """The header that we read names a small picture; a second one behind it, which a decoder may follow, names a huge one."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    small, huge = (chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)) for side in (64, 30_000))
    bomb = b"\x89PNG\r\n\x1a\n" + small + huge + chunk(b"IDAT", zlib.compress(bytes(4_000_000))) + chunk(b"IEND", b"")
    began = time.monotonic()
    with contextlib.suppress(BadPicture):
        assert measure(await Stills().redraw(bomb)).width == 64
    assert time.monotonic() - began < 15
