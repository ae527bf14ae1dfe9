"""A viewer who believes nothing: reads each playlist by the rules and by a library, and each part box by box."""

import asyncio
from dataclasses import dataclass, field

import m3u8

from server.broadcast.hls.initial import PICTURE_TRACK, SOUND_TRACK
from server.broadcast.hls.samples import TICKS
from tests.broadcast.hls.reading import Track, fragments
from tests.broadcast.hls.rules import Piece, Stretch, changes, merged, parse, violations
from tests.site import Browser

EVERY_S = 2.0  # Parts are named for three target durations: none is missed.
NEAR_S = 0.03
"""One frame of AAC and a bit."""


@dataclass
class Watch:
    """Run as a task; it ends with the stream. `wrong` says in words what breaks the specification."""

    browser: Browser
    session: str
    parts: int = 0
    playlists: int = 0
    wrong: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _last: str = ""
    _zero: float | None = None  # The date of tick 0.
    _shown_to: int | None = None  # Where the last picture ends, in ticks; None: nothing has to follow it at once.

    async def run(self) -> None:
        while "#EXT-X-ENDLIST" not in self._last:
            await self._look()
            await asyncio.sleep(EVERY_S)

    async def _look(self) -> None:
        answer = await self.browser.get(f"/live/{self.session}/stream.m3u8")
        if answer.status != 200:
            self.wrong.append(f"the playlist answers {answer.status}")
            return
        text = answer.body.decode()
        self._playlist(text)
        if self._last and "#EXT-X-ENDLIST" not in text:
            await self._update()
        self._last = text
        found = parse(text)
        for stretch in [*found.segments, *([found.growing] if found.growing else [])]:
            await self._stretch(stretch)

    def _playlist(self, text: str) -> None:
        self.playlists += 1
        self.wrong += violations(text)
        if self._last and "#EXT-X-ENDLIST" not in text:  # A finished list is written anew, without parts.
            self.wrong += changes(self._last, text)
        if len(m3u8.loads(text).segments) < len(parse(text).segments):
            self.wrong.append("the library finds fewer segments")

    async def _update(self) -> None:
        """The list without what the client knows already has to make the same whole."""
        update = (await self.browser.get(f"/live/{self.session}/stream.m3u8?_HLS_skip=YES")).body.decode()
        try:
            self.wrong += violations(merged(self._last, update))
        except AssertionError as error:
            self.wrong.append(f"an update does not fit: {error}")

    async def _stretch(self, stretch: Stretch) -> None:
        """Each part that is new, where the playlist says that it is."""
        at = stretch.at.timestamp() if stretch.at is not None else 0.0
        for place, piece in enumerate(stretch.parts):
            if piece.uri not in self._seen:
                self._seen.add(piece.uri)
                if piece.is_gap or (stretch.is_discontinuity and not place):
                    self._shown_to = None
                if not piece.is_gap:
                    await self._part(piece, at)
            at += piece.duration_s

    async def _part(self, piece: Piece, at: float) -> None:
        self.parts += 1
        answer = await self.browser.get(f"/live/{self.session}/{piece.uri}")
        if answer.status != 200:
            self.wrong.append(f"{piece.uri} answers {answer.status}")
            return
        try:
            self._boxes(piece, at, answer.body)
        except (AssertionError, KeyError, ValueError) as error:
            self.wrong.append(f"{piece.uri}: {error!r}")

    def _boxes(self, piece: Piece, at: float, data: bytes) -> None:
        """A picture may last into the next part; none is missing, and sound is where the playlist says."""
        (one,) = fragments(data)
        sound = one.tracks[SOUND_TRACK]
        self._zero = at - sound.time / 48_000 if self._zero is None else self._zero
        begins, ends = at - self._zero, at - self._zero + piece.duration_s
        self._picture(piece, one.tracks.get(PICTURE_TRACK), begins, ends)
        if abs(sound.time / 48_000 - begins) > NEAR_S or abs(sound.end / 48_000 - ends) > NEAR_S:
            self.wrong.append(
                f"{piece.uri} sounds from {sound.time / 48_000:.3f} to {sound.end / 48_000:.3f} s, not from {begins:.3f} to {ends:.3f}"
            )

    def _picture(self, piece: Piece, picture: Track | None, begins: float, ends: float) -> None:
        shown_to, self._shown_to = self._shown_to, picture.end if picture is not None else self._shown_to
        if picture is None:
            if shown_to is None or shown_to / TICKS < ends - NEAR_S:
                self.wrong.append(f"{piece.uri} has no picture, and none before lasts so long")
            return
        if not begins - NEAR_S <= picture.time / TICKS < ends:
            self.wrong.append(
                f"{piece.uri} has its first picture at {picture.time / TICKS:.3f} s, not from {begins:.3f} on"
            )
        if shown_to is not None and picture.time != shown_to:
            self.wrong.append(f"{piece.uri} is {(picture.time - shown_to) / TICKS:.3f} s behind the picture before")
        if picture.begins_with_key != piece.is_independent:
            self.wrong.append(f"{piece.uri} is not as independent as the playlist says")
