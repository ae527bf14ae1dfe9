"""A web process with a real media worker, a session that runs in it, and the machines that send to it and watch it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from server.tasks import Tasks
from tests.media.rig import Rig, open_rig
from tests.site import Browser, Reply, Site, running_site, settings_for

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"


@dataclass
class Studio:
    """`ann` is the agent of the running session `session`; `bo` its customer."""

    site: Site
    rig: Rig
    ann: Browser
    bo: Browser

    @property
    def session(self) -> str:
        return self.bo.session

    def whip(self, session: str = "") -> str:
        return f"{self.site.url}/whip/{session or self.session}"

    async def key(self, things: str = "sources", name: str = "Camera 2") -> Any:
        """A new key, as the agent sees it this once."""
        return await self.ann.ok("POST", f"/api/v1/sessions/{self.session}/{things}", {"name": name})

    async def people(self) -> dict[str, Any]:
        """Who is in the session, by name, as the agent's page shows it."""
        case = await self.ann.ok("GET", f"/api/v1/cases/{self.bo.case}")
        return {one["name"]: one for one in case["session"]["participants"]}

    async def until(self, condition: Any, limit_s: float = 20.0) -> Any:
        """Waits until `condition` (a function that gives an awaitable) gives something true; that."""
        async with asyncio.timeout(limit_s):
            while not (found := await condition()):
                await asyncio.sleep(0.05)
        return found


@contextlib.asynccontextmanager
async def open_studio(folder: Path, host: str = "127.0.0.1", **more: Any) -> AsyncIterator[Studio]:
    """`host` is where media go; `more` are settings."""
    async with open_rig(folder / "media", host=host) as rig:
        settings = settings_for(folder, media_url=f"unix:{folder / 'media' / 'control.sock'}", **more)
        async with running_site(settings) as site:
            bo, ann = await site.customer(), await site.agent()
            await ann.ok("POST", f"/api/v1/cases/{bo.case}/take", {})
            yield Studio(site, rig, ann, bo)


class Machine:
    """A program without cookies and without an origin."""

    def __init__(self, site: Site, key: str = "") -> None:
        self.key = key
        self.url = site.url
        self.browser = site.browser()

    async def call(self, method: str, path: str, body: str = "", kind: str = SDP, **headers: str) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        if kind:
            sent["Content-Type"] = kind
        options: dict[str, Any] = {"data": body.encode()} if body else {}
        async with self.browser.http.request(method, path, headers=sent, **options) as answer:
            data = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "") and data
            return Reply(answer.status, answer.headers, data, await answer.json(content_type=None) if is_json else None)


@dataclass
class Watcher:
    """A player: one picture and one sound, both only received and really decoded."""

    frames: int = 0
    sounds: int = 0
    size: tuple[int, int] = (0, 0)
    resource: str = ""
    etag: str = ""
    _peer: RTCPeerConnection = field(default_factory=RTCPeerConnection)
    _tasks: Tasks = field(default_factory=lambda: Tasks("watcher"))

    async def offer(self) -> str:
        for kind in ("video", "audio"):
            self._peer.addTransceiver(kind, direction="recvonly")
        self._peer.on("track", lambda track: self._tasks.start(self._take(track), track.kind))
        await self._peer.setLocalDescription(await self._peer.createOffer())
        return self._peer.localDescription.sdp

    async def watch(self, url: str, key: str) -> "Watcher":
        sdp = await self.offer()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": SDP}
        async with aiohttp.ClientSession() as http, http.post(url, data=sdp, headers=headers) as reply:
            text = await reply.text()
            assert reply.status == 201, text
            self.resource, self.etag = reply.headers["Location"], reply.headers["ETag"]
        await self.accept(text)
        return self

    async def accept(self, sdp: str) -> None:
        """The server's answer."""
        await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def _take(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if track.kind == "video":
                    self.frames, self.size = self.frames + 1, (frame.width, frame.height)
                else:
                    self.sounds += 1

    @property
    def state(self) -> str:
        return str(self._peer.connectionState)

    async def close(self) -> None:
        await self._tasks.close()
        await self._peer.close()
