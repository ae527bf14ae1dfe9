"""Pictures as people upload them, made here: of any size and kind, held upright or not, and with things in them that concern nobody."""

import io

import av
import numpy as np
from av.video.frame import VideoFrame

SECRET = b"N 52.5163 E 13.3777"
_CODECS = {
    "jpeg": ("mjpeg", "mjpeg", "yuvj420p"),
    "png": ("png", "image2pipe", "rgba"),
    "webp": ("libwebp", "webp", "yuv420p"),
}


def picture(kind: str = "jpeg", width: int = 320, height: int = 180, alpha: int = 255) -> bytes:
    """The left half is red, the right half blue."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 220
    pixels[..., 3] = alpha
    codec, form, pixel_format = _CODECS[kind]
    target = io.BytesIO()
    with av.open(target, "w", format=form) as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        frame = VideoFrame.from_ndarray(pixels, format="rgba").reformat(format=pixel_format)
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def with_facts(jpeg: bytes, orientation: int = 1) -> bytes:
    """The same with EXIF data: how the camera was held, and where."""
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + orientation.to_bytes(2, "big") + b"\x00\x00"
    exif = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00" + SECRET
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def colours(jpeg: bytes) -> list[tuple[int, int, int]]:
    """Red, green and blue in the middle of the left and of the right half, and of the upper and of the lower one."""
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as container:
        pixels = next(container.decode(video=0)).to_ndarray(format="rgb24")
    height, width = pixels.shape[:2]
    places = (
        (height // 2, width // 4),
        (height // 2, width * 3 // 4),
        (height // 4, width // 2 - 2),
        (height * 3 // 4, width // 2 - 2),
    )
    return [(int(red), int(green), int(blue)) for red, green, blue in (pixels[place] for place in places)]
