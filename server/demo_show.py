"""The broadcast of `scripts/run --demo --broadcast`: a robot presenter goes live, and robots in the audience ask, vote and chat.

They use the public interfaces alone. Only the presenter's account and the channel come from the database, because nobody else may make them: the
channel is one of its own, whose responsible person is openly invented, so that no real one answers for robots.
"""

import asyncio
import contextlib
import os
import secrets
import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import socketio  # type: ignore[import-untyped]
import structlog

from server.demo_caller import TROUBLE, Caller, Refused
from server.demo_script import SCRIPTS, Script
from server.media.robot import Robot
from server.media.scene import Scenery
from server.tasks import Tasks

if TYPE_CHECKING:
    from server.config import Settings

log = structlog.get_logger(__name__)

EMAIL = "presenter@demo.invalid"
NAME = "Robo Rosa (Demo)"
SHOW_S = 30 * 60.0  # One broadcast; its recording stays, and the next one begins.
PAUSE_S = 20.0
RETRY_S = 3.0
ACT_S = 9.0
"""From one question to the next: long enough to read it."""
FACES = ("clap", "heart", "wow", "laugh")


@dataclass(frozen=True, slots=True)
class Show:
    """Broadcasts, one after the other. `shown`: the address that people are told."""

    settings: "Settings"
    shown: str = ""
    script: Script = field(
        default_factory=lambda: SCRIPTS["de" if os.environ.get("LANG", "").startswith("de") else "en"]
    )

    async def play_forever(self, url: str) -> None:
        """A server that is away is tried again."""
        while True:
            try:
                async with Explainer(url, self.script) as explainer:
                    await explainer.sign_in(await self._make_account())
                    session = await explainer.go_live()
                    _say_where(self.shown or url, session)
                    await explainer.play()
                await asyncio.sleep(PAUSE_S)
            except TROUBLE as error:
                log.info("demo_broadcast_tries_again", error=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _make_account(self) -> str:
        """The presenter's one-time secret."""
        from server.accounts import presenter_of_demo

        link = await presenter_of_demo(self.settings, EMAIL, NAME)
        return link.partition("#")[2]


def _say_where(address: str, session: str) -> None:
    sys.stdout.write(
        f"\n  A robot is live, and robots watch. All of it is demo data.\n\n"
        f"    Watch       {address}/watch/{session}\n"
        f"    Agents      {address}/desk\n"
        f"    Studio      {address}/s/{session}   (signed in as an agent)\n\n"
    )
    sys.stdout.flush()


class Explainer:
    """One broadcast with its audience."""

    def __init__(self, url: str, script: Script) -> None:
        self._url, self._script = url, script
        self._presenter = Caller(url)
        self._robot = Robot(draw=Scenery().draw)
        self._fans: list[Fan] = []
        self._lost = asyncio.Event()
        self._tasks = Tasks("explainer")
        self.session = self._connection = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tasks.close(2.0)
        if self.session:
            with contextlib.suppress(*TROUBLE):
                async with asyncio.timeout(2):
                    await self._presenter.post(self._path("/end"))
        await asyncio.gather(*(fan.hang_up() for fan in self._fans))
        await self._robot.close()
        await self._presenter.hang_up()

    def _path(self, rest: str = "") -> str:
        return f"/broadcasts/{self.session}{rest}"

    async def sign_in(self, secret: str) -> None:
        """As an agent."""
        await self._presenter.post("/sign-in/link", {"secret": secret})
        await self._end_earlier()

    async def _end_earlier(self) -> None:
        """What a killed demo left on the air."""
        for one in (await self._presenter.get("/broadcasts"))["broadcasts"]:
            if one["by"] == NAME and one["state"] != "ended":
                await self._presenter.post(f"/broadcasts/{one['session']}/end")

    async def go_live(self) -> str:
        """Plans it, comes on stage, agrees to be seen, and is seen; the session."""
        topics = (await self._presenter.get("/topics"))["topics"]
        plan = {
            "title": self._script.title,
            "description": self._script.description,
            "language": self._script.language,
            "topic": topics[0]["id"],
            "channel": "demo",
            "client_id": secrets.token_urlsafe(16),
        }
        self.session = (await self._presenter.post("/broadcasts", plan))["session"]
        for event, heard in (("connect", self._hold), ("gone", self._on_gone), ("media", self._on_media)):
            self._presenter.socket.on(event, heard)
        await self._presenter.open_socket({"as": "agent"})
        self._connection = await self._presenter.bring(self._robot, self.session)
        asked = await self._presenter.post(self._path("/consent/ask"))
        answer = {"answer": "given", "wording_version": asked["me"]["wording_version"]}
        await self._presenter.post(self._path("/consent"), answer)
        await self._presenter.post(self._path("/live"))
        return self.session

    async def _hold(self) -> None:
        if self._connection:
            await self._presenter.socket.emit("hold", {"connection": self._connection})

    async def _on_gone(self, gone: dict[str, Any]) -> None:
        if gone.get("connection") == self._connection:
            self._lost.set()

    async def _on_media(self, media: dict[str, Any]) -> None:
        if media.get("state") == "back":
            self._lost.set()

    async def play(self) -> None:
        """Until the time is over, somebody has ended it, or the presenter's picture is lost: then another broadcast is due."""
        self._tasks.start(self._perform(), "perform")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHOW_S):
                await self._lost.wait()

    async def _perform(self) -> None:
        """A poll, questions one after the other, then chat alone."""
        try:
            await self._let_in()
            asked = await self._ask_all()
            await self._poll()
            for number, question in enumerate(asked):
                await self._answer(question, number)
            await self._chat_on()
        except TROUBLE as error:
            log.info("demo_broadcast_stops", error=str(error) or type(error).__name__)
        self._lost.set()

    async def _let_in(self) -> None:
        self._fans = [Fan(self._url, self.session) for _ in self._script.names]
        await asyncio.gather(*(fan.join(name) for fan, name in zip(self._fans, self._script.names, strict=True)))

    async def _ask_all(self) -> list[dict[str, Any]]:
        """Everybody asks something, and the first ones get most votes."""
        asked = []
        for number, (fan, text) in enumerate(zip(self._fans, self._script.questions, strict=True)):
            question = await fan.say("questions", text)
            voters = self._fans[: len(self._fans) - number]
            if question is not None:
                await asyncio.gather(*(one.vote(question["id"]) for one in voters if one is not fan))
                asked.append(question)
        await self._fans[0].say("lines", self._script.lines[0])
        return asked

    async def _poll(self) -> None:
        wish = {
            "text": self._script.poll,
            "choices": list(self._script.choices),
            "client_id": secrets.token_urlsafe(16),
        }
        poll = await self._presenter.post(self._path("/polls"), wish)
        for number, fan in enumerate(self._fans):
            await fan.choose(poll["id"], number * number % len(self._script.choices))

    async def _answer(self, question: dict[str, Any], number: int) -> None:
        """A question is on the picture while it is answered."""
        await self._pin(question, {"text": question["text"], "name": question["name"]})
        await asyncio.sleep(ACT_S / 2)
        await self._chat(number)
        await asyncio.sleep(ACT_S / 2)
        await self._pin(question, None)

    async def _pin(self, question: dict[str, Any], banner: dict[str, str] | None) -> None:
        state = "pinned" if banner else "answered"
        with contextlib.suppress(Refused):  # An agent has rejected it meanwhile.
            await self._presenter.send("PATCH", self._path(f"/questions/{question['id']}"), {"state": state})
        await self._presenter.send("PUT", self._path("/scene"), {"banner": banner})

    async def _chat_on(self) -> None:
        """Until an agent ends the broadcast."""
        number = len(self._script.questions)
        while (await self._presenter.get(self._path()))["state"] != "ended":
            await asyncio.sleep(ACT_S)
            await self._chat(number)
            number += 1

    async def _chat(self, number: int) -> None:
        fan, lines = self._fans[number % len(self._fans)], self._script.lines
        await fan.react(FACES[number % len(FACES)])
        await fan.say("lines", lines[number % len(lines)])


