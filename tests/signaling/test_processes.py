"""Several web processes, and bad days: Redis away, a process killed, a process told to end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.config import Settings
from server.service.house import House
from server.service.topics import EXAMPLES
from server.store.database import Database
from tests.audience import join, open_broadcast
from tests.desk import Heard
from tests.servers import Redis
from tests.site import Browser, Line, client_id
from tests.web_process import WebProcess, move


@pytest.fixture
async def two(tmp_path: Path, postgres_url: str, redis_server: Redis) -> AsyncIterator[tuple[WebProcess, WebProcess]]:
    """Two web processes on PostgreSQL and Redis."""
    more = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_server.url}
    made = [WebProcess(tmp_path, **more), WebProcess(tmp_path, **more)]
    try:
        for process in made:
            await process.start()
        yield made[0], made[1]
    finally:
        for process in made:
            await process.close()


async def test_two_that_start_at_once_on_an_empty_database_make_one_account(
    tmp_path: Path, postgres_url: str, redis_server: Redis
) -> None:
    more = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_server.url}
    made = [WebProcess(tmp_path, **more), WebProcess(tmp_path, **more)]
    try:
        await asyncio.gather(*(process.start() for process in made))
        links = [await process.first_link() for process in made]
        browser = made[0].browser("agent")
        answers = [await browser.post("/api/v1/sign-in/link", {"secret": link}) for link in links]
        assert sorted(answer.status for answer in answers) == [200, 401]
        assert len((await browser.ok("GET", "/api/v1/admin/agents"))["agents"]) == 1
        assert len((await browser.ok("GET", "/api/v1/topics"))["topics"]) == len(EXAMPLES)
    finally:
        for process in made:
            await process.close()


async def agent_at(two: tuple[WebProcess, WebProcess]) -> Browser:
    """The first agent, at the first process. The link of the one that started last counts."""
    return move(await two[1].agent(), two[0])


async def say(browser: Browser, case: str, text: str) -> Any:
    return await browser.ok("POST", f"/api/v1/cases/{case}/chat", {"text": text, "client_id": client_id()})


def numbers(line: Line) -> list[int]:
    return [entry["seq"] for entry in line.told("entry")]


async def customer_at(process: WebProcess) -> Browser:
    customer = process.browser("visitor")
    await customer.open_case()
    return customer


async def test_what_happens_at_one_process_is_heard_at_the_other(two: tuple[WebProcess, WebProcess]) -> None:
    _, there = two
    agent, customer = await agent_at(two), await customer_at(there)
    desk, line = await agent.line(), await customer.line()
    await desk.ask("watch_desk", {})
    await desk.ask("watch", {"case": customer.case})
    await line.ask("watch", {"case": customer.case})
    await say(customer, customer.case, "from there")
    await say(agent, customer.case, "from here")
    await agent.ok("POST", f"/api/v1/cases/{customer.case}/take", {})
    assert (await line.until("case"))[0]["state"] == "taken"
    await line.until("entry", 4)
    await desk.until("entry", 4)
    assert numbers(line) == sorted(set(numbers(line)))
    assert numbers(desk) == sorted(set(numbers(desk)))
    await desk.until("desk")


async def test_signing_out_at_one_process_ends_sockets_at_the_other(two: tuple[WebProcess, WebProcess]) -> None:
    _, there = two
    agent = await agent_at(two)
    line = await move(agent, there).line()
    await agent.ok("POST", "/api/v1/sign-out")
    async with asyncio.timeout(5):
        await line.is_gone.wait()


async def test_two_agents_at_two_processes_take_one_case(two: tuple[WebProcess, WebProcess]) -> None:
    here, there = two
    customer, agent = await customer_at(here), await agent_at(two)
    paths = [f"/api/v1/cases/{customer.case}/take"] * 2
    both = [agent, move(agent, there)]
    replies = await asyncio.gather(*(browser.post(path, {}) for browser, path in zip(both, paths, strict=True)))
    assert [reply.status for reply in replies] == [200, 200]  # The same agent pressing twice.
    timeline = (await customer.ok("GET", f"/api/v1/cases/{customer.case}/timeline"))["entries"]
    assert [entry["kind"] for entry in timeline].count("taken") == 1


async def test_stopped_redis_loses_nothing_that_was_acknowledged(
    two: tuple[WebProcess, WebProcess], redis_server: Redis
) -> None:
    here, there = two
    agent, customer = await agent_at(two), await customer_at(there)
    desk = await agent.line()
    await desk.ask("watch", {"case": customer.case})
    seqs = [(await say(customer, customer.case, "before"))["seq"]]
    await desk.until("entry", 2)
    redis_server.stop()
    try:
        assert await here.answers("/healthz")
        seqs += [(await say(customer, customer.case, f"during {n}"))["seq"] for n in range(5)]
        async with asyncio.timeout(5):
            while await here.answers("/readyz"):
                await asyncio.sleep(0.1)
    finally:
        redis_server.start()  # Empty, as after a crash.
    await desk.until("entry", 7, limit_s=5.0)
    seqs.append((await say(customer, customer.case, "after"))["seq"])
    await desk.until("entry", 8, limit_s=1.0)
    assert numbers(desk) == [1, *seqs]


async def test_hostile_words_on_the_bus_hurt_nobody(two: tuple[WebProcess, WebProcess], redis_server: Redis) -> None:
    import redis.asyncio

    _, there = two
    agent, customer = await agent_at(two), await customer_at(there)
    desk = await agent.line()
    await desk.ask("watch", {"case": customer.case})
    bus = redis.asyncio.from_url(redis_server.url)
    nasty = [
        b"\x80\x04cos\nsystem\n",
        b"{",
        b"[" * 5000,
        b"7",
        b"{}",
        b'{"kind":"entry"}',
        b'{"kind":"entry","_id":"1"}',
    ]
    nasty += [b'{"kind":"queue","places":7,"_id":"2"}', b"x" * 3_000_000, b'{"kind":["a"],"_id":"3"}']
    for data in nasty:
        await bus.xadd("oase:bus", {"d": data})
    await bus.xadd("oase:bus", {"other": b"field"})
    await bus.aclose()
    await say(customer, customer.case, "still here")
    await desk.until("entry", 2)


class Writer:
    """A page that sends each line until it is acknowledged, as ours do: the same client id at each try."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.acknowledged: list[int] = []
        self.sent = 0

    async def write(self, count: int) -> None:
        for n in range(count):
            body = {"text": f"line {n}", "client_id": client_id()}
            self.acknowledged.append(await self._until_acknowledged(body))
            self.sent += 1
            await asyncio.sleep(0.01)

    async def _until_acknowledged(self, body: dict[str, str]) -> int:
        while True:
            try:
                reply = await self.browser.post(f"/api/v1/cases/{self.browser.case}/chat", body)
                if reply.status in {200, 201}:
                    return int(reply.json["seq"])
            except (aiohttp.ClientError, ConnectionError):
                pass
            await asyncio.sleep(0.05)


