"""A camera picture that costs a real camera's bit rate: Chromium's own test picture is so plain that no line would ever be too narrow for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av

SECONDS = 4


@dataclass(frozen=True, slots=True)
class Camera:
    """Its picture; `noise` is what makes it cost bits."""

    width: int = 640
    height: int = 360
    fps: int = 24
    noise: int = 1


def make_camera(folder: Path, camera: Camera) -> list[str]:
    """Chromium's flags for such a camera; the film lies in `folder` and is shown again and again."""
    width, height, fps, noise = camera.width, camera.height, camera.fps, camera.noise
    film = folder / f"camera-{width}x{height}-{fps}.y4m"
    picture = f"testsrc2=size={width}x{height}:rate={fps},noise=alls={noise}:allf=t"
    with av.open(picture, format="lavfi") as source, av.open(str(film), "w", format="yuv4mpegpipe") as target:
        stream = cast(av.VideoStream, target.add_stream("wrapped_avframe", rate=fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            if number == SECONDS * fps:
                break
            target.mux(stream.encode(frame.reformat(format="yuv420p")))
    return [f"--use-file-for-fake-video-capture={film}"]
