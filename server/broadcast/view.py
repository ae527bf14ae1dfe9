"""The playable view of a recording: everybody on one canvas, everybody in one sound, as an MP4 that every browser plays and seeks.

Runs as a process of its own (`python -m server view DIR`, after `finish DIR`): nice 10, limits on memory, time and size, and no
network where the system allows that (`server/media/recorder/confine.py`).
Memory is bounded by the number of tracks, not by their length.
"""

import math
import os
import sys
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.video.frame import VideoFrame

from server.broadcast.layout import Place, arrange
from server.broadcast.pictures import Canvas, PictureTrack
from server.broadcast.sounds import RATE, SoundTrack, Speaker, limited
from server.media.recorder.confine import limit
from server.media.recorder.facts import VIEW, Facts, ViewFacts, read_facts, write_facts
from server.media.recorder.steps import Progress, run_step

WIDTH, HEIGHT, FPS = 1280, 720, 30
NAME, POSTER = VIEW, "poster.jpg"
CHUNK = 1024  # Samples of one AAC frame.
LONGEST_S = 24 * 3600.0  # No call is so long; it bounds the time and the space that a view may take.
X264 = {"preset": "veryfast", "crf": "24", "maxrate": "3M", "bufsize": "6M", "sc_threshold": "0"}


def main(directory: str | Path) -> None:
    """Makes view.mp4 and poster.jpg; says how far it is as `server/media/recorder/steps.py` describes."""
    run_step("view", lambda progress: _work(Path(directory), progress))


def _work(directory: Path, progress: Progress) -> None:
    facts = _playable(directory)
    if facts.view is None or not (directory / facts.view.name).exists():
        _limit(facts)
        make_view(directory, progress)
    progress(1.0)


def _playable(directory: Path) -> Facts:
    facts = read_facts(directory)
    if facts.duration_s > LONGEST_S:
        raise ValueError(f"a view of {facts.duration_s:.0f} s is not made")
    return facts


def _limit(facts: Facts) -> None:
    limit(600 + int(facts.duration_s * 8), 2**26 + int(facts.duration_s * 1_000_000))


def make_view(directory: Path, progress: Progress) -> Facts:
    """The facts with the view in them.

    A track that cannot be read is left out, and the facts say so. Raises FileNotFoundError before the tracks are finished, ValueError
    above a day or when no track can be read, av.FFmpegError or OSError when it fails.
    """
    facts = _playable(directory)
    scene = Scene(directory, facts)
    if not (scene.pictures or scene.sounds) or facts.duration_s <= 0:
        return facts
    part = directory / f"{NAME}.part"
    try:
        poster = _write(scene, part, facts.duration_s, progress)
        facts = replace(facts, unread=[*facts.unread, *_left_out(scene)])
        _write_poster(poster, directory / POSTER)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(directory / NAME)
    finally:
        part.unlink(missing_ok=True)
    size = (directory / NAME).stat().st_size
    facts = replace(facts, view=ViewFacts(NAME, "video/mp4", facts.duration_s, size, WIDTH, HEIGHT, POSTER))
    write_facts(directory, facts)
    return facts


def _left_out(scene: "Scene") -> list[str]:
    """The files that could not be read to their end. Raises ValueError when that is all of them."""
    tracks: list[PictureTrack | SoundTrack] = [*scene.pictures, *scene.sounds]
    broken = [track for track in tracks if track.error]
    if len(broken) == len(tracks):
        raise ValueError(f"no track can be read: {broken[0].error}")
    for track in broken:
        sys.stderr.write(f"{track.path.name} cannot be read and is left out: {track.error}\n")
    return [track.path.name for track in broken]


@dataclass(frozen=True, slots=True)
class _Person:
    """When somebody was there: from the first to the last packet of each of their tracks."""

    key: str
    spans: list[tuple[float, float]]


