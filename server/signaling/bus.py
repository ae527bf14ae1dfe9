"""The bell between web processes: what one says, all hear. In memory for one process, a Redis Stream for several.

A stream, not publish/subscribe: what is said while Redis is away is kept here and said afterwards, and who listens again hears what came
meanwhile. The bus is never the only copy: `on_gap` tells the listener to look into the database when something may have been missed.
"""

import asyncio
import collections
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

import redis.asyncio as redis
import structlog

from server.tasks import Tasks

log = structlog.get_logger(__name__)

Heard = Callable[[dict[str, Any]], Awaitable[None]]
Gap = Callable[[], Awaitable[None]]
_Row = tuple[bytes, dict[bytes, bytes]]  # What Redis calls an entry: its number and its fields.

KEPT_IN_REDIS = 20_000
KEPT_HERE = 5_000
BLOCK_MS = 2_000
AGAIN_S = 0.25
SEEN = 4_096
LIMIT_BYTES = 256 * 1024


class Bus(Protocol):
    """Says messages (JSON objects) to all web processes, this one included, in one order."""

    async def start(self, heard: Heard, on_gap: Gap) -> None:
        """Begins to listen."""

    def say(self, message: dict[str, Any]) -> None:
        """Queues a message and returns at once."""

    async def is_ready(self) -> bool:
        """Whether messages pass now."""

    async def close(self) -> None:
        """Stops."""


class MemoryBus:
    """One process: what is said is heard here, in order. Nothing is dropped; the queue is as long as the listener is late."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(KEPT_HERE)
        self._tasks = Tasks("bus")
        self._on_gap: Gap | None = None
        self._missed = False

    async def start(self, heard: Heard, on_gap: Gap) -> None:
        self._on_gap = on_gap
        self._tasks.start(self._pump(heard, on_gap), "pump")

    def say(self, message: dict[str, Any]) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._missed = True

    async def _pump(self, heard: Heard, on_gap: Gap) -> None:
        while True:
            message = await self._queue.get()
            await _tell(heard, message)
            if self._missed:
                self._missed = False
                await on_gap()

    async def is_ready(self) -> bool:
        return True

    async def close(self) -> None:
        await self._tasks.close()


class StreamBus:
    """Several processes, through one Redis Stream. Messages carry an id: one that was stored twice is heard once."""

    def __init__(self, url: str, key: str = "oase:bus") -> None:
        self._key = key
        self._out: collections.deque[str] = collections.deque(maxlen=KEPT_HERE)  # The oldest is dropped when full.
        self._wake = asyncio.Event()
        self._tasks = Tasks("bus")
        self._seen: collections.OrderedDict[str, None] = collections.OrderedDict()
        # `socket_timeout` must exceed the time that XREAD blocks.
        self._redis = redis.from_url(url, socket_connect_timeout=1, socket_timeout=BLOCK_MS / 1000 + 3)
        self._is_listening = False

    async def start(self, heard: Heard, on_gap: Gap) -> None:
        self._tasks.start(self._write(), "write")
        self._tasks.start(self._read(heard, on_gap), "read")

    def say(self, message: dict[str, Any]) -> None:
        self._out.append(json.dumps({**message, "_id": secrets.token_urlsafe(9)}))
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._out:
                await self._write_first()

    async def _write_first(self) -> None:
        try:
            await self._redis.xadd(self._key, {"d": self._out[0]}, maxlen=KEPT_IN_REDIS, approximate=True)
            self._out.popleft()
        except (redis.RedisError, OSError):
            await asyncio.sleep(AGAIN_S)

    async def _read(self, heard: Heard, on_gap: Gap) -> None:
        last: bytes | None = None
        while True:
            try:
                if last is None:
                    last = await self._newest()
                if not self._is_listening:
                    self._is_listening = True
                    await on_gap()
                for number, fields in await self._after(last):
                    last = number
                    await self._hear(heard, fields.get(b"d", b""))
            except (redis.RedisError, OSError) as error:
                if self._is_listening:
                    log.warning("bus_away", error=type(error).__name__)
                self._is_listening = False
                await asyncio.sleep(AGAIN_S)

    async def _newest(self) -> bytes:
        rows = cast(list[_Row], await self._redis.xrevrange(self._key, count=1))
        return rows[0][0] if rows else b"0-0"

    async def _after(self, last: bytes) -> list[_Row]:
        streams = cast(list[tuple[bytes, list[_Row]]], await self._redis.xread({self._key: last}, 200, BLOCK_MS) or [])
        return [row for _, rows in streams for row in rows]

    async def _hear(self, heard: Heard, data: bytes) -> None:
        """Tells one message, unless it is not ours to read (wrong bytes, too long) or was heard before."""
        if len(data) > LIMIT_BYTES:
            log.warning("bus_message_refused", size_bytes=len(data))
            return
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            log.warning("bus_message_refused", size_bytes=len(data))
            return
        if not isinstance(message, dict) or not self._is_new(str(message.pop("_id", ""))):
            return
        await _tell(heard, message)

    def _is_new(self, number: str) -> bool:
        if not number or number in self._seen:
            return False
        self._seen[number] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return True

    async def is_ready(self) -> bool:
        return self._is_listening

    async def close(self) -> None:
        await self._tasks.close()
        await self._redis.aclose()


async def _tell(heard: Heard, message: dict[str, Any]) -> None:
    """The listener's mistakes end here: one message that it cannot stand does not make this process deaf."""
    try:
        await heard(message)
    except Exception:  # Root of everything that reacts to the bus.
        log.exception("bus_listener_failed", kind=str(message.get("kind", ""))[:40])
