"""Which answer a viewer gets for a name and a query, now or once it is there. No web framework, no rights: who may watch is decided before."""

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from server.broadcast.hls.answer import MEDIA, PLAYLIST, Answer, Life
from server.broadcast.hls.files import Files
from server.broadcast.hls.follower import Follower
from server.broadcast.hls.multivariant import LIVE, RECORDING, SMALLER
from server.broadcast.hls.reload import BadDirective, Directives, Verdict, judge, read_directives
from server.broadcast.hls.renders import Renders
from server.broadcast.hls.waiters import Key, TooMany, Waiters

INDEX = "index.m3u8"
WAITERS = 20_000
"""Of one stream. More hear 503, and come back a second later."""
OPENS_WITH = 2
"""Whole segments before anybody sees a playlist: given less, hls.js 1.7 asks for the same parts again and again, hundreds of times a second."""
LOOK_S = 0.02
_NAME = re.compile(r"(?P<kind>[isp])(?P<number>0|[1-9][0-9]{0,11})\.(?P<form>m4s|mp4)")


class Broadcast:
    """One stream as the web process shows it, live or long over. The owner runs `follow` as a task while it lives, and calls `close`.

    `is_public`: caches on the way may keep what is shown; otherwise nobody does, since the right to see it may end.
    """

    def __init__(self, directory: Path, expected_bps: int, is_public: bool, waiters: int = WAITERS) -> None:
        self._follower, self._files, self._waiters = Follower(directory), Files(directory), Waiters(waiters)
        self._is_public = is_public
        self.stream = self._follower.stream
        self._renders = Renders(self.stream, expected_bps)
        self._answers: dict[tuple[str, Life], Answer] = {}
        self._smaller = directory / SMALLER
        self.has_smaller = False
        """Whether there is a smaller rendition in the folder for it."""

    @property
    def waiting(self) -> int:
        """How many viewers wait for what comes next."""
        return self._waiters.count

    @property
    def is_open(self) -> bool:
        """Whether a viewer gets something at once."""
        return bool(self.stream.runs) and self._has_begun()

    async def follow(self) -> None:
        """Looks for new lines 50 times a second until the stream ends. Raises as `refresh` does."""
        while not self.stream.has_ended:
            await self.refresh()
            await asyncio.sleep(LOOK_S)

    async def refresh(self) -> None:
        """Looks now: the composer has said that something is new, or an ended stream is opened. Raises OSError, ValueError for a broken index."""
        kinds = await self._follower.refresh()
        if kinds:
            self._renders.forget(is_rewritten="lost" in kinds)
            if not self.has_smaller and kinds & {"start", "segment"}:
                self.has_smaller = await asyncio.to_thread(self._smaller.is_dir)
            self._answers.clear()
            self._waiters.release()

    async def close(self) -> None:
        await self._files.close()

    async def answer(self, name: str, query: Mapping[str, str], smaller: "Broadcast | None" = None) -> Answer:
        """Of `name`, a file of the stream without folders: 200, 400, 404, or 503. Raises OSError when the disk does not give what is there.

        `smaller` is the same as a smaller picture; players then hear of both.
        """
        try:
            if name == LIVE:
                return await self._live(read_directives(query))
            if name == INDEX:
                return await self._index(smaller)
            if name == RECORDING:
                is_there = self.stream.has_ended and bool(self.stream.segments)
                return self._playlist(name, Life.SETTLED, self._renders.recording) if is_there else self._missing()
            return await self._file(name)
        except BadDirective:
            return Answer(400)
        except (TimeoutError, TooMany):
            return Answer(503)

    async def _live(self, asked: Directives) -> Answer:
        """Raises TimeoutError when the part that is waited for does not come within three target durations (RFC 8216bis, 6.2.5.2)."""
        if (verdict := self._judge(asked)) is Verdict.LATER:
            key = ("playlist", asked.segment, asked.part)
            await self._wait(key, lambda: self._judge(asked) is not Verdict.LATER)
            verdict = self._judge(asked)
        if verdict is Verdict.TOO_FAR:
            return Answer(400)
        life = Life.PASSING if asked.segment is None else Life.AWAITED
        if self.stream.has_ended:
            if not self.stream.segments:
                return self._missing()
            life = Life.SETTLED
        name = "update" if asked.skips else LIVE
        return self._playlist(name, life, lambda: self._renders.live(asked.skips))

    def _judge(self, asked: Directives) -> Verdict:
        return judge(self.stream, asked) if self._has_begun() else Verdict.LATER

    async def _index(self, smaller: "Broadcast | None") -> Answer:
        if not self._has_begun():
            await self._wait(("index", None, None), self._has_begun)
        if not self.stream.runs:
            return self._missing()
        life = Life.SETTLED if self.stream.has_ended else Life.PASSING
        second = smaller.stream if smaller is not None and smaller.is_open else None
        return self._playlist(INDEX if second is None else "both", life, lambda: self._renders.multivariant(second))

    async def _file(self, name: str) -> Answer:
        """A part that is announced is waited for; whatever no playlist names is not there."""
        match = _NAME.fullmatch(name)
        if match is None or (match["form"] == "mp4") != (match["kind"] == "i"):
            return self._missing()
        number, stream = int(match["number"]), self.stream
        if match["kind"] == "p" and number == stream.last_part + 1 and self._has_begun() and not stream.has_ended:
            await self._wait(("part", number, None), lambda: stream.has_ended or stream.last_part >= number)
        if number > stream.last_part:
            return self._missing()
        try:
            return Answer(200, await self._files.read(name), MEDIA, self._life(Life.IMMUTABLE))
        except FileNotFoundError:  # A gap, a part that is old, a number that was left out.
            return self._missing()

    def _has_begun(self) -> bool:
        return len(self.stream.segments) >= OPENS_WITH or self.stream.has_ended

    async def _wait(self, key: Key, is_due: Callable[[], bool]) -> None:
        await self._waiters.wait(key, is_due, 3 * self.stream.timing.target_duration_s)

    def _playlist(self, name: str, life: Life, render: Callable[[], bytes]) -> Answer:
        answer = self._answers.get((name, life))
        if answer is None:
            answer = self._answers[name, life] = Answer(200, render(), PLAYLIST, self._life(life))
        return answer

    def _missing(self) -> Answer:
        return Answer(404, cache=self._life(Life.PASSING))

    def _life(self, life: Life) -> Life:
        return life if self._is_public else Life.PRIVATE
