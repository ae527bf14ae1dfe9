"""When one sender's own picture is the whole programme, it goes through as it came: no decoder, no encoder, the sender's quality."""

from server.broadcast.compose.line import Frame
from server.broadcast.compose.picture_source import PictureSource
from server.broadcast.hls.samples import TICKS, Picture, VideoFormat

KEYS_S = 2.0
"""The sender is asked for a key frame when the last one is so old; what comes begins a segment.

A composed picture has one twice as often (`KEY_EVERY` of the programme) for those who come to the audience: they find a place to begin at most 1.07 s
back there, and somewhat more than 2 s here. But a sender's key frames go to everybody on stage, out of the same bits as the rest of that picture, so
there are no more of them than a recording asks for.
"""
STALE_S = 0.85
"""Without a frame for so long it is composed again, before viewers get a gap."""
LINGER_S = 1.5
"""So long the decoder may take to have its first picture when it is to be composed again."""


class Passing:
    """Asked for each moment of the programme, by its thread."""

    def __init__(self) -> None:
        self._passes: PictureSource | None = None
        self._waits_for: PictureSource | None = None
        self._last = self._leaves_at = 0.0

    @property
    def is_on(self) -> bool:
        """Whether somebody's picture goes through."""
        return self._passes is not None

    def frames(
        self, wanted: PictureSource | None, shown: list[PictureSource], moment: float, last: float
    ) -> list[Frame] | None:
        """What goes through up to `moment`; None: compose. `last` is the newest picture's time, and `shown` are those that may be seen at all."""
        if wanted is not None and (wanted.codec != "H264" or not wanted.is_in_order):
            wanted = None
        if self._passes is None:
            return self._begin(wanted, moment, last)
        if self._passes not in shown:
            self._leave()
            return None
        return self._go_on(self._passes, wanted, moment)

    def want_key(self) -> None:
        """Has the sender of what goes through make a key frame."""
        if self._passes is not None:
            self._passes.want_key()

    def _begin(self, wanted: PictureSource | None, moment: float, last: float) -> list[Frame] | None:
        if wanted is not self._waits_for:
            if self._waits_for is not None:
                self._waits_for.repeat_keys(float("inf"))
            if wanted is not None:
                wanted.repeat_keys(KEYS_S)
            self._waits_for = wanted
        if wanted is None:
            return None
        coded = wanted.coded_until(moment)
        begins = next((at for at, one in enumerate(coded) if one.is_key and one.time > last + 0.001), None)
        if begins is None:
            return None
        self._passes, self._waits_for = wanted, None
        self._last, self._leaves_at = coded[-1].time, 0.0
        wanted.decode(False)
        return coded[begins:]

    def _go_on(self, passes: PictureSource, wanted: PictureSource | None, moment: float) -> list[Frame] | None:
        if wanted is passes:
            self._leaves_at = 0.0
        elif not self._leaves_at:
            self._leaves_at = moment + LINGER_S
            passes.decode(True)
        is_ready = bool(self._leaves_at) and passes.frame_at(moment) is not None
        coded = passes.coded_until(moment)
        self._last = coded[-1].time if coded else self._last
        if is_ready or moment > (self._leaves_at or moment) or moment - self._last > STALE_S:
            self._leave()
            return None
        return coded

    def _leave(self) -> None:
        if self._passes is not None:
            self._passes.repeat_keys(float("inf"))
            self._passes.decode(True)
        self._passes = None


def picture(frame: Frame, began: float) -> Picture:
    """The frame as the stream takes it; times count from the moment `began`."""
    shape = frame.format
    kind = VideoFormat(shape.width, shape.height, shape.private) if frame.is_key and shape is not None else None
    return Picture(round((frame.time - began) * TICKS), frame.data, kind)
