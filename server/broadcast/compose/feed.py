"""The worker's packets, as long as there is a worker: reads them, and says whose it may send. On the event loop."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable

import structlog
from aiohttp import ClientWebSocketResponse, WSMsgType

from server.broadcast.compose.outgoing import Outgoing
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
WAITING_BYTES = 500_000
"""More than a second of the programme."""
WISHES_MAX = 100
"""Of key frames that wait to be sent; the oldest are dropped."""


class Feed:
    """One session of one worker. The owner runs `run` as a task; it never ends by itself.

    `outgoing` takes the programme for those who watch by WHEP, as what lies in the folder `stream`. At most WAITING_BYTES of it wait; a worker that
    reads slower than that gets nothing until the next key frame.
    """

    def __init__(
        self, media: MediaClient, session: str, stream: str, on_loop: Callable[[Callable[[], None]], None]
    ) -> None:
        self._media, self._session, self._stream = media, session, stream
        self.outgoing = Outgoing(self._hand_on, on_loop)
        self._made: deque[bytes] = deque()
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

    def _hand_on(self, message: bytes) -> None:
        if not self.is_connected:
            return
        if sum(map(len, self._made)) > WAITING_BYTES:
            self._made.clear()
            self.outgoing.ask_key()
        self._made.append(message)
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
            self.outgoing.want(False)
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
                    self._hear(parse(Event, message.data), stage)
        finally:
            await tasks.close()

    def _hear(self, fact: Event, stage: Stage) -> None:
        if fact.kind == "wanted":
            self.outgoing.want(bool(fact.data["programme"]))
        elif fact.kind == "refresh":
            self.outgoing.ask_key()
        else:
            stage.hear(fact, time.monotonic())

    async def _wish(self, ws: ClientWebSocketResponse) -> None:
        said: frozenset[str] | None = None
        shown: Tiles | None = None
        self._wishes.clear()
        self._made.clear()
        self._wake.set()
        with contextlib.suppress(ConnectionError):
            await ws.send_str(dump(Event("programme", {"stream": self._stream})).decode())
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
                while self._made:
                    await ws.send_bytes(self._made.popleft())


def _listed(tiles: Tiles) -> list[dict[str, str | int]]:
    return [
        {"participant": participant, "source": source.value, "width": width, "height": height}
        for (participant, source), (width, height) in tiles.items()
    ]


async def _tick(stage: Stage) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        stage.tick(time.monotonic())
