"""A camera or a screen: coded frames in, the picture of a moment out. It decodes in a thread of its own, and only while somebody wants that."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable

import av
import structlog
from av.codec import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from server.broadcast.compose.delay import Delay
from server.broadcast.compose.line import Frame

log = structlog.get_logger(__name__)

WAITING_MAX = 30
"""Frames before the decoder. With more it is too slow for this picture: they are dropped up to the next key frame."""
READY_MAX = 24
CODED_MAX = 150
DECODERS = {"VP8": "vp8", "H264": "h264"}


class PictureSource:
    """`take` and `close` are called on the event loop, everything else by the programme; `want_key` is called by any of the threads."""

    def __init__(self, name: str, codec: str, want_key: Callable[[], None], delay: Delay) -> None:
        self.codec = codec
        self.want_key, self._delay = want_key, delay
        self.repeat_keys: Callable[[float], None] = lambda interval_s: None
        """Has the sender make a key frame so often."""
        self._waiting: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._ready: deque[tuple[float, VideoFrame]] = deque(maxlen=READY_MAX)
        self._coded: deque[Frame] = deque(maxlen=CODED_MAX)
        self._now: tuple[float, VideoFrame] | None = None
        self._decodes, self._is_closed, self._is_behind = True, False, False
        self._context: VideoCodecContext | None = None
        self.is_in_order = True
        """Whether each frame so far was captured after the one before; not so with B-frames."""
        self._newest = float("-inf")
        self._thread = threading.Thread(target=self._run, name=f"decode {name}", daemon=True)
        self._thread.start()

    def take(self, frame: Frame) -> None:
        """The next frame of the sender, decoded or kept for `coded_until`."""
        self.is_in_order = self.is_in_order and frame.time > self._newest - 0.001
        self._newest = max(self._newest, frame.time)
        self._coded.append(frame)
        if not self._decodes:
            return
        if self._waiting.qsize() >= WAITING_MAX:
            self._is_behind = True
            self.want_key()
        if self._is_behind and not frame.is_key:
            return
        self._is_behind = False
        self._waiting.put(frame)

    def close(self) -> None:
        """Nothing more of it is decoded or given out from now on."""
        self._is_closed = True
        self._ready.clear()
        self._coded.clear()
        self._waiting.put(None)

    def decode(self, wanted: bool) -> None:
        """Whether pictures are wanted. After a pause they begin with the next key frame, which is asked for."""
        if wanted and not self._decodes:
            self._is_behind = True
            self.want_key()
        if not wanted:
            self._now = None
            self._ready.clear()
        self._decodes = wanted

    def frame_at(self, moment: float) -> VideoFrame | None:
        """What was captured last before `moment`, which never goes back; None when nothing was, or when it is closed."""
        while self._ready and self._ready[0][0] <= moment:
            self._now = self._ready.popleft()
        return None if self._is_closed or self._now is None else self._now[1]

    def shown_at(self) -> float:
        """When the picture that `frame_at` gave last was captured."""
        return self._now[0] if self._now is not None else float("-inf")

    def coded_until(self, moment: float) -> list[Frame]:
        """The frames as they came, captured up to `moment`, each given out once."""
        found = []
        while self._coded and self._coded[0].time <= moment:
            found.append(self._coded.popleft())
        return [] if self._is_closed else found

    def _run(self) -> None:
        while (frame := self._waiting.get()) is not None and not self._is_closed:
            try:
                self._decode(frame)
            except (av.error.FFmpegError, ValueError, MemoryError):  # Bad bytes from the network are normal.
                self._is_behind = True
                self.want_key()

    def _decode(self, frame: Frame) -> None:
        if frame.format is not None and (self._context is None or self.codec == "H264"):
            self._set_up(frame)
        if self._context is None:
            return
        for picture in self._context.decode(Packet(frame.data)):
            self._ready.append((frame.time, picture))
        now = time.monotonic()
        self._delay.note(now - frame.time, now)

    def _set_up(self, frame: Frame) -> None:
        """H.264 brings its parameter sets in the format: with other ones, a new decoder."""
        private = frame.format.private if frame.format is not None else b""
        if self._context is not None and self._context.extradata == private:
            return
        context = CodecContext.create(DECODERS[self.codec], "r")
        if not isinstance(context, VideoCodecContext):
            raise ValueError(f"{self.codec} is no picture")
        context.thread_count = 1
        context.flags |= 0x00080000  # AV_CODEC_FLAG_LOW_DELAY: no picture waits for the next one.
        if private:
            context.extradata = private
        self._context = context
