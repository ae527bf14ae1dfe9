"""Somebody who uses a running server as a browser does, for the robots of the demo: cookies, HTTP, a socket, and a robot's picture."""

import asyncio
import contextlib
from typing import Any

import aiohttp
import socketio  # type: ignore[import-untyped]
from yarl import URL

from server.media.robot import Robot


class Refused(Exception):
    """The server said no; `code` as in its problem details."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.code = code


TROUBLE = (aiohttp.ClientError, socketio.exceptions.SocketIOError, Refused, TimeoutError, OSError)
"""What a server that is away, starts or refuses looks like from here: it is tried again."""


class Caller:
    """One browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        socket_url = URL(url).with_scheme("wss" if url.startswith("https") else "ws")
        jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[URL(url), socket_url])
        limit = aiohttp.ClientTimeout(total=15)
        self.http = aiohttp.ClientSession(headers={"Origin": url}, cookie_jar=jar, timeout=limit)
        self.socket = socketio.AsyncClient(http_session=self.http, reconnection_delay=1, handle_sigint=False)

    async def open_socket(self, auth: dict[str, Any]) -> None:
        """What is live; comes back by itself."""
        await self.socket.connect(self.url, headers={"Origin": self.url}, transports=["websocket"], auth=auth)

    async def hang_up(self) -> None:
        """Closes everything."""
        with contextlib.suppress(socketio.exceptions.SocketIOError, aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(2):
                await self.socket.shutdown()
        await self.http.close()

    async def bring(self, robot: Robot, session: str) -> str:
        """The robot is seen and heard in the session; its connection's id."""
        offer = await robot.offer()
        answer = await self.post(f"/sessions/{session}/connections", {"sdp": offer.sdp, "sources": offer.sources})
        connection = str(answer["connection"])
        await robot.accept(answer["sdp"])
        await self.socket.call("hold", {"connection": connection}, timeout=10)
        await robot.connected()
        await self.send("PUT", f"/sessions/{session}/state", {"microphone": True, "camera": True, "screen": False})
        return connection

    async def get(self, path: str) -> Any:
        """What stands there now."""
        return await self.send("GET", path, None)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Does something."""
        return await self.send("POST", path, body)

    async def send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """The parsed answer. Raises Refused."""
        async with self.http.request(method, f"{self.url}/api/v1{path}", json=body) as response:
            if response.status == 204:
                return None
            said = await response.json(content_type=None)
            if response.status >= 400:
                raise Refused(response.status, str(said.get("code")))
            return said
