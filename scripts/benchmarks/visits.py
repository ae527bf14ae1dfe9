"""People of a long session, without browsers: each has cookies, opens a page, connects, sends, and goes in one of the ways people go."""

import asyncio
import contextlib
import itertools
import json
from typing import Any

import aiohttp
from clip import Clip
from peer import Certificate, Peer
from publisher import Publisher

from server.tasks import Tasks
from tests.site import Browser, client_id

SOURCES = {"0": "camera", "1": "microphone", "2": "screen"}
CONNECT_LIMIT_S = 30.0
ASK_LIMIT_S = 15.0
SILENT_S = 45.0
"""So long nothing of a vanished page is closed: its network is away, not its system."""


class Socket:
    """A page's socket, speaking Engine.IO by hand: cheap, and able to fall silent."""

    def __init__(self) -> None:
        self._ws: aiohttp.ClientWebSocketResponse
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tasks = Tasks("socket")

    async def open(self, browser: Browser) -> None:
        headers = {"Origin": browser.url, "Cookie": browser.cookies()}
        self._ws = await browser.http.ws_connect("/socket.io/?EIO=4&transport=websocket", headers=headers)
        await self._ws.receive()
        await self._ws.send_str("40" + json.dumps({"as": browser.wish}))
        said = await self._ws.receive()
        if not str(said.data).startswith("40"):
            raise RuntimeError(f"the socket was refused: {said.data}")
        self._tasks.start(self._listen(), "listen")

    async def _listen(self) -> None:
        async for message in self._ws:
            text = str(message.data)
            if text == "2":
                await self._ws.send_str("3")
            elif text.startswith("43"):
                number, _, body = text[2:].partition("[")
                self._answers.pop(int(number)).set_result(json.loads("[" + body)[0])

    async def ask(self, event: str, body: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgement. Raises RuntimeError when it is a refusal."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._ws.send_str(f"42{number}" + json.dumps([event, body]))
        async with asyncio.timeout(ASK_LIMIT_S):
            said = await answer
        if not said["ok"]:
            raise RuntimeError(f"{event}: {said}")
        return dict(said)

    async def fall_silent(self) -> None:
        """Reads and answers no more, but stays open."""
        await self._tasks.close()

    async def close(self) -> None:
        await self._tasks.close()
        await self._ws.close()


class Page:
    """One load of the session's page by one person, from its first request to its end."""

    def __init__(self, person: "Person") -> None:
        self._person, self._browser = person, person.browser
        self._socket = Socket()
        self._peer = Peer("127.0.0.1", person.certificate)
        self._tasks = Tasks("page")
        self.connection = ""

    async def open(self, way: str = "connections") -> None:
        """Follows the case, connects, holds the connection; `way` is `prepared` for who comes in later."""
        await self._socket.open(self._browser)
        seen = await self._socket.ask("watch", {"case": self._browser.case, "after": self._person.last_seen})
        self._person.last_seen = seen["seq"]
        await self._peer.connect(await self._offer(way), CONNECT_LIMIT_S)
        await self._socket.ask("hold", {"connection": self.connection})
        self._tasks.start(Publisher(self._peer, self._person.clip).run(), "publish")

    async def _offer(self, way: str) -> str:
        body = {"sdp": self._peer.browser_offer(), "sources": SOURCES}
        answer = await self._browser.ok("POST", f"/api/v1/sessions/{self._browser.session}/{way}", body)
        self.connection = answer["connection"]
        return str(answer["sdp"])

    async def give_up(self) -> None:
        """A person who goes after the answer, before the first packet."""
        await self._socket.open(self._browser)
        await self._offer("connections")
        await self._socket.close()
        self._peer.socket.close()

    async def close(self) -> None:
        """The tab is closed: the browser says goodbye on both ways."""
        await self._tasks.close()
        self._peer.close()
        await self._socket.close()

    async def vanish(self) -> None:
        """Nothing more comes from it; its system closes the sockets after a while."""
        await self._tasks.close()
        await self._socket.fall_silent()
        try:
            await asyncio.sleep(SILENT_S)
        finally:
            self._peer.socket.close()
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.close()


class Person:
    """Somebody who may come into a session; `last_seen` is the number of the last line of the timeline that they have."""

    def __init__(self, browser: Browser, clip: Clip, certificate: Certificate) -> None:
        self.browser, self.clip, self.certificate = browser, clip, certificate
        self.last_seen = 0

    async def come(self, way: str = "connections") -> Page:
        """A new page, connected and sending."""
        page = Page(self)
        try:
            await page.open(way)
        except BaseException:
            await page.close()
            raise
        return page

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.browser.ok("POST", f"/api/v1/{path}", body)

    async def in_session(self, path: str, body: Any = None) -> Any:
        return await self.post(f"sessions/{self.browser.session}/{path}", body)

    async def say(self, text: str) -> None:
        await self.post(f"cases/{self.browser.case}/chat", {"text": text, "client_id": client_id()})

    async def switch(self, camera: bool) -> None:
        state = {"microphone": True, "camera": camera, "screen": False}
        await self.browser.ok("PUT", f"/api/v1/sessions/{self.browser.session}/state", state)