class Fan(Caller):
    """Somebody of the audience who takes part."""

    def __init__(self, url: str, session: str) -> None:
        super().__init__(url)
        self._session, self.path = session, f"/broadcasts/{session}"
        self.socket.on("connect", self._listen)

    async def join(self, name: str) -> None:
        """Says a name, and hears what changes."""
        await self.post(f"{self.path}/members", {"name": name})
        await self.open_socket({"as": "visitor", "audience": True})

    async def _listen(self) -> None:
        await self.socket.emit("audience", {"session": self._session})

    async def say(self, what: str, text: str) -> dict[str, Any] | None:
        """A line, or a question; None when a moderator does not let it."""
        with contextlib.suppress(Refused):
            said: dict[str, Any] = await self.post(
                f"{self.path}/{what}", {"text": text, "client_id": secrets.token_urlsafe(16)}
            )
            return said
        return None

    async def vote(self, question: str) -> None:
        """Wants it answered."""
        with contextlib.suppress(Refused):
            await self.send("PUT", f"{self.path}/questions/{question}/vote", None)

    async def choose(self, poll: str, position: int) -> None:
        """Answers a poll."""
        with contextlib.suppress(Refused):
            await self.send("PUT", f"{self.path}/polls/{poll}/vote", {"position": position})

    async def react(self, face: str) -> None:
        """Shows something without words; nothing while the line is away."""
        with contextlib.suppress(socketio.exceptions.SocketIOError):
            await self.socket.emit("react", {"session": self._session, "reaction": face, "count": 3})
