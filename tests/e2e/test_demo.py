"""The robot customer of `scripts/run --demo`, and an agent by HTTP: a whole help call, up to its recording."""

import asyncio
import io
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest
from yarl import URL

from server.media.robot import Robot
from tests.e2e.product import Product, running_product


class AgentByHttp:
    """An agent without a browser."""

    def __init__(self, product: Product) -> None:
        self.url = product.url
        jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[URL(self.url)])
        self.http = aiohttp.ClientSession(headers={"Origin": self.url}, cookie_jar=jar)

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self.http.request(method, f"{self.url}/api/v1{path}", json=body) as answer:
            said = await answer.json(content_type=None) if answer.status != 204 else None
            assert answer.status < 400, (method, path, said)
            return said

    async def until(self, look: Callable[[], Awaitable[Any]], limit_s: float = 20.0) -> Any:
        """What `look` finds, as soon as it is something."""
        async with asyncio.timeout(limit_s):
            while not (found := await look()):
                await asyncio.sleep(0.2)
        return found

    async def entry(self, case: str, kind: str, actor: str) -> Any:
        async def look() -> Any:
            entries = (await self.send("GET", f"/cases/{case}/timeline"))["entries"]
            return [entry for entry in entries if entry["kind"] == kind and entry["actor"]["kind"] == actor]

        return (await self.until(look))[0]


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    async with running_product(tmp_path, OASE_RECORD_RESERVE="0") as running:
        yield running


@pytest.fixture
async def agent(product: Product) -> AsyncIterator[AgentByHttp]:
    someone = AgentByHttp(product)
    await someone.send("POST", "/sign-in/link", {"secret": product.link.partition("#")[2]})
    yield someone
    await someone.http.close()


@pytest.fixture
async def robot_customer(product: Product) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await product.demo()
    yield process
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


@pytest.mark.usefixtures("robot_customer")
async def test_robot_customer_goes_through_a_whole_call(agent: AgentByHttp) -> None:
    async def waiting() -> Any:
        cases = (await agent.send("GET", "/desk?state=waiting"))["cases"]
        return [case for case in cases if case["here"]]

    [case] = await agent.until(waiting)
    robot = Robot(slots=(1, 1))
    offer = await robot.offer()
    answer = await agent.send("POST", "/connections", {"sdp": offer.sdp, "sources": offer.sources})
    await robot.accept(answer["sdp"])
    await robot.connected()
    taken = await agent.send("POST", f"/cases/{case['id']}/take", {"connection": answer["connection"]})
    session = taken["session"]["id"]

    async def sees_and_hears() -> bool:
        return len(robot.received) == 2 and all(slot.frames > 24 for slot in robot.received.values())

    await agent.until(sees_and_hears)
    await agent.send(
        "POST", f"/cases/{case['id']}/chat", {"text": "Hello, can you see me?", "client_id": secrets.token_urlsafe(16)}
    )
    assert (await agent.entry(case["id"], "chat", "customer"))["text"].startswith("Thank you")

    await agent.send("POST", f"/sessions/{session}/consent/ask")
    await agent.entry(case["id"], "consent_given", "customer")
    recording = await agent.send("POST", f"/sessions/{session}/recordings")
    await asyncio.sleep(6)
    await agent.send("POST", f"/recordings/{recording['id']}/stop")
    await agent.send("POST", f"/sessions/{session}/end", {"outcome": "solved"})

    async def ready() -> Any:
        view = await agent.send("GET", f"/recordings/{recording['id']}")
        return view if view["state"] == "ready" else None

    done = await agent.until(ready, 60)
    [view] = [file for file in done["files"] if file["kind"] == "view"]
    async with agent.http.get(agent.url + view["url"], headers={"Range": "bytes=0-"}) as reply:
        assert reply.status == 206
        film = await reply.read()
    assert len(film) == view["size_bytes"]
    await robot.close()
    _check_film(film)


def _check_film(film: bytes) -> None:
    """Five seconds of a bright desert and a voice."""
    with av.open(io.BytesIO(film)) as container:
        frames = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert len(frames) > 120
    assert max(frames) > 100
    with av.open(io.BytesIO(film)) as container:
        loud = max(abs(frame.to_ndarray()).max() for frame in container.decode(audio=0))
    assert loud > 0.05


@pytest.fixture
async def robot_broadcast(product: Product) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await product.demo("--broadcast")
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_robots_make_a_broadcast_with_an_audience(
    product: Product, agent: AgentByHttp, robot_broadcast: asyncio.subprocess.Process
) -> None:
    """What is printed leads to a live picture; robots ask, vote, choose and chat; and ended in order, a recording is left."""
    session = await _printed_session(robot_broadcast)

    async def questions() -> Any:
        events = await agent.send("GET", f"/broadcasts/{session}/events?after=0")
        pinned = [one for one in events["questions"] if one["state"] == "pinned" and one["votes"] > 0]
        voted = [one for one in events["polls"] if sum(choice["votes"] for choice in one["choices"]) > 0]
        return pinned and voted and events["lines"]

    async def picture() -> bool:
        async with agent.http.get(f"{product.url}/live/{session}/stream.m3u8") as reply:
            return reply.status == 200 and "#EXT-X-PART:" in await reply.text()

    await agent.until(questions, 60)
    await agent.until(picture, 60)
    view = await agent.send("GET", f"/broadcasts/{session}")
    assert view["state"] == "live"
    assert view["scene"]["banner"]
    public = await agent.send("GET", f"/broadcasts/{session}/public")
    assert "demo data" in public["channel"]["responsible_name"]
    robot_broadcast.terminate()
    assert await asyncio.wait_for(robot_broadcast.wait(), 10) == 0
    assert (await agent.send("GET", f"/broadcasts/{session}"))["state"] == "ended"


async def _printed_session(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(40):
        async for line in process.stdout:
            if found := re.search(r"/watch/([\w-]+)", line.decode()):
                return found[1]
    raise AssertionError("nothing was printed")
