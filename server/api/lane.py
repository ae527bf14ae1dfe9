"""A lane of its own for live streams, in front of aiohttp on the same port: what everybody may see is answered from memory, the same bytes for all.

A viewer makes seven requests a second, nearly all of them for the same few answers; the way through aiohttp takes four times as long as writing the
answer to the socket. So each connection begins here. A plain `GET /live/…` that finds its answer, or can wait for it together with others, is
answered here. Everything else goes to aiohttp as it came, byte by byte, and so does every request that is not simple: of a private broadcast, for
something that is not there, with anything unusual in its head.

Private names of aiohttp stand in this file alone; `tests/api/test_lane.py` fails when they change.
"""

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any

from aiohttp import web
from yarl import URL

from server.api.call import EDGE, HOUSE
from server.api.live import FOR_ALL, FOR_US
from server.api.metrics import METRICS
from server.domain.principal import Anonymous, Principal
from server.domain.words import SessionId
from server.errors import DatabaseAway
from server.service import live
from server.service.live import Shown
from server.service.viewers import Watcher
from server.tasks import Tasks

PREFIX = b"GET /live/"
HEAD_MAX = 8192
LATER_MAX = 4 * HEAD_MAX
WAIT_S = 15.0
"""How long aiohttp leaves a connection alone whose request waits here; then its own limit counts again."""
KEPT_S, KEPT_BYTES = 5.0, 64 * 2**20
"""Whole answers are kept so long and so many, the newest: a crowd asks for the same within a second, and `Files` keeps the parts anyway."""
PASSING_S = 0.05
WATCHERS_MAX = 20_000
_TARGET = re.compile(
    rb"/live/([A-Za-z0-9_-]{1,64})/(?P<small>small/)?(?P<name>[a-z0-9]{1,20}\.(?:m3u8|m4s|mp4))"
    rb"(?P<query>\?_HLS_msn=\d{1,12}(?:&_HLS_part=\d{1,12})?(?:&_HLS_skip=(?:YES|v2))?)?"
)
_UNUSUAL = re.compile(
    rb"\r\n(?:content-length|transfer-encoding|upgrade|expect|range|connection: *close)\b", re.IGNORECASE
)
_SHORT = {200: b"OK", 503: b"Service Unavailable"}


@dataclass(slots=True)
class _Kept:
    """An answer that is there until `until`, or comes."""

    coming: "asyncio.Task[_Packed | None]"
    session: SessionId
    is_list: bool
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Packed:
    """A whole HTTP answer."""

    data: bytes
    status: int


class Answers:
    """What the lanes of all connections share. The owner calls `close`."""

    def __init__(self, app: web.Application) -> None:
        self.house, self.edge = app[HOUSE], app[EDGE]
        self._kept: OrderedDict[tuple[bytes, bool], _Kept] = OrderedDict()
        self._bytes = 0
        self._watchers: dict[tuple[str, bytes, bytes], Watcher] = {}
        self._watchers_until = 0.0
        self._loop = asyncio.get_running_loop()
        self._tasks = Tasks("lane")
        self.given = 0

    async def close(self) -> None:
        await self._tasks.close()

    def find(self, target: bytes, packs: bool) -> _Kept | None:
        """The answer for a target, there or coming; None for what this lane does not answer."""
        key, now = (target, packs), self._loop.time()
        kept = self._kept.get(key)
        if kept is not None and (not kept.coming.done() or (now < kept.until and self._is_open(kept.session))):
            return kept
        match = _TARGET.fullmatch(target)
        if match is None:
            return None
        session, name = SessionId(match[1].decode()), match["name"].decode()
        self._forget(key)
        coming = self._tasks.start(self._make(key, session, match), "answer")
        kept = self._kept[key] = _Kept(coming, session, name.endswith(".m3u8"))
        return kept

    def _is_open(self, session: SessionId) -> bool:
        """Whether everybody may have it, by what the database said at most a second ago."""
        known = self.house.streams.fresh(session)
        return known is not None and live.is_open(known)

    async def _make(self, key: tuple[bytes, bool], session: SessionId, match: re.Match[bytes]) -> _Packed | None:
        query, folder = URL((match["query"] or b"").decode()).query, "small" if match["small"] else ""
        try:
            shown = await live.show(self.house, _nobody, session, match["name"].decode(), query, folder)
        except DatabaseAway:
            shown = live.NOTHING
        if shown.answer.status not in _SHORT:
            self._kept.pop(key, None)
            return None
        packed = await _pack(shown, key[1])
        self._keep(key, shown, len(packed.data))
        return packed

    def _keep(self, key: tuple[bytes, bool], shown: Shown, size: int) -> None:
        kept = self._kept.get(key)
        if kept is None:
            return
        answer = shown.answer
        kept.until = self._loop.time() + (0.0 if answer.status != 200 else KEPT_S if answer.lasts else PASSING_S)
        self._bytes += size
        now = self._loop.time()
        while self._kept:
            oldest = next(iter(self._kept))
            one = self._kept[oldest]
            if not one.coming.done() or (now < one.until and self._bytes <= KEPT_BYTES):
                break
            self._forget(oldest)

    def _forget(self, key: tuple[bytes, bool]) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None and (packed := packed_of(kept)) is not None:
            self._bytes -= len(packed.data)

    def watcher(self, remote: str, forwarded: bytes, agent: bytes) -> Watcher:
        """Whom a playlist is counted for."""
        now = self._loop.time()
        if now > self._watchers_until or len(self._watchers) > WATCHERS_MAX:
            self._watchers, self._watchers_until = {}, now + 60
        found = self._watchers.get((remote, forwarded, agent))
        if found is None:
            address = self.edge.caller_of(remote, forwarded.decode("latin-1"))
            found = self.house.viewers.watcher(address, agent.decode("latin-1"))
            self._watchers[remote, forwarded, agent] = found
        return found