async def read_until(browser: Browser, last: int) -> list[int]:
    """A page that comes back after each cut and asks for what it has not."""
    kept: list[int] = []
    while not kept or kept[-1] < last:
        try:
            line = await browser.line()
            await line.ask("watch", {"case": browser.case, "after": kept[-1] if kept else 0})
            while not line.is_gone.is_set() and len(kept) + len(numbers(line)) < last:
                await asyncio.sleep(0.02)
        except Exception:  # Refused, cut in between: whatever a dying server does.
            await asyncio.sleep(0.05)
            continue
        kept.extend(numbers(line))
    return kept


@pytest.mark.chaos
async def test_killed_web_process_loses_and_doubles_no_line(tmp_path: Path) -> None:
    """kill -9 three times while lines are written and read (test-catalogue R2)."""
    process = WebProcess(tmp_path)
    try:
        await process.start()
        customer = await customer_at(process)
        writer = Writer(customer)
        writing = asyncio.create_task(writer.write(120))
        reading = asyncio.create_task(read_until(customer, 121))
        for share in (30, 60, 90):
            async with asyncio.timeout(30):
                while writer.sent < share:
                    await asyncio.sleep(0.01)
            await process.kill()
            await process.start()
        async with asyncio.timeout(40):
            await writing
            kept = await reading
        assert writer.acknowledged == sorted(set(writer.acknowledged))
        assert kept == list(range(1, 122))
        assert kept[1:] == writer.acknowledged
    finally:
        await process.close()


