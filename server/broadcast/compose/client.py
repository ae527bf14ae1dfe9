"""The web process' end of a composer's control socket."""

from typing import Any, Self

import aiohttp

from server.broadcast.compose.scene import ComposerHealth, Scene
from server.errors import ComposerAway
from server.media.wire import dump, parse

ANSWER_LIMIT_S = 12.0
"""Longer than a composer takes to write its last part."""


class ComposerClient:
    """Talks to one composer. Every method raises ComposerAway when it does not answer, or says that it has failed."""

    def __init__(self, control: str) -> None:
        """`control` is `unix:/path/of/socket`, as it was given to the composer."""
        self._path = control.removeprefix("unix:")
        self._http: aiohttp.ClientSession | None = None

    async def play(self, scene: Scene) -> None:
        """When this returns, nobody who is not in `scene.agreed` is seen or heard any more. The first scene begins the stream."""
        await self._send("PUT", "/scene", dump(scene))

    async def health(self) -> ComposerHealth:
        """How it goes."""
        return parse(ComposerHealth, await self._send("GET", "/health"))

    async def end(self) -> None:
        """When this returns, the stream is finished and on the disk; the composer's process ends."""
        await self._send("DELETE", "/")

    async def _send(self, method: str, path: str, body: Any = None) -> bytes:
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            async with self._session().request(method, f"http://composer{path}", data=body, headers=headers) as reply:
                text = await reply.read()
                if reply.status >= 400:
                    raise ComposerAway(status=reply.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise ComposerAway(reason=type(exc).__name__) from exc
        return text

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None or self._http.closed:
            timeout = aiohttp.ClientTimeout(total=ANSWER_LIMIT_S, sock_connect=2.0)
            self._http = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=self._path), timeout=timeout)
        return self._http

    async def close(self) -> None:
        """Ends all requests."""
        if self._http is not None:
            await self._http.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