def packed_of(kept: _Kept) -> _Packed | None:
    """What came; None while it does not, and when this lane has no answer."""
    coming = kept.coming
    return coming.result() if coming.done() and not coming.cancelled() and coming.exception() is None else None


async def _nobody() -> Principal:
    return Anonymous()


async def _pack(shown: Shown, packs: bool) -> _Packed:
    answer = shown.answer
    body, headers = answer.body, {**answer.headers, **(FOR_ALL if shown.is_public else FOR_US)}
    if packs and answer.may_be_packed:
        body = await answer.packed()
        headers["Content-Encoding"] = "gzip"
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}\r\n", f"Date: {formatdate(usegmt=True)}\r\n\r\n"]
    status = f"HTTP/1.1 {answer.status} ".encode() + _SHORT[answer.status] + b"\r\n"
    return _Packed(status + "".join(lines).encode() + body, answer.status)


def _field(head: bytes, name: bytes) -> bytes:
    """A header's value; the name is asked for in lower case, and found however it is written."""
    start = head.lower().find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    return head[start : head.find(b"\r\n", start)].strip()


class Lane(asyncio.Protocol):
    """One connection. `behind` is aiohttp's protocol for it, which gets everything that is not answered here, in order."""

    def __init__(self, behind: web.RequestHandler, answers: Answers) -> None:
        self._behind, self._answers = behind, answers
        self._transport: Any = None
        self._remote = ""
        self._later = b""
        self._is_waiting = self._is_stuffed = False
        self._is_simple = True
        """As long as aiohttp got whole requests without a body only: then nothing of one can stand at the beginning of what comes next."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._remote = str(peer[0]) if peer else ""
        self._behind.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_simple = False
        self._behind.connection_lost(exc)

    def eof_received(self) -> bool | None:
        self._behind.eof_received()
        return None

    def pause_writing(self) -> None:
        self._is_stuffed = True
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        self._is_stuffed = False
        self._behind.resume_writing()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        if self._is_waiting or (self._is_stuffed and self._is_simple):
            self._later += data
            if len(self._later) > LATER_MAX:
                self._transport.abort()
            return
        is_whole = data.endswith(b"\r\n\r\n") and len(data) <= HEAD_MAX and data.find(b"\r\n\r\n") == len(data) - 4
        if not (self._is_simple and is_whole and data.startswith(b"GET ") and _UNUSUAL.search(data) is None):
            self._is_simple = False
        elif data.startswith(PREFIX) and _is_idle(self._behind) and self._answer(data):
            return
        self._behind.data_received(data)

    def _answer(self, head: bytes) -> bool:
        """Whether this lane answers, now or later."""
        target, _, version = head[4 : head.find(b"\r\n")].partition(b" ")
        if version != b"HTTP/1.1":
            return False
        kept = self._answers.find(target, b"gzip" in _field(head, b"accept-encoding"))
        if kept is None:
            return False
        if kept.coming.done():
            return self._write(head, kept)
        self._is_waiting = True
        _leave_alone(self._behind, WAIT_S)
        kept.coming.add_done_callback(partial(self._came, head, kept))
        return True

    def _came(self, head: bytes, kept: _Kept, _: object) -> None:
        self._is_waiting = False
        if self._transport.is_closing():
            return
        if not self._write(head, kept):
            self._behind.data_received(head)
        self._go_on()

    def _write(self, head: bytes, kept: _Kept) -> bool:
        """Whether there was an answer."""
        packed = packed_of(kept)
        if packed is None:
            return False
        _leave_alone(self._behind, 0.0)
        self._transport.write(packed.data)
        self._answers.given += 1
        _COUNTERS[packed.status].inc()
        if kept.is_list and packed.status == 200:
            watcher = self._answers.watcher(self._remote, _field(head, b"x-forwarded-for"), _field(head, b"user-agent"))
            self._answers.house.viewers.saw(kept.session, watcher)
        return True

    def _go_on(self) -> None:
        """With what came while one waited."""
        if self._later and not self._is_waiting and not self._transport.is_closing():
            data, self._later = self._later, b""
            self.data_received(data)


_COUNTERS = {status: METRICS.requests.labels("GET /live/{session}/{name}", str(status)) for status in _SHORT}


def _is_idle(behind: Any) -> bool:
    """Whether aiohttp waits for the next request of this connection and has nothing left of an earlier one."""
    waiter = behind._waiter
    return waiter is not None and not waiter.done() and not behind._messages


def _leave_alone(behind: Any, more_s: float) -> None:
    """aiohttp closes a connection that was idle for its keep-alive time: counted from now, and `more_s` later."""
    behind._next_keepalive_close_time = asyncio.get_running_loop().time() + behind._keepalive_timeout + more_s


class LaneRunner(web.AppRunner):
    """Runs an application as `AppRunner` does, each connection through a lane."""

    answers: Answers | None = None

    async def setup(self) -> None:
        await super().setup()
        self.answers = Answers(self.app)

    async def cleanup(self) -> None:
        await super().cleanup()
        if self.answers is not None:
            await self.answers.close()

    @property
    def server(self) -> Any:
        """What makes the protocol of each new connection."""
        server = super().server
        if server is None or self.answers is None:
            return server
        answers = self.answers
        return lambda: Lane(server(), answers)
