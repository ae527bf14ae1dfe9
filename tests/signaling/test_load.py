"""Many sockets at once."""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest

from tests.audience_crowd import Board, open_pages, running_stage, speak
from tests.site import Browser, client_id
from tests.web_process import WebProcess

MANY = 300


@pytest.mark.load
async def test_many_sockets_come_at_once_after_a_restart(tmp_path: Path) -> None:
    """Everybody watches a case again within seconds (test-catalogue L1, L2, scaled to a shared machine)."""
    process = WebProcess(tmp_path)
    try:
        await process.start()
        customer = process.browser("visitor")
        await customer.open_case()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            began = time.monotonic()
            sockets = await asyncio.gather(*(watch(http, customer) for _ in range(MANY)))
            assert time.monotonic() - began < 20.0
            await customer.ok("POST", f"/api/v1/cases/{customer.case}/chat", {"text": "all", "client_id": client_id()})
            await asyncio.gather(*(heard_chat(ws) for ws in sockets))
    finally:
        await process.close()


async def watch(http: aiohttp.ClientSession, browser: Browser) -> aiohttp.ClientWebSocketResponse:
    """A page that follows the case, speaking Engine.IO by hand: cheaper than a whole client."""
    url = browser.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    headers = {"Origin": browser.url, "Cookie": browser.cookies()}
    ws = await http.ws_connect(url, headers=headers)
    await ws.receive()
    await ws.send_str('40{"as":"visitor"}')
    assert (await ws.receive()).data.startswith("40")
    await ws.send_str(f'420["watch",{{"case":"{browser.case}"}}]')
    while not (said := (await ws.receive()).data).startswith("430"):
        if said == "2":
            await ws.send_str("3")
    return ws


async def heard_chat(ws: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.timeout(15):
        async for message in ws:
            if message.data == "2":
                await ws.send_str("3")
            if '"chat"' in message.data:
                return
    raise AssertionError("cut off")


@pytest.mark.load
async def test_audience_of_hundreds_is_current_within_seconds(tmp_path: Path) -> None:
    """300 pages of one audience while people write and vote; every line comes to every page (5,000 in `scripts/bench audience`)."""
    async with running_stage(tmp_path) as stage:
        board = Board()
        pages = await open_pages(stage, MANY, board)
        spoken, voted, refused = await speak(stage, board, 2.0)
        assert (spoken, voted, refused) == (100, 200, 0)
        async with asyncio.timeout(15):
            while sum(board.delays_ms().values()) < spoken * MANY:
                await asyncio.sleep(0.05)
        last = max(page.seq for page in pages)
        assert all(page.seq == last and not page.is_cut for page in pages)
        for page in pages:
            page.close()
