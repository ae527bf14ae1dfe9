"""The programme: 30 times a second the stage becomes a picture, and between them its sound; both go to disk. One thread, which owns all of it."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import structlog
from av.video.frame import VideoFrame

from server.broadcast.compose.delay import FIRST_S
from server.broadcast.compose.director import Plan, Seen, plan, screen_of
from server.broadcast.compose.encoders import CHUNK, FPS, SoundEncoder
from server.broadcast.compose.outgoing import Outgoing
from server.broadcast.compose.output import Output
from server.broadcast.compose.painter import Painter
from server.broadcast.compose.passing import Passing, picture
from server.broadcast.compose.picture_source import PictureSource
from server.broadcast.compose.scene import ComposerHealth, Scene
from server.broadcast.compose.stage import OnStage, Stage, Tiles
from server.broadcast.hls.multivariant import SMALLER
from server.broadcast.hls.samples import TICKS
from server.broadcast.sounds import RATE, limited
from server.media.tap import Source

log = structlog.get_logger(__name__)

KEY_EVERY = 32
"""As often as a whole number of parts: a newcomer begins with a part that has one. Every second one begins a segment."""
STILL_EVERY = 3
"""Of a picture that does not change, one of three is encoded: ten a second."""
PASSING_STEP = 2
"""A picture that goes through is handed on together with the next one."""
CATCH_UP_S = 5.0
SILENT_END = RATE // 5
"""What the last picture lasts, and what the encoder keeps back."""
SIZES = {360: (640, 360), 720: (1280, 720), 1080: (1920, 1080)}


class Programme:
    """Begins with its first scene. `on_end` is called by the thread when it is over, for whichever reason."""

    def __init__(self, directory: Path, stage: Stage, outgoing: Outgoing, on_end: Callable[[], None]) -> None:
        self._directory, self._stage, self._outgoing, self._on_end = directory, stage, outgoing, on_end
        self._scene = (0, Scene())
        self._thread = threading.Thread(target=self._run, name="programme", daemon=True)
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._stop, self._is_over = threading.Event(), False
        self.failure: BaseException | None = None
        self._health = ComposerHealth(False, "waiting")
        self._times: deque[float] = deque(maxlen=2 * FPS)

    async def play(self, scene: Scene) -> None:
        """Returns when nothing goes out any more that is not in this scene. Raises TimeoutError when that does not happen."""
        done = asyncio.get_running_loop().create_future()
        number = self._scene[0] + 1
        self._waiting.append((number, done))
        self._scene = (number, scene)
        if self._thread.ident is None:
            self._thread.start()
        async with asyncio.timeout(5.0):
            await done

    def stop(self, is_over: bool) -> None:
        """Ends the stream for good, or leaves it to another composer; `on_end` says when that is done."""
        self._is_over = is_over
        self._stop.set()
        if self._thread.ident is None:
            self._on_end()

    def health(self, is_fed: bool) -> ComposerHealth:
        """How it goes. `is_fed`: the worker is there."""
        now = time.monotonic()
        recent = [one for one in self._times if now - one < 2.0]
        people = len(self._stage.seen.people)
        used_s = round(time.process_time(), 3)
        return replace(self._health, fps=len(recent) / 2.0, people=people, is_fed=is_fed, cpu_s=used_s)

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:  # The root of this thread: the process ends, and another goes on.
            log.exception("programme_failed")
            self.failure = error
            self._health = replace(self._health, state="failed")
        finally:
            self._on_end()

    def _play(self) -> None:
        self._began = time.monotonic() - FIRST_S
        self._outgoing.begin(self._began)
        self._size = SIZES[self._scene[1].size]
        self._voice = SoundEncoder()
        self._painter, self._passing = Painter(*self._size), Passing()
        self._outputs = self._open(self._scene[1])
        self._number, self._position, self._plan = -1, 0, Plan()
        self._drawn = self._keyed = -STILL_EVERY
        self._planned: object = None
        while not self._stop.wait(self._until_next()):
            self._step(time.monotonic())
        if self._is_over:
            self._fall_silent()
        for output in self._outputs:
            output.close(self._is_over)

    def _open(self, scene: Scene) -> list[Output]:
        """Both renditions, with one clock."""
        wall_at = time.time() - time.monotonic() + self._began
        outputs = [Output(self._directory, self._size, self._voice.format, wall_at, self._outgoing.show)]
        if scene.small:
            outputs.append(Output(self._directory / SMALLER, SIZES[360], self._voice.format, wall_at))
        return outputs

    def _until_next(self) -> float:
        now, waits = time.monotonic(), self._passing.is_on and not self._outgoing.is_wanted
        step = PASSING_STEP if waits else 1
        return max(0.0, self._began + (self._number + step) / FPS + self._stage.delay.at(now) - now)

    def _step(self, now: float) -> None:
        """What was captured up to a moment, in whole thirtieths of a second; the moment is as far before `now` as the delay says."""
        self._stage.delay.is_near = self._outgoing.is_wanted
        number = int((now - self._stage.delay.at(now) - self._began) * FPS)
        if number <= self._number:
            return
        self._number, (scene_number, scene), seen = number, self._scene, self._stage.seen
        moment = self._began + number / FPS
        if (scene, seen) != self._planned:
            self._planned = (scene, seen)
            self._plan = plan(scene, _pictures(seen), seen.main, self._plan.main, self._size)
            self._stage.show(_tiles(seen, self._plan))
        self._show(scene, seen, moment)
        self._hear(scene, seen, moment)
        for output in self._outputs:
            output.tick(round(number * TICKS / FPS))
        self._tell(scene_number)

    def _show(self, scene: Scene, seen: OnStage, moment: float) -> None:
        sources = _sources(seen)
        shown = [sources[place.key] for place in self._plan.places if place.key in sources]
        wanted = sources.get(self._plan.passes or "")
        main = self._outputs[0]
        coded = self._passing.frames(wanted, shown, moment, self._began + main.last_time / TICKS)
        if coded is None:
            self._compose(scene, seen, sources, moment)
            return
        if self._outgoing.takes_key(self._number):
            self._passing.want_key()
        for frame in coded:
            main.copy(picture(frame, self._began))
            self._times.append(time.monotonic())

    def _compose(self, scene: Scene, seen: OnStage, sources: dict[str, PictureSource], moment: float) -> None:
        frames: dict[str, VideoFrame | None] = {key: source.frame_at(moment) for key, source in sources.items()}
        speaker = seen.main if seen.main in seen.speaking and scene.layout != "single" else None
        wall = time.time()
        changed = self._painter.draw(scene, self._plan, frames, speaker, wall)
        is_due = self._number // KEY_EVERY > self._keyed  # On a busy machine the numbers jump.
        is_key = self._outgoing.takes_key(self._number) or is_due
        if changed or is_key or self._number - self._drawn >= STILL_EVERY:
            self._drawn, self._keyed = self._number, self._number // KEY_EVERY
            self._times.append(time.monotonic())
            for output in self._outputs:
                output.show(self._painter.canvas.picture, round(self._number * TICKS / FPS), is_key)

    def _hear(self, scene: Scene, seen: OnStage, moment: float) -> None:
        """Sound up to `moment`. Under a card everybody is silent, and what they said meanwhile is not heard later."""
        until = round((moment - self._began) * RATE)
        if until - self._position > CATCH_UP_S * RATE:
            self._position = until // CHUNK * CHUNK
        while self._position + CHUNK <= until:
            mix = np.zeros((CHUNK, 2), np.float32)
            for person in seen.people:
                if person.microphone is not None:
                    person.microphone.add_to(mix, self._position, self._began)
            if scene.card is not None:
                mix[:] = 0
            mix = limited(mix)
            self._outgoing.hear(mix, self._position)
            for sound in self._voice.encode(mix, self._position):
                for output in self._outputs:
                    output.hear(sound)
            self._position += CHUNK

    def _fall_silent(self) -> None:
        """Silence behind the last sound, until it is longer than the picture: a player waits for ever for the sound of a last part that has none."""
        until = self._outputs[0].last_time * RATE // TICKS + SILENT_END
        while self._position < until:
            for sound in self._voice.encode(np.zeros((CHUNK, 2), np.float32), self._position):
                for output in self._outputs:
                    output.hear(sound)
            self._position += CHUNK

    def _tell(self, scene_number: int) -> None:
        main = self._outputs[0]
        newest = self._began + max(main.last_time / TICKS, self._position / RATE)
        self._health = ComposerHealth(
            main.has_begun,
            "passing" if self._passing.is_on else "composing",
            position_s=round(main.end / TICKS, 3),
            latency_s=round(time.monotonic() - newest, 3),
        )
        while self._waiting and self._waiting[0][0] <= scene_number:
            _, done = self._waiting.popleft()
            done.get_loop().call_soon_threadsafe(_settle, done)


def _settle(done: "asyncio.Future[None]") -> None:
    if not done.done():
        done.set_result(None)


def _pictures(seen: OnStage) -> list[Seen]:
    return [Seen(one.id, one.camera is not None, one.screen is not None) for one in seen.people]


def _tiles(seen: OnStage, shown: Plan) -> Tiles:
    """Of all pictures on stage but the one that may go through: its sender's best is the programme."""
    sizes = {place.key: (place.box.width, place.box.height) for place in shown.places}
    keys = {(one.id, Source.CAMERA): one.id for one in seen.people if one.camera is not None}
    keys |= {(one.id, Source.SCREEN): screen_of(one.id) for one in seen.people if one.screen is not None}
    return {picture: sizes.get(key, (0, 0)) for picture, key in keys.items() if key != shown.passes}


def _sources(seen: OnStage) -> dict[str, PictureSource]:
    """All pictures on stage, by the keys of their places."""
    cameras = {one.id: one.camera for one in seen.people if one.camera is not None}
    return cameras | {screen_of(one.id): one.screen for one in seen.people if one.screen is not None}
