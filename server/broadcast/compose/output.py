"""One rendition of the programme: its encoder, and its stream on disk, which a thread of its own writes: a slow disk delays no picture."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from server.broadcast.compose.encoders import PictureEncoder
from server.broadcast.hls.packager import Packager
from server.broadcast.hls.samples import AudioFormat, Picture, Sound

WAITING_MAX = 200
"""Steps of the programme before the disk, seven seconds. A disk that is slower than that cannot keep a stream."""


class Output:
    """Pictures of one size; times are ticks of the programme. Sound and pictures that came encoded are written as they are.

    Every call raises OSError once the disk has failed or is too slow.
    """

    def __init__(
        self,
        directory: Path,
        size: tuple[int, int],
        audio: AudioFormat,
        wall_at: float,
        also: Callable[[Picture], None] = lambda picture: None,
    ) -> None:
        """`also` gets each picture at once. Raises HasEnded for a stream that was finished."""
        self._size, self._also = size, also
        self._packager = Packager(directory, audio, wall_at)
        self._encoder: PictureEncoder | None = None
        self._scaler = VideoReformatter()
        self.last_time = -1
        self._has_format_of_ours = False
        self._step: list[Callable[[], None]] = []
        self._work: queue.SimpleQueue[list[Callable[[], None]] | None] = queue.SimpleQueue()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"stream {directory.name}", daemon=True)
        self._thread.start()

    @property
    def has_begun(self) -> bool:
        """Whether viewers have something."""
        return self._packager.tape.stream.last_part >= 0

    @property
    def end(self) -> int:
        """How long the stream is."""
        return self._packager.tape.stream.end

    def show(self, frame: VideoFrame, time: int, is_key: bool) -> None:
        """One picture of the programme. A key picture where one is due, and where the stream cannot go on without one."""
        if time <= self.last_time:
            return
        if self._encoder is None:
            self._encoder = PictureEncoder(*self._size)
        if (frame.width, frame.height) != self._size:
            frame = self._scaler.reformat(frame, *self._size, interpolation="AREA", threads=1)
        needs_key = self._packager.needs_key or not self._has_format_of_ours
        for picture in self._encoder.encode(frame, time, is_key or needs_key):
            self._write(picture)
        self._has_format_of_ours = True

    def copy(self, picture: Picture) -> None:
        """A picture that somebody else encoded."""
        if picture.time > self.last_time:
            self._has_format_of_ours = False
            self._write(picture)

    def _write(self, picture: Picture) -> None:
        self.last_time = picture.time
        self._also(picture)
        self._step.append(lambda: self._packager.write(picture))

    def hear(self, sound: Sound) -> None:
        """The next piece of sound."""
        self._step.append(lambda: self._packager.write(sound))

    def tick(self, time: int) -> None:
        """A step of the programme is over: hands it on as a whole, and says what time it is, for gaps."""
        self._step.append(lambda: self._packager.tick(time))
        self._hand_on()

    def close(self, is_over: bool) -> None:
        """Ends the stream for good, or leaves it so that another composer can go on. All of it is on the disk then."""
        self._step.append(self._packager.finish if is_over else self._packager.leave)
        self._hand_on()
        self._work.put(None)
        self._thread.join()
        self._look()

    def _hand_on(self) -> None:
        """One waking of the other thread for each step, not for each sample."""
        self._look()
        if self._work.qsize() > WAITING_MAX:
            raise OSError("the disk is too slow for this stream")
        self._work.put(self._step)
        self._step = []

    def _look(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while (step := self._work.get()) is not None:
                for work in step:
                    work()
        except Exception as error:  # The root of this thread: the programme raises it.
            self._failure = error
