"""How a peer reaches each subject: our worker's control interface, Janus' HTTP API, and the small server around aiortc's MediaRelay."""

import asyncio
import itertools
import secrets
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol

import aiohttp
from peer import Peer

from server.media.client import MediaClient
from server.media.protocol import Offer, Seat

ROOM = 4711


class Signaling(Protocol):
    """One subject, seen by a peer."""

    async def publish(self, peer: Peer) -> None:
        """Connects `peer` as the one who sends."""

    async def subscribe(self, peer: Peer, number: int) -> str:
        """Connects `peer` as receiver `number` of what is published; the server's description."""


def signaling_of(task: dict[str, Any]) -> AbstractAsyncContextManager[Signaling]:
    """The signaling that `task` names: {"subject": "ours" | "janus" | "stock", "address": where its control interface is}."""
    kinds: dict[str, type[Ours] | type[Janus] | type[Stock]] = {"ours": Ours, "janus": Janus, "stock": Stock}
    return kinds[task["subject"]](task["address"])


class Ours:
    """Oase's media worker, through the client that the web process uses. `returns`: receivers say that they were there before."""

    def __init__(self, control: str) -> None:
        self.returns = False
        self._client = MediaClient(control)

    async def __aenter__(self) -> "Ours":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def publish(self, peer: Peer) -> None:
        await self._join(peer, "publisher", Offer(peer.offer(sends=True), {"0": "camera", "1": "microphone"}))

    async def subscribe(self, peer: Peer, number: int) -> str:
        return await self._join(peer, f"viewer-{number}", Offer(peer.offer(sends=False), {}, returns=self.returns))

    async def _join(self, peer: Peer, name: str, offer: Offer) -> str:
        answer = await self._client.connect(offer)
        await self._client.seat("bench", name, Seat(answer.connection, on_stage=True, state={}))
        await peer.connect(answer.sdp)
        return answer.sdp


class _Http:
    """A JSON client for one HTTP address."""

    def __init__(self, address: str) -> None:
        self._base = address
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Any:
        timeout = aiohttp.ClientTimeout(total=60)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._session.post(self._base + path, json=body) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"POST {path}: {answer.status} {await answer.text()}")
            return dict(await answer.json())


class Stock(_Http):
    """The server of stock.py: one offer, one answer."""

    async def publish(self, peer: Peer) -> None:
        await peer.connect((await self._call("/publish", {"sdp": peer.offer(sends=True)}))["sdp"])

    async def subscribe(self, peer: Peer, number: int) -> str:
        answer = await self._call("/view", {"sdp": peer.offer(sends=False)})
        await peer.connect(answer["sdp"])
        return str(answer["sdp"])


class Janus(_Http):
    """Janus' videoroom through its HTTP API: one Janus session for all peers of this process, one handle for each."""

    async def __aenter__(self) -> "Janus":
        await super().__aenter__()
        self._id = (await self._ask("/janus", janus="create"))["data"]["id"]
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._poller = asyncio.create_task(self._poll())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._poller.cancel()
        with suppress(asyncio.CancelledError, aiohttp.ClientError):
            await self._poller
        await super().__aexit__()

    async def publish(self, peer: Peer) -> None:
        handle = await self._attach()
        room = {"request": "create", "room": ROOM, "publishers": 2, "bitrate": 4_000_000}
        await self._ask(f"/janus/{self._id}/{handle}", janus="message", body={**room, "videocodec": "vp8"})
        await self._message(handle, {"request": "join", "ptype": "publisher", "room": ROOM, "id": 1})
        offer = {"type": "offer", "sdp": peer.offer(sends=True)}
        answer = await self._message(handle, {"request": "publish"}, offer)
        await peer.connect(answer["jsep"]["sdp"])

    async def subscribe(self, peer: Peer, number: int) -> str:
        handle = await self._attach()
        join = {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": 1}]}
        offer = (await self._message(handle, join))["jsep"]["sdp"]
        await self._message(handle, {"request": "start"}, {"type": "answer", "sdp": peer.answer(offer)})
        await peer.connect(offer)
        return str(offer)

    async def _attach(self) -> int:
        answer = await self._ask(f"/janus/{self._id}", janus="attach", plugin="janus.plugin.videoroom")
        return int(answer["data"]["id"])

    async def _message(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        """Sends a message to the plugin and waits for the event that answers it."""
        transaction = secrets.token_hex(8)
        event = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = event
        extra = {"jsep": jsep} if jsep else {}
        await self._ask(f"/janus/{self._id}/{handle}", transaction, janus="message", body=body, **extra)
        async with asyncio.timeout(15):
            return dict(await event)

    async def _ask(self, path: str, transaction: str = "", **body: Any) -> dict[str, Any]:
        answer = await self._call(path, {"transaction": transaction or secrets.token_hex(8), **body})
        if answer.get("janus") == "error":
            raise RuntimeError(f"Janus: {answer['error']}")
        return answer

    async def _poll(self) -> None:
        for _ in itertools.count():
            async with self._session.get(f"{self._base}/janus/{self._id}?maxev=20") as answer:
                events = await answer.json()
            for event in events if isinstance(events, list) else [events]:
                waiter = self._waiting.pop(event.get("transaction", ""), None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(event)
