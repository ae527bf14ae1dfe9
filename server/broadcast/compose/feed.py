"""The worker's packets, as long as there is a worker: reads them, and says whose it may send. On the event loop."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable

import structlog
from aiohttp import ClientWebSocketResponse, WSMsgType

from server.broadcast.compose.stage import Stage, Tiles
from server.errors import BadField, MediaAway
from server.media.client import MediaClient
from server.media.protocol import Event
from server.media.tap import Source
from server.media.wire import dump, parse
from server.tasks import Tasks

log = structlog.get_logger(__name__)

AGAIN_S = 0.15
TICK_S = 0.1
WISHES_MAX = 100
"""Of key frames that wait to be sent; the oldest are dropped."""


class Feed:
    """One session of one worker. The owner runs `run` as a task; it never ends by itself."""

    def __init__(self, media: MediaClient, session: str) -> None:
        self._media, self._session = media, session
        self._agreed: frozenset[str] = frozenset()
        self._tiles: Tiles = {}
        self._wishes: deque[Event] = deque(maxlen=WISHES_MAX)
        self._wake = asyncio.Event()
        self.is_connected = False

    def agree(self, participants: Iterable[str]) -> None:
        """The worker is to send packets of exactly these people."""
        self._agreed = frozenset(participants)
        self._wake.set()

    def show(self, tiles: Tiles) -> None:
        """How large pictures are shown: the worker is to send no larger layers of them."""
        self._tiles = tiles
        self._wake.set()

    def ask_key(self, participant: str, source: Source) -> None:
        """A key frame is needed."""
        self._wishes.append(Event("key_frame", {"participant": participant, "source": source.value}))
        self._wake.set()

    async def run(self, stage: Stage) -> None:
        """Fills the stage; while the worker is away it is empty."""
        while True:
            try:
                async with self._media.packets(self._session) as ws:
                    self.is_connected = True
                    await self._read_and_wish(ws, stage)
            except MediaAway as away:
                log.debug("feed_away", reason=away.facts.get("reason"))
            except (BadField, KeyError, TypeError, ValueError) as error:
                log.warning("feed_unreadable", reason=type(error).__name__)
            self.is_connected = False
            stage.empty()
            await asyncio.sleep(AGAIN_S)

    async def _read_and_wish(self, ws: ClientWebSocketResponse, stage: Stage) -> None:
        tasks = Tasks("feed")
        tasks.start(self._wish(ws), "wish")
        tasks.start(_tick(stage), "tick")
        try:
            async for message in ws:
                if message.type is WSMsgType.BINARY:
                    stage.packets(message.data)
                elif message.type is WSMsgType.TEXT:
                    stage.hear(parse(Event, message.data), time.monotonic())
        finally:
            await tasks.close()

    async def _wish(self, ws: ClientWebSocketResponse) -> None:
        said: frozenset[str] | None = None
        shown: Tiles | None = None
        self._wishes.clear()
        self._wake.set()
        with contextlib.suppress(ConnectionError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                if shown != self._tiles:
                    shown = self._tiles
                    await ws.send_str(dump(Event("tiles", {"tiles": _listed(shown)})).decode())
                if said != self._agreed:
                    said = self._agreed
                    await ws.send_str(dump(Event("agreed", {"participants": sorted(said)})).decode())
                while self._wishes:
                    await ws.send_str(dump(self._wishes.popleft()).decode())


def _listed(tiles: Tiles) -> list[dict[str, str | int]]:
    return [
        {"participant": participant, "source": source.value, "width": width, "height": height}
        for (participant, source), (width, height) in tiles.items()
    ]


async def _tick(stage: Stage) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        stage.tick(time.monotonic())
