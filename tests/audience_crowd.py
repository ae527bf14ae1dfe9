"""Many pages of one audience and people who write and vote there, as cheap as they can be: for tests and `scripts/bench audience`."""

import asyncio
import base64
import collections
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from server.config import Settings
from server.domain.words import SessionId
from server.service.house import House
from server.store.database import Database
from server.tasks import Tasks
from tests.audience import Fan, ask, join, open_broadcast
from tests.desk import Heard, client_id
from tests.web_process import WebProcess

LINES_A_SECOND, VOTES_A_SECOND = 50, 100
WRITERS, QUESTIONS = 120, 20
OPEN_TOGETHER = 40
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept-Language: de-DE,de;q=0.9,en;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\nCache-Control: no-cache\r\nPragma: no-cache\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
)


@dataclass
class Board:
    """When each message was written, and when each page had it."""

    sent: dict[str, float] = field(default_factory=dict)
    frames: dict[bytes, tuple[list[str], int]] = field(
        default_factory=dict
    )  # What is in a message: texts, last number.
    arrivals: dict[bytes, collections.Counter[int]] = field(
        default_factory=dict
    )  # By milliseconds of this process' clock.

    def see(self, payload: bytes) -> int:
        """Notes an arrival; the message's last number."""
        known = self.frames.get(payload)
        if known is None:
            body = json.loads(payload[2:])[1]
            known = self.frames[payload] = ([line["text"] for line in body["lines"]], body["seq"])
            self.arrivals[payload] = collections.Counter()
        self.arrivals[payload][int(time.monotonic() * 1000)] += 1
        return known[1]

    def delays_ms(self) -> collections.Counter[int]:
        """How long each line took to each page."""
        found: collections.Counter[int] = collections.Counter()
        for payload, times in self.arrivals.items():
            for text in self.frames[payload][0]:
                sent_ms = int(self.sent.get(text, 0.0) * 1000)
                for at_ms, count in times.items():
                    found[at_ms - sent_ms] += count
        return found


class Page(asyncio.Protocol):
    """A page as a browser's would speak, as cheap as it can be."""

    def __init__(self, url: str, session: str, board: Board) -> None:
        self._session, self._board = session, board
        host = url.partition("://")[2]
        key = base64.b64encode(os.urandom(16)).decode()
        self._hello = (
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nOrigin: {url}\r\n{BROWSER}\r\n"
        ).encode()
        self._unread = b""
        self._is_open = False
        self.seq = -1
        self.is_cut = False
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._transport.write(self._hello)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_cut = True
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("cut"))

    def close(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._is_open:
            _, mark, rest = self._unread.partition(b"\r\n\r\n")
            if not mark:
                return
            self._is_open, self._unread = True, rest
        while (payload := self._next()) is not None:
            self._hear(payload)

    def _next(self) -> bytes | None:
        if len(self._unread) < 2:
            return None
        size, start = self._unread[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(self._unread[2:start], "big")
        if len(self._unread) < start + size:
            return None
        payload, self._unread = self._unread[start : start + size], self._unread[start + size :]
        return payload

    def _hear(self, payload: bytes) -> None:
        if payload.startswith(b'42["stage"'):
            self.seq = max(self.seq, self._board.see(payload))
        elif payload == b"2":
            self._say(b"3")
        elif payload[:1] == b"0":
            self._say(b'40{"as":"visitor","audience":true}')
        elif payload[:2] == b"40":
            self._say(f'420["audience",{{"session":"{self._session}"}}]'.encode())
        elif payload[:2] == b"43" and not self.joined.done():
            self.seq = json.loads(payload[3:])[0]["seq"]
            self.joined.set_result(None)

    def _say(self, text: bytes) -> None:
        size = len(text)
        head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
        self._transport.write(head + b"\0\0\0\0" + text)


@dataclass
class Stage:
    """A running web process with a live broadcast, and people who write."""

    process: WebProcess
    session: SessionId
    fans: list[Fan]
    questions: list[str]


@contextlib.asynccontextmanager
async def running_stage(folder: Path, **settings: str) -> AsyncIterator[Stage]:
    """One web process on SQLite, without limits of frequency; without media but with OASE_SUPERVISE."""
    process = WebProcess(folder, anew=True, **settings)
    await process.start()
    customer = process.browser("visitor")
    await customer.open_case()
    known = Settings(data=folder, recordings=folder / "recordings", supervise=False)
    database = Database(known.database)
    house = House(database, None, Heard(), known)  # type: ignore[arg-type]  # Nothing here speaks to media.
    try:
        lease = {"composer_by": "nobody", "composer_until": house.now() + timedelta(days=1)}
        session = await open_broadcast(house, customer.case, **lease)  # Else the house would compose a stream, too.
        fans = [await join(house, session, f"Fan {n}", f"10.0.{n // 250}.{n % 250}") for n in range(WRITERS)]
        questions = [(await ask(house, session, fans[n], f"Question {n}?")).id for n in range(QUESTIONS)]
        yield Stage(process, session, fans, list(questions))
    finally:
        await house.ledger.close()
        await house.cookies.close()
        await database.close()
        await process.close()


async def open_pages(stage: Stage, count: int, board: Board) -> list[Page]:
    """So many pages in the audience."""
    loop, pages = asyncio.get_running_loop(), []
    for start in range(0, count, OPEN_TOGETHER):
        together = [Page(stage.process.url, stage.session, board) for _ in range(min(OPEN_TOGETHER, count - start))]
        for page in together:
            await loop.create_connection(lambda page=page: page, "127.0.0.1", stage.process.port)  # type: ignore[misc]
        async with asyncio.timeout(60):
            await asyncio.gather(*(page.joined for page in together))
        pages += together
    return pages


async def speak(stage: Stage, board: Board, seconds: float) -> tuple[int, int, int]:
    """Lines and votes at an even pace; how many lines, how many votes, how many were refused."""
    path, done, tasks = f"/api/v1/broadcasts/{stage.session}", collections.Counter[str](), Tasks("crowd")
    async with aiohttp.ClientSession(stage.process.url, connector=aiohttp.TCPConnector(limit=200)) as http:

        async def send(kind: str, method: str, where: str, fan: Fan, body: dict[str, Any] | None) -> None:
            headers = {"Origin": stage.process.url, "Cookie": f"__Host-oase-visitor={fan.token}"}
            async with http.request(method, path + where, json=body, headers=headers) as reply:
                await reply.read()
                done[kind if reply.status < 300 else "refused"] += 1

        rate = LINES_A_SECOND + VOTES_A_SECOND
        began = time.monotonic()
        for n in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
            fan = stage.fans[n % len(stage.fans)]
            if n % 3 == 0:
                text = f"line {n} that is about as long as what people write in a chat"
                board.sent[text] = time.monotonic()
                work = send("line", "POST", "/lines", fan, {"text": text, "client_id": client_id()})
            else:
                method = "PUT" if (n // (len(stage.fans) * QUESTIONS)) % 2 == 0 else "DELETE"
                question = stage.questions[(n // len(stage.fans)) % QUESTIONS]
                work = send("vote", method, f"/questions/{question}/vote", fan, {} if method == "PUT" else None)
            tasks.start(work, "send")
        async with asyncio.timeout(30):
            while len(tasks):
                await asyncio.sleep(0.01)
    return done["line"], done["vote"], done["refused"]
