"""A real broadcast as those see it who run it: by the API of a server that runs, with robots for faces."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.config import Settings
from server.domain.words import SessionId
from server.media.robot import Draw, Robot
from server.media.scene import Scenery
from server.service.airing import control_of
from tests.site import Browser, client_id

LIMIT_S = 60.0  # Of a machine that does much else; each of these takes a second or two alone.


async def until(ask: Callable[[], Awaitable[Any]], limit_s: float = LIMIT_S) -> Any:
    """What `ask` answers once it answers something."""
    async with asyncio.timeout(limit_s):
        while not (found := await ask()):
            await asyncio.sleep(0.05)
    return found


@dataclass
class Studio:
    """A broadcast, and the agent who runs it. `data`: the server's data folder. `recording` is known once it is live."""

    data: Path
    ann: Browser
    session: str
    recording: str = ""

    @property
    def at(self) -> str:
        return f"/api/v1/broadcasts/{self.session}"

    async def do(self, step: str) -> Any:
        return await self.ann.ok("POST", f"{self.at}/{step}")

    async def set(self, scene: dict[str, Any]) -> None:
        await self.ann.ok("PUT", f"{self.at}/scene", scene)

    async def comes(self, agent: Browser, draw: Draw | None = None) -> Robot:
        """An agent with a robot for a face comes on stage."""
        robot = Robot(slots=(1, 1), codec="H264", draw=draw or Scenery().draw)
        offer = await robot.offer()
        body = {"sdp": offer.sdp, "sources": offer.sources}
        answer = await agent.ok("POST", f"/api/v1/sessions/{self.session}/connections", body)
        await robot.accept(answer["sdp"])
        await robot.connected(LIMIT_S)
        return robot

    async def agrees(self, agent: Browser) -> None:
        """To be seen by the audience, once the question is there."""
        asked = await until(lambda: self._question(agent))
        await agent.ok("POST", f"{self.at}/consent", {"answer": "given", "wording_version": asked["wording_version"]})

    async def _question(self, agent: Browser) -> Any:
        return (await agent.ok("GET", self.at))["me"]

    async def goes(self, agent: Browser, robot: Robot) -> None:
        await agent.ok("POST", f"/api/v1/sessions/{self.session}/leave")
        await robot.close()

    async def goes_live(self) -> None:
        """Once there is something to see."""
        await until(lambda: is_there(self.ann, f"/live/{self.session}/index.m3u8"))
        self.recording = (await self.do("live"))["recording"]

    def composer(self) -> int | None:
        """The composer's process, by its note; None when there is none that runs."""
        control = control_of(Settings(data=self.data), SessionId(self.session))
        note = Path(control.removeprefix("unix:")).with_suffix(".json")
        try:
            pid = int(json.loads(note.read_text())["worker"]["pid"])
            os.kill(pid, 0)
        except (OSError, ValueError):
            return None
        return pid


async def plans(data: Path, ann: Browser) -> Studio:
    """A planned broadcast."""
    wish = {"title": "Meters", "topic": "strom", "client_id": client_id()}
    return Studio(data, ann, (await ann.ok("POST", "/api/v1/broadcasts", wish))["session"])


async def name_who_is_responsible(ann: Browser) -> None:
    """Nothing goes public without."""
    channel = (await ann.ok("GET", "/api/v1/channels"))["channels"][0]["channel"]["id"]
    named = {"responsible_name": "Rita", "imprint_url": "https://example.org/imprint"}
    await ann.ok("PATCH", f"/api/v1/channels/{channel}", named)


async def is_there(browser: Browser, path: str) -> bool:
    return (await browser.get(path)).status == 200
