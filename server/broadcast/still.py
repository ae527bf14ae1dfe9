"""A picture that somebody uploaded, drawn anew: what comes out are pixels of ours, and nothing of the file that came in.

Runs as a process of its own (`python -m server still KIND`): the file on standard input, a JPEG on standard output, exit code 1 when it
cannot be read. No network where the system allows that, limits on memory and time (`server/media/recorder/confine.py`).
"""

import io
import os
import sys

import av
import numpy as np
from av.video.frame import VideoFrame

from server.broadcast.layout import even
from server.domain.pictures import PIXELS_MAX, PictureKind
from server.media.recorder.confine import limit

WIDTH, HEIGHT = 1280, 720
CPU_S = 10
QUALITY = "4"
"""Of FFmpeg's scale of 2 (best) to 31: a full picture takes some 150 kB."""


def main(kind: PictureKind) -> None:
    """Reads, draws and writes one picture. Exits with 1 when it cannot be read."""
    os.nice(10)
    limit(CPU_S, 0)
    try:
        picture = redrawn(sys.stdin.buffer.read(), kind)
    except (av.error.FFmpegError, ValueError, IndexError, MemoryError) as error:
        sys.stderr.write(f"not a picture: {type(error).__name__}\n")
        sys.exit(1)
    sys.stdout.buffer.write(picture)


def redrawn(data: bytes, kind: PictureKind) -> bytes:
    """A JPEG of at most 1280x720, upright, on white where it could be seen through. Raises av.FFmpegError, ValueError, MemoryError."""
    whole = _decoded(data, kind)
    small = _within(whole, WIDTH, WIDTH, "rgba")
    return _encoded(_within(_upright(small, whole.rotation), WIDTH, HEIGHT, "yuvj420p"))


def _decoded(data: bytes, kind: PictureKind) -> VideoFrame:
    """The first frame, by the one decoder that its kind needs."""
    with av.open(io.BytesIO(data), "r", format=f"{kind}_pipe") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"max_pixels": str(PIXELS_MAX)}
        return next(container.decode(stream))


def _within(frame: VideoFrame, width: int, height: int, form: str) -> VideoFrame:
    """Not larger than this, in its own shape."""
    scale = min(1.0, width / frame.width, height / frame.height)
    wide, high = (max(2, even(side * scale)) for side in (frame.width, frame.height))
    way = "AREA" if scale < 1 else "BILINEAR"
    return frame.reformat(width=wide, height=high, format=form, interpolation=way, threads=1)


def _upright(frame: VideoFrame, rotation: int) -> VideoFrame:
    """As the camera was held, which only the file that is left behind says; on white."""
    pixels = frame.to_ndarray().astype(np.uint16)
    seen = pixels[..., 3:]
    opaque = ((pixels[..., :3] * seen + 255 * (255 - seen)) // 255).astype(np.uint8)
    turned = np.rot90(opaque, round(rotation / 90))
    return VideoFrame.from_ndarray(np.ascontiguousarray(turned), format="rgb24")


def _encoded(frame: VideoFrame) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
        stream.codec_context.options = {"flags": "+bitexact+qscale", "global_quality": QUALITY}
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()