class Scene:
    """All tracks of a recording, and what is to be seen and heard at a moment."""

    def __init__(self, directory: Path, facts: Facts) -> None:
        self.pictures: list[PictureTrack] = []
        self.sounds: list[SoundTrack] = []
        self._speaker = Speaker()
        spans: dict[str, list[tuple[float, float]]] = {}
        for track in sorted(facts.tracks, key=lambda track: track.start_s):
            path = directory / track.name
            if track.mime.startswith("audio/"):
                self.sounds.append(SoundTrack(track.participant, path, track.start_s, track.duration_s))
            else:
                key = f"screen {track.participant}" if track.source == "screen" else track.participant
                self.pictures.append(PictureTrack(key, path, track.start_s, track.duration_s))
            if track.source != "screen":
                spans.setdefault(track.participant, []).append((track.start_s, track.start_s + track.duration_s))
        self._people = [_Person(key, times) for key, times in spans.items()]

    def at(self, t_s: float) -> tuple[list[Place], dict[str, VideoFrame | None]]:
        """Who stands where at this moment, and their frames. People without a picture stand there as long as they can be heard."""
        frames: dict[str, VideoFrame | None] = {}
        for picture in self.pictures:
            frame = picture.frame_at(t_s)
            if frame is not None:
                frames[picture.key] = frame
        people = [person.key for person in self._people if person.key in frames or _is_there(person, t_s)]
        screens = [key for key in frames if key.startswith("screen ")]
        return arrange(people, screens, WIDTH, HEIGHT), frames

    @property
    def speaker(self) -> str | None:
        """Who is to be marked: nobody where only one can be heard."""
        return self._speaker.key if len({sound.key for sound in self.sounds}) > 1 else None

    def sound(self, position: int, count: int) -> np.ndarray:
        """`count` mixed samples."""
        mix, levels = np.zeros((count, 2), np.float32), dict[str, float]()
        for sound in self.sounds:
            levels[sound.key] = max(levels.get(sound.key, 0.0), sound.add_to(mix, position))
        self._speaker.hear(levels, position / RATE)
        return limited(mix)


def _is_there(person: _Person, t_s: float) -> bool:
    return any(begin <= t_s < end for begin, end in person.spans)


def _write(scene: Scene, part: Path, duration_s: float, progress: Progress) -> VideoFrame:
    """Writes the film; -> the frame that is worth being its poster."""
    canvas, frames, position = Canvas(WIDTH, HEIGHT), max(1, math.ceil(duration_s * FPS)), 0
    poster, best = canvas.frame(), (-1, 0.0)
    with av.open(str(part), "w", format="mp4", container_options={"movflags": "+faststart"}) as target:
        picture = target.add_stream("libx264", rate=FPS, options=X264)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.gop_size = 2 * FPS
        picture.codec_context.thread_count = min(4, os.cpu_count() or 1)
        voice = target.add_stream("aac", rate=RATE, layout="stereo")
        voice.bit_rate = 128_000
        for number in range(frames):
            t_s = number / FPS
            places, shown = scene.at(t_s)
            canvas.draw(places, shown, scene.speaker)
            frame = canvas.frame()
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            worth = (len(shown), -abs(t_s - min(5.0, duration_s / 2)))
            if worth > best:
                poster, best = frame, worth
            target.mux(picture.encode(frame))
            while position < (t_s + 1 / FPS) * RATE:
                target.mux(voice.encode(_heard(scene, position)))
                position += CHUNK
            progress(number / frames)
        target.mux(picture.encode(None))
        target.mux(voice.encode(None))
    return poster


def _heard(scene: Scene, position: int) -> AudioFrame:
    samples = np.ascontiguousarray(scene.sound(position, CHUNK).T)
    frame = AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, position, Fraction(1, RATE)
    return frame


def _write_poster(frame: VideoFrame, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    with av.open(str(part), "w", format="image2", options={"update": "1"}) as target:
        _encode_poster(target, frame)
    part.replace(path)


def _encode_poster(target: OutputContainer, frame: VideoFrame) -> None:
    stream = target.add_stream("mjpeg", rate=1)
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuvj420p"
    still = frame.reformat(format="yuvj420p")
    still.pts = 0
    target.mux(stream.encode(still))
    target.mux(stream.encode(None))
