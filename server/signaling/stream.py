"""The bus of several web processes: one Redis Stream.

A stream, not publish/subscribe: what is said while Redis is away is kept here and said afterwards, and who listens again hears what came
meanwhile. (Publish/subscribe forgot all of that in a test with a Redis that was away for four seconds.)
"""

import asyncio
import collections
import json
import secrets
from typing import Any, cast

import redis.asyncio as redis
import structlog

from server.signaling.bus import KEPT_HERE, Gap, Heard, look, tell
from server.tasks import Tasks

log = structlog.get_logger(__name__)

KEPT_IN_REDIS = 20_000
BLOCK_MS = 2_000
AGAIN_S = 0.25
SEEN = 4_096
LIMIT_BYTES = 256 * 1024
GAP = "gap"  # The kind of message that says: something was lost.

_Row = tuple[bytes, dict[bytes, bytes]]  # What Redis calls an entry: its number and its fields.


class StreamBus:
    """Several processes, through one Redis Stream. Messages carry an id: one that was stored twice is heard once."""

    def __init__(self, url: str, key: str = "oase:bus") -> None:
        self._key = key
        self._out: collections.deque[str] = collections.deque(maxlen=KEPT_HERE)  # The oldest is dropped when full.
        self._has_dropped = False  # Since the last message that passed; all are told to look into the database.
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
        data = json.dumps({**message, "_id": secrets.token_urlsafe(9)})
        if len(data) > LIMIT_BYTES:  # Nobody would hear it, and Redis may end the connection over it, each time anew.
            log.warning("bus_message_dropped", error="too_long")
            data = json.dumps({"kind": GAP, "_id": secrets.token_urlsafe(9)})
        self._has_dropped = self._has_dropped or len(self._out) == KEPT_HERE
        self._out.append(data)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._out:
                await self._write_first()

    async def _write_first(self) -> None:
        """One message; it stays the first until Redis has it or refuses it (no memory left, say), and then others have their turn."""
        message = self._out[0]
        try:
            await self._redis.xadd(self._key, {"d": message}, maxlen=KEPT_IN_REDIS, approximate=True)
        except redis.ResponseError as error:
            log.warning("bus_message_dropped", error=type(error).__name__)
            self._drop(message)
            self._has_dropped = True
            await asyncio.sleep(AGAIN_S)
        except (redis.RedisError, OSError):
            await asyncio.sleep(AGAIN_S)  # Perhaps it was stored and only the answer was lost: its id tells.
        else:
            self._drop(message)
            if self._has_dropped:
                self._has_dropped = False
                self.say({"kind": GAP})

    def _drop(self, message: str) -> None:
        if self._out and self._out[0] is message:  # A full queue may have lost it meanwhile.
            self._out.popleft()

    async def _read(self, heard: Heard, on_gap: Gap) -> None:
        last: bytes | None = None
        while True:
            try:
                if last is None:
                    last = await self._newest()
                if not self._is_listening:
                    self._is_listening = True
                    await look(on_gap)
                for number, fields in await self._after(last):
                    last = number
                    await self._hear(heard, on_gap, fields.get(b"d", b""))
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

    async def _hear(self, heard: Heard, on_gap: Gap, data: bytes) -> None:
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
        await (look(on_gap) if message.get("kind") == GAP else tell(heard, message))

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
