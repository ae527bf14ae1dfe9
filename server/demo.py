"""A robot customer for `scripts/run --demo`: it opens a case, waits with picture and voice, answers chat, agrees to be recorded, and comes again.

It is an ordinary customer: it uses the public interfaces alone, so it also shows a reader how to use them.
"""

import asyncio
import contextlib
import random
import secrets
import signal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import structlog

from server.demo_caller import TROUBLE, Caller, Refused
from server.media.robot import Robot
from server.tasks import Tasks

if TYPE_CHECKING:
    from server.demo_show import Show

log = structlog.get_logger(__name__)

PAUSE_S = 20.0  # Between one case and the next.
RETRY_S = 3.0
THINK_S = 1.2
NAMES = ("Robo Rosa", "Robo Rami", "Robo Lotte", "Robo Emre")
SUMMARIES = {
    "de": (
        "Die Lampe blinkt dreimal, dann ist Ruhe.",
        "Ich möchte nur sehen, ob mich jemand sieht.",
        "Die Uhr im Bild geht, der Rest nicht.",
    ),
    "en": (
        "The lamp blinks three times, then nothing.",
        "I only want to see whether somebody sees me.",
        "The clock runs, the rest does not.",
    ),
}
REPLIES = {
    "de": (
        "Danke, das probiere ich gleich.",
        "Hm, bei mir blinkt es immer noch.",
        "Können Sie meine Oase sehen?",
        "Ja! So geht es.",
        "Sie sind sehr freundlich.",
    ),
    "en": (
        "Thank you, I will try that now.",
        "Hm, it is still blinking.",
        "Can you see my oasis?",
        "Yes! That works.",
        "You are very kind.",
    ),
}
ENGLISH = frozenset(
    [
        "the",
        "you",
        "your",
        "is",
        "are",
        "can",
        "could",
        "please",
        "hello",
        "hi",
        "what",
        "how",
        "do",
        "does",
        "have",
        "try",
    ]
)


def main(url: str, show: "Show | None" = None) -> None:
    """Plays until it is told to end (SIGTERM, SIGINT); with `show` a broadcast too."""
    asyncio.run(_play_until_told(url.rstrip("/"), show))


async def _play_until_told(url: str, show: "Show | None") -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = Tasks("demo")
    tasks.start(play_forever(url), "play")
    if show is not None:
        tasks.start(show.play_forever(url), "broadcast")
    await stop.wait()
    await tasks.close(3.0)


async def play_forever(url: str, pause_s: float = PAUSE_S) -> None:
    """One case after the other. A server that is away is tried again."""
    while True:
        try:
            async with Visit(url) as visit:
                await visit.play()
            await asyncio.sleep(pause_s)
        except TROUBLE as error:
            log.info("demo_tries_again", error=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY_S)


class Visit(Caller):
    """One case, from opening it to its end."""

    def __init__(self, url: str, language: str | None = None) -> None:
        super().__init__(url)
        self.language = language or random.choice(("de", "en"))  # noqa: S311  Not a secret.
        self._tasks = Tasks("visit")
        self._robot: Robot | None = None
        self._over = asyncio.Event()
        self._renew = asyncio.Event()
        self._seq = 0
        self._said = 0
        self.case = self.session = self.connection = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.case and not self._over.is_set():
            with contextlib.suppress(aiohttp.ClientError, Refused, TimeoutError, OSError):
                async with asyncio.timeout(1):
                    await self.post(f"/cases/{self.case}/withdraw", {})
        await self._tasks.close()
        if self._robot is not None:
            await self._robot.close()
        await self.hang_up()

    async def play(self) -> None:
        """Returns when the case is over."""
        await self._open()
        self._listen()
        await self.open_socket({"as": "visitor"})
        self._tasks.start(self._stay_connected(), "stay connected")
        await self._over.wait()

    async def _open(self) -> None:
        topics = (await self.get("/topics"))["topics"]
        topic = random.choice(topics)  # noqa: S311
        summary = random.choice(SUMMARIES[self.language])  # noqa: S311
        name, client_id = random.choice(NAMES), secrets.token_urlsafe(16)  # noqa: S311
        body = {
            "topic": topic["id"],
            "summary": summary,
            "name": name,
            "language": self.language,
            "client_id": client_id,
        }
        opened = await self.post("/cases", body)
        self.case, self.session = opened["case"], opened["session"]
        log.info("demo_waits", case=opened["number"], name=name)

    # The socket: what is live.

    def _listen(self) -> None:
        for event, heard in (("connect", self._on_connect), ("entry", self._on_entry), ("consent", self._on_consent)):
            self.socket.on(event, heard)
        self.socket.on("case", self._look)
        self.socket.on("session_ended", self._look)
        self.socket.on("gone", self._on_gone)
        self.socket.on("media", self._on_media)

    async def _on_connect(self) -> None:
        self._tasks.start(self._follow(), "follow")

    async def _follow(self) -> None:
        await self.socket.call("watch", {"case": self.case, "after": self._seq}, timeout=10)
        if self.connection:
            await self.socket.call("hold", {"connection": self.connection}, timeout=10)
        await self._look()

    async def _on_entry(self, entry: dict[str, Any]) -> None:
        is_new = entry["seq"] > self._seq
        self._seq = max(self._seq, entry["seq"])
        if is_new and entry["kind"] == "chat" and entry["actor"]["kind"] == "agent":
            self._tasks.start(self._answer(entry["text"]), "answer")

    async def _answer(self, text: str) -> None:
        await asyncio.sleep(THINK_S)
        language = "en" if ENGLISH & set(text.lower().replace("?", " ").replace(",", " ").split()) else "de"
        reply = REPLIES[language][self._said % len(REPLIES[language])]
        self._said += 1
        await self.post(f"/cases/{self.case}/chat", {"text": reply, "client_id": secrets.token_urlsafe(16)})

    async def _on_consent(self, asked: dict[str, Any]) -> None:
        self._tasks.start(self._agree(asked["session"], asked["wording_version"]), "agree")

    async def _agree(self, session: str, version: str) -> None:
        await asyncio.sleep(THINK_S)
        await self.post(f"/sessions/{session}/consent", {"answer": "given", "wording_version": version})

    async def _on_gone(self, gone: dict[str, Any]) -> None:
        if gone.get("connection") == self.connection:
            self._renew.set()

    async def _on_media(self, media: dict[str, Any]) -> None:
        if media.get("state") == "back":
            self._renew.set()

    async def _look(self, _: object = None) -> None:
        """Looks where the case stands; over is what neither waits nor is taken."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            case = await self.get(f"/cases/{self.case}")
            if case["state"] not in ("waiting", "taken"):
                self._over.set()

    # The media connection.

    async def _stay_connected(self) -> None:
        while not self._over.is_set():
            self._renew.clear()
            try:
                await self._connect()
            except (aiohttp.ClientError, Refused, TimeoutError) as error:
                log.info("demo_connects_again", error=str(error) or type(error).__name__)
                await self._look()
                await asyncio.sleep(RETRY_S)
                continue
            await self._renew.wait()
            await self._look()

    async def _connect(self) -> None:
        if self._robot is not None:
            await self._robot.close()
        self._robot = Robot()
        self.connection = await self.bring(self._robot, self.session)
