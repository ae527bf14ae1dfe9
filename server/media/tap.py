"""What hangs on a session and sees every forwarded packet: the recorder, and the composer's feed.

A tap is called synchronously on the media loop, once for each packet of each person on stage, after duplicates and padding were dropped and after
retransmissions came back. It must be quick (tens of microseconds), must not block, and keeps a copy of `payload` if it wants it later.
Packets of one source can come out of order by a retransmission's delay (up to a second).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Source(StrEnum):
    """What one sending m-line carries."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class Codec:
    """What the payload of a source is.

    `mime` is `video/VP8`, `video/H264` or `audio/opus`; `clock_rate` is in ticks a second; `fmtp` as in the SDP, such as
    `profile-level-id=42e01f;packetization-mode=1`, or empty; `channels` is 2 for Opus and 1 for pictures.
    """

    mime: str
    clock_rate: int
    fmtp: str = ""
    channels: int = 1


RequestKeyFrame = Callable[[str, Source], None]
"""`session.request_key_frame(participant, source)`: asks the sender for a key frame; merged to one a second, so calling often is harmless."""


class Tap(Protocol):
    """The receiving end of a session's packets. Registered by `session.add_tap(tap)`, taken off by `session.remove_tap(tap)`.

    When whom it takes or how large it shows them changes, `session.aim_taps()` has to be called.
    """

    def takes(self, participant: str) -> bool:
        """Whether it wants packets of this person. It gets no others, and nobody is asked to send better pictures for it who is not taken."""

    def tile(self, participant: str, source: Source) -> tuple[int, int] | None:
        """How large it shows this picture, in pixels; (0, 0): not at present, None: the best that comes. It gets no larger layer than it needs."""

    def packet(
        self,
        participant: str,
        source: Source,
        codec: Codec,
        seq: int,
        rtp_time: int,
        marker: bool,
        payload: bytes,
        arrival: float,
        capture: float | None,
    ) -> None:
        """One packet of one source, without header, header extensions and padding.

        `seq` is the unwrapped sequence number of the sender: it never wraps and starts somewhere below 2**17. `rtp_time` is the sender's 32-bit
        timestamp, which wraps. `arrival` is loop time (`time.monotonic()`). `capture` is the loop time at which the sender took this sample, by its
        sender reports, with one offset for all sources of a person; None until there is one. A new connection of the same person starts anew
        with unrelated `seq` and `rtp_time`.
        """
