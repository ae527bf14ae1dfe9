"""The programme as packets for those who watch by WHEP: the pictures that the stream gets, and its sound as Opus. Made only while they are wanted."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from server.broadcast.compose.encoders import FPS, OpusEncoder
from server.broadcast.hls.samples import TICKS, Picture
from server.broadcast.sounds import RATE, Samples
from server.media.packet_wire import PICTURE, SOUND, pack
from server.media.recorder.h264 import parameter_sets
from server.media.recorder.reorder import Packet
from server.media.rtp.h264 import payloads

MESSAGE_BYTES = 60_000
KEYS_EVERY = FPS
"""Pictures: whoever asks for key frames gets one a second, beside those that the stream needs."""


class Outgoing:
    """`want` and `ask_key` are called on the event loop, everything else by the programme; `send` is called on the event loop with messages."""

    def __init__(self, send: Callable[[bytes], None], on_loop: Callable[[Callable[[], None]], None]) -> None:
        self._send, self._on_loop = send, on_loop
        self.is_wanted = self._needs_key = False
        self._voice: OpusEncoder | None = None
        self._began = 0.0
        self._keyed = -KEYS_EVERY
        self._seqs = {PICTURE: 0, SOUND: 0}

    def want(self, wanted: bool) -> None:
        """Whether somebody watches."""
        self.is_wanted = self._needs_key = wanted

    def ask_key(self) -> None:
        """Somebody's picture cannot go on without a key frame."""
        self._needs_key = True

    def begin(self, began: float) -> None:
        """The moment that times count from, on this machine's monotonic clock."""
        self._began = began

    def takes_key(self, number: int) -> bool:
        """Whether the picture of this number is to be a key frame for those who watch."""
        is_due = self.is_wanted and self._needs_key and number - self._keyed >= KEYS_EVERY
        if is_due:
            self._needs_key, self._keyed = False, number
        return is_due

    def show(self, picture: Picture) -> None:
        """The next picture of the stream."""
        if self.is_wanted:
            units = list(_units(picture.data))
            if picture.format is not None:
                units = [*parameter_sets(picture.format.avcc), *units]
            self._hand_on(PICTURE, payloads(units), picture.time, self._began + picture.time / TICKS)

    def hear(self, mix: Samples, position: int) -> None:
        """The next piece of sound, which begins with the sample `position`."""
        if not self.is_wanted:
            self._voice = None
            return
        self._voice = self._voice or OpusEncoder()
        for at, data in self._voice.encode(mix, position):
            self._hand_on(SOUND, [data], at, self._began + at / RATE)

    def _hand_on(self, number: int, found: list[bytes], time: int, capture: float) -> None:
        packets = [
            Packet(self._seqs[number] + place, time & 0xFFFFFFFF, place == len(found) - 1, payload, capture, capture)
            for place, payload in enumerate(found)
        ]
        self._seqs[number] += len(packets)
        for message in _messages(pack(number, packet) for packet in packets):
            self._on_loop(partial(self._send, message))


def _units(data: bytes) -> Iterator[bytes]:
    """NAL units behind four-byte lengths."""
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def _messages(packed: Iterable[bytes]) -> Iterator[bytes]:
    """As few as the size of one allows."""
    message = b""
    for data in packed:
        if message and len(message) + len(data) > MESSAGE_BYTES:
            yield message
            message = b""
        message += data
    if message:
        yield message
