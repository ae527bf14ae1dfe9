"""Two media workers under one web process, with real packets: one is killed or hangs, and nobody in the other's calls notices."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server.media.client import MediaClient
from server.media.protocol import CONNECTIONS_MAX
from server.tasks import Tasks
from tests.media.wire_peer import WirePeer, vp8
from tests.site import Browser, Line
from tests.web_process import WebProcess

FRAME_S = 0.02


@dataclass
class Side:
    """One person in a call: the page's calls and socket, and the media connection."""

    browser: Browser
    session: str
    line: Line
    peer: WirePeer
    home: int

    async def join(self) -> None:
        """A new connection, as a page makes it."""
        await self.peer.close()
        self.peer = WirePeer(video=1, audio=1)
        offer = self.peer.offer()
        answer = await self.browser.ok(
            "POST", f"/api/v1/sessions/{self.session}/connections", {"sdp": offer.sdp, "sources": offer.sources}
        )
        self.home = answer["home"]
        await self.peer.connect(answer["sdp"], limit_s=10.0)


@dataclass
class Call:
    """A running call: the customer sends pictures, the agent receives them."""

    customer: Side
    agent: Side
    sent: int = 0

    async def send_for_ever(self) -> None:
        while True:
            peer = self.customer.peer
            if peer.is_up:
                peer.send_rtp("0", self.sent, self.sent * 1800, vp8(self.sent % 25 == 0, self.sent, self.sent))
                self.sent += 1
            await asyncio.sleep(FRAME_S)

    def came(self) -> list[int]:
        """Numbers of the pictures that came, in their order."""
        return [packet.seq for packet in self.agent.peer.of("2")]

    async def until_flows(self, more: int = 5, limit_s: float = 10.0) -> None:
        before = len(self.came())
        async with asyncio.timeout(limit_s):
            while len(self.came()) < before + more:
                await asyncio.sleep(0.01)


class Place:
    """The running product with its calls."""

    def __init__(self, process: WebProcess, folder: Path) -> None:
        self.process = process
        self._folder = folder
        self._tasks = Tasks("place")
        self._sides: list[Side] = []
        self._agent: Browser | None = None

    async def call(self) -> Call:
        customer = self.process.browser("visitor")
        await customer.open_case()
        self._agent = self._agent or await self.process.agent()
        waiting = await self._side(customer, customer.session, customer.case)
        await self._agent.ok("POST", f"/api/v1/cases/{customer.case}/take", {})
        made = Call(waiting, await self._side(self._agent, customer.session, customer.case))
        self._tasks.start(made.send_for_ever(), "send")
        await made.until_flows()
        return made

    async def _side(self, browser: Browser, session: str, case: str) -> Side:
        line = await browser.line()
        await line.ask("watch", {"case": case})
        side = Side(browser, session, line, WirePeer(), -1)
        await side.join()
        self._sides.append(side)
        return side

    async def crowd(self, number: int) -> None:
        """So many people wait at this worker that newcomers are sent to another one."""
        name = f"media-{number}.sock" if number else "media.sock"
        async with MediaClient(f"unix:{self._folder / name}") as client:
            for _ in range(CONNECTIONS_MAX // 8):
                await client.connect(WirePeer().offer())
        await self.until_number(f'oase_media_weight{{worker="{number}"}}', 0.11)

    async def until_number(self, series: str, least: float) -> None:
        async with asyncio.timeout(15):
            while await self.number(series) < least:
                await asyncio.sleep(0.2)

    async def number(self, series: str) -> float:
        text = (await self.process.browser().get("/metrics")).body.decode()
        return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(series)), 0.0)

    def pid(self, number: int) -> int:
        note = f"worker-{number}.json" if number else "worker.json"
        return int(json.loads((self._folder / note).read_text())["pid"])

    async def close(self) -> None:
        await self._tasks.close()
        for side in self._sides:
            await side.peer.close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    process = WebProcess(tmp_path, OASE_SUPERVISE="1", OASE_MEDIA_WORKERS="2", OASE_MEDIA_PORT="0")
    made = Place(process, tmp_path)
    try:
        await process.start()
        async with asyncio.timeout(30):
            while (await ready(process))["workers"] != [True, True]:
                await asyncio.sleep(0.05)
        yield made
    finally:
        await made.close()
        await process.close()


async def ready(process: WebProcess) -> dict[str, Any]:
    return dict((await process.browser().get("/readyz")).json)


def media_told(side: Side) -> list[tuple[str, int]]:
    return [(told["state"], told["home"]) for told in side.line.told("media")]


async def come_back(side: Side, home: int) -> None:
    """What a page does: it hears that the worker is back, and connects anew."""
    while ("back", home) not in media_told(side):
        await side.line.until("media", len(side.line.told("media")) + 1)
    await side.join()


async def two_calls(place: Place) -> tuple[Call, Call]:
    """One on each worker."""
    first = await place.call()
    await place.crowd(first.agent.home)
    second = await place.call()
    assert {first.customer.home, first.agent.home} == {0}
    assert {second.customer.home, second.agent.home} == {1}
    return first, second


async def test_killed_worker_takes_no_packet_of_the_others_call(place: Place) -> None:
    ended, other = await two_calls(place)
    pid = place.pid(0)
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    await asyncio.gather(*(come_back(side, 0) for side in (ended.customer, ended.agent)))
    await ended.until_flows()
    assert time.monotonic() - killed < 5.0
    assert place.pid(0) != pid
    await other.until_flows(50)
    numbers = other.came()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert {home for _, home in media_told(other.agent)} == {0}  # The page leaves it alone: its own is another.


async def test_hung_worker_is_replaced_while_the_others_call_goes_on(place: Place) -> None:
    """Test-catalogue R4. What the people of the other call do is answered as always, all the time."""
    hung, other = await two_calls(place)
    pid = place.pid(0)
    os.kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    slowest_s = 0.0
    state = {"microphone": True, "camera": True, "screen": False}
    while place.pid(0) == pid:
        assert time.monotonic() - stopped < 10.0
        began = time.monotonic()
        await other.agent.browser.ok("PUT", f"/api/v1/sessions/{other.agent.session}/state", state)
        slowest_s = max(slowest_s, time.monotonic() - began)
        await asyncio.sleep(0.1)
    assert slowest_s < 1.5
    async with asyncio.timeout(10):
        await asyncio.gather(*(come_back(side, 0) for side in (hung.customer, hung.agent)))
    await hung.until_flows()
    numbers = other.came()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        pytest.fail("the hung worker is still there")


async def test_killed_web_process_adopts_both_workers(place: Place) -> None:
    first, second = await two_calls(place)
    pids = [place.pid(0), place.pid(1)]
    await place.process.kill()
    await place.process.start()
    await place.process.until("/readyz", 10.0)
    for call in (first, second):
        await call.until_flows()
        view = await call.customer.browser.ok("GET", f"/api/v1/cases/{call.customer.browser.case}")
        assert view["session"]["home"] == call.customer.home
    assert [place.pid(0), place.pid(1)] == pids