async def test_told_to_end_it_says_goodbye_and_takes_the_worker_along(tmp_path: Path) -> None:
    process = WebProcess(tmp_path, anew=True, OASE_SUPERVISE="1")
    try:
        await process.start()
        await process.until("/readyz")
        customer = await customer_at(process)
        line = await customer.line()
        code, took_s = await process.stop()
        assert code == 0
        assert took_s < 10.0
        assert line.told("bye")[0]["reason"] == "restarting"
        assert line.told("bye")[0]["again_in_s"] > 0
        assert not (tmp_path / "worker.json").exists()
    finally:
        await process.close()


@pytest.mark.chaos
async def test_killed_web_process_leaves_the_media_worker_alone(tmp_path: Path) -> None:
    process = WebProcess(tmp_path, OASE_SUPERVISE="1")
    try:
        await process.start()
        await process.until("/readyz")
        note = (tmp_path / "worker.json").read_text()
        await process.kill()
        await process.start()
        await process.until("/readyz", 5.0)
        assert (tmp_path / "worker.json").read_text() == note
    finally:
        await process.close()


@pytest.mark.load
async def test_slow_connections_are_closed_in_fifteen_seconds(tmp_path: Path) -> None:
    """No byte, half a header, half a body (test-catalogue L5); a visitor beside them is served at once."""
    process = WebProcess(tmp_path)
    begun = [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /api/v1/links/exchange HTTP/1.1\r\nHost: %b\r\nOrigin: http://%b\r\nContent-Type: application/json\r\n"
        b"Content-Length: 500\r\n\r\n{",
    ]

    async def is_closed(first: bytes) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        host = f"127.0.0.1:{process.port}".encode()
        writer.write(first.replace(b"%b", host))
        async with asyncio.timeout(18):
            await reader.read()  # To its end.
        writer.close()
        return True

    try:
        await process.start()
        closing = asyncio.gather(*(is_closed(first) for first in begun * 20))
        await asyncio.sleep(1)
        async with asyncio.timeout(2):
            assert await process.answers("/healthz")
        assert all(await closing)
    finally:
        await process.close()


async def test_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    process, folder = WebProcess(tmp_path), tmp_path / "twin"
    folder.mkdir()
    try:
        await process.start()
        twin = WebProcess(folder, OASE_PORT=str(process.port))
        assert await twin.run_out() == 1
        assert "cannot be listened on" in twin.printed
        assert "Traceback" not in twin.printed
    finally:
        await process.close()


async def test_audience_at_two_processes_hears_the_same(two: tuple[WebProcess, WebProcess], postgres_url: str) -> None:
    """Lines are written at both; each page hears all of them, in one order, whichever process it is connected to."""
    here = two[0]
    customer = await customer_at(here)
    database = Database(postgres_url)
    house = House(database, None, Heard(), Settings(data=here.folder))  # type: ignore[arg-type]  # Nothing here speaks to media.
    session = await open_broadcast(house, customer.case)
    fans = [await join(house, session, f"Fan {n}", f"192.0.2.{n}") for n in range(2)]
    await database.close()
    writers, lines = [], []
    for process, fan in zip(two, fans, strict=True):
        browser = process.browser("visitor")
        browser.carried = f"__Host-oase-visitor={fan.token}"
        writers.append(browser)
        lines.append(await process.browser().line(audience=True))
        assert (await lines[-1].ask("audience", {"session": session}))["ok"]
    path = f"/api/v1/broadcasts/{session}/lines"
    bodies = [{"text": f"line {n}", "client_id": client_id()} for n in range(20)]
    await asyncio.gather(*(writers[n % 2].ok("POST", path, body) for n, body in enumerate(bodies)))
    heard = [await heard_lines(line, 20) for line in lines]
    assert heard[0] == heard[1]
    assert sorted(heard[0]) == sorted(body["text"] for body in bodies)


async def heard_lines(line: Line, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while len(found := [one["text"] for told in line.told("stage") for one in told["lines"]]) < count:
            await line.until("stage", len(line.told("stage")) + 1, 20)
    return found
