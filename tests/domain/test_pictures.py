"""Pictures are judged by their first bytes."""

import random

import pytest

from server.domain.pictures import PICTURE_BYTES, Measured, PictureKind, measure
from server.errors import BadPicture
from tests.pictures import picture, with_facts


@pytest.mark.parametrize("kind", list(PictureKind))
def test_kind_and_size_are_read(kind: PictureKind) -> None:
    assert measure(picture(kind, 322, 182)) == Measured(kind, 322, 182)


def test_what_stands_before_the_frame_is_passed_over() -> None:
    assert measure(with_facts(picture("jpeg", 64, 48))) == Measured(PictureKind.JPEG, 64, 48)


def test_lossless_and_extended_webp_are_measured() -> None:
    lossless = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f" + (639 | 359 << 14).to_bytes(4, "little")
    extended = b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (1919).to_bytes(3, "little") + (1079).to_bytes(3, "little")
    assert [(one.width, one.height) for one in map(measure, (lossless, extended))] == [(640, 360), (1920, 1080)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(40),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (100_000).to_bytes(4, "big") + (2).to_bytes(4, "big"),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (9000).to_bytes(4, "big") + (9000).to_bytes(4, "big"),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(8),
        picture("jpeg")[:100],
        picture("jpeg") + bytes(PICTURE_BYTES),
    ],
)
def test_everything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        measure(data)


def test_any_bytes_are_measured_or_refused() -> None:
    chance = random.Random(4)
    whole = [picture(kind, 64, 48) for kind in PictureKind]
    for _ in range(3000):
        data = bytearray(chance.choice(whole)[: chance.randint(0, 700)])
        for _ in range(chance.randint(0, 8) if data else 0):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            assert measure(bytes(data)).width > 0
        except BadPicture:
            continue
