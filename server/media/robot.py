"""A participant without a person: an aiortc peer that sends a moving picture and a voice, and counts what it receives.

For `scripts/run --demo`, tests and benchmarks. It offers like the page: camera, microphone, (screen), then slots. What comes into a slot is decoded
by aiortc; a robot with `slots=(0, 0)` is sent nothing and costs about 0.15 of a core (drawing and VP8 at 640x360 with 24 frames a second).

    robot = Robot(slots=(1, 1))
    offer = await robot.offer()                     # POST {sdp: offer.sdp, sources: offer.sources}
    await robot.accept(answer_sdp)
    await robot.connected(5.0)
    robot.received["2"].frames                      # by mid
    await robot.close()
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame

from server.media.scene import RATE, Picture, Scenery, Sound, voice
from server.tasks import Tasks

FRAME_S = 0.02  # One Opus packet.
VIDEO_CLOCK = 90_000

Draw = Callable[[float], Picture]
"""Seconds since the beginning -> a 4:2:0 picture (height * 3 / 2, width)."""


class Beginning:
    """The moment when a robot's first track began: picture and sound count from it."""

    def __init__(self) -> None:
        self._moment: float | None = None

    def moment(self, now: float) -> float:
        self._moment = now if self._moment is None else self._moment
        return self._moment


class PictureTrack(MediaStreamTrack):
    """Pictures at a steady rate; what would come late is left out."""

    kind = "video"

    def __init__(self, draw: Draw, fps: int, beginning: Beginning) -> None:
        super().__init__()
        self._draw, self._fps, self._beginning = draw, fps, beginning
        self._number = 0

    async def recv(self) -> VideoFrame:
        now = time.monotonic()
        began = self._beginning.moment(now)
        self._number = max(self._number + 1, int((now - began) * self._fps))
        due_s = self._number / self._fps
        await asyncio.sleep(max(0.0, began + due_s - now))
        if self.readyState != "live":
            raise MediaStreamError
        frame = VideoFrame.from_ndarray(self._draw(due_s), format="yuv420p")
        frame.pts, frame.time_base = round(due_s * VIDEO_CLOCK), Fraction(1, VIDEO_CLOCK)
        return frame


class SoundTrack(MediaStreamTrack):
    """A sound, repeated for ever, in pieces of 20 ms. Mono in, stereo out."""

    kind = "audio"

    def __init__(self, sound: Sound, beginning: Beginning) -> None:
        super().__init__()
        self._sound, self._beginning = sound, beginning
        self._number = 0

    async def recv(self) -> AudioFrame:
        now = time.monotonic()
        began = self._beginning.moment(now)
        self._number = max(self._number + 1, int((now - began - 0.5) / FRAME_S))  # Half a second late: a gap.
        await asyncio.sleep(max(0.0, began + self._number * FRAME_S - now))
        if self.readyState != "live":
            raise MediaStreamError
        count = int(RATE * FRAME_S)
        position = self._number * count
        samples = np.take(self._sound, np.arange(position, position + count), mode="wrap")
        frame = AudioFrame.from_ndarray(np.repeat(samples, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, position, Fraction(1, RATE)
        return frame


@dataclass(frozen=True, slots=True)
class RobotOffer:
    """What goes to the server."""

    sdp: str
    sources: dict[str, str]


@dataclass(slots=True)
class Received:
    """What came into one slot. `level` is the loudest sample of the last piece of sound, 0..1."""

    kind: str
    frames: int = 0
    width: int = 0
    height: int = 0
    level: float = 0.0
    last_at: float = 0.0


class Robot:
    """One peer connection. `codec` VP8 or H264 is offered first; `slots` are the receive-only m-lines for pictures and sound."""

    def __init__(
        self,
        *,
        slots: tuple[int, int] = (0, 0),
        codec: str = "VP8",
        draw: Draw | None = None,
        fps: int = 24,
        sound: Sound | None = None,
        sends: tuple[str, ...] = ("camera", "microphone"),
    ) -> None:
        self._slots, self._codec, self._sends = slots, codec, sends
        self._draw, self._fps, self._sound = draw, fps, sound
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._tasks = Tasks("robot")
        self._is_connected, self._beginning = asyncio.Event(), Beginning()
        self._tracks: list[MediaStreamTrack] = []
        self.received: dict[str, Received] = {}
        self.state = "new"
        self._peer.on("connectionstatechange", self._on_state)
        self._peer.on("track", self._on_track)

    def _on_state(self) -> None:
        self.state = self._peer.connectionState
        if self.state == "connected":
            self._is_connected.set()

    def _on_track(self, track: MediaStreamTrack) -> None:
        mid = next((str(line.mid) for line in self._peer.getTransceivers() if line.receiver.track is track), track.id)
        self._tasks.start(self._receive(track, self.received.setdefault(mid, Received(track.kind))), f"slot {mid}")

    async def offer(self) -> RobotOffer:
        """The offer, with all candidates in it."""
        lines = {source: self._line(source) for source in self._sends}
        for kind, count in zip(("video", "audio"), self._slots, strict=True):
            for _ in range(count):
                self._peer.addTransceiver(kind, direction="recvonly")
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return RobotOffer(self._peer.localDescription.sdp, {str(line.mid): source for source, line in lines.items()})

    def _line(self, source: str) -> RTCRtpTransceiver:
        if source == "microphone":
            track: MediaStreamTrack = SoundTrack(voice() if self._sound is None else self._sound, self._beginning)
        else:
            track = PictureTrack(self._draw or Scenery().draw, self._fps, self._beginning)
        self._tracks.append(track)
        line = self._peer.addTransceiver(track, direction="sendonly")
        if track.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            line.setCodecPreferences(sorted(codecs, key=lambda codec: codec.mimeType != f"video/{self._codec}"))
        return line

    async def accept(self, sdp: str) -> None:
        """Takes the server's answer; media flow from now on."""
        await self._peer.setRemoteDescription(RTCSessionDescription(_candidates_everywhere(sdp), "answer"))

    async def connected(self, limit_s: float = 10.0) -> None:
        """Waits until ICE and DTLS are up. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            await self._is_connected.wait()

    async def _receive(self, track: MediaStreamTrack, received: Received) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            received.frames += 1
            received.last_at = time.monotonic()
            if isinstance(frame, VideoFrame):
                received.width, received.height = frame.width, frame.height
            elif isinstance(frame, AudioFrame):
                received.level = float(np.abs(frame.to_ndarray()).max()) / 32768

    async def close(self) -> None:
        """Stops sending and hangs up. May be called twice."""
        for track in self._tracks:
            track.stop()
        await self._peer.close()
        await self._tasks.close()


def _candidates_everywhere(sdp: str) -> str:
    """The same answer with the candidates in every m-line: of a bundle, aiortc 1.16 reads those of the last one only."""
    head, *sections = sdp.rstrip("\r\n").split("\r\nm=")
    lines = [line for line in sdp.split("\r\n") if line.startswith(("a=candidate:", "a=end-of-candidates"))]
    full = [part if "\r\na=candidate:" in part else "\r\n".join([part, *lines]) for part in sections]
    return "\r\nm=".join([head, *full]) + "\r\n"
