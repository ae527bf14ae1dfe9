"""The desk with two media workers: the agent's standby connection follows the queue, so that taking a case needs no new one."""

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest

from server.media.client import MediaClient
from server.media.protocol import CONNECTIONS_MAX
from server.media.workers import AS_GOOD_AS_LEAST
from tests.e2e.browsers import CALM, chromium_path, running_chromium
from tests.e2e.people import CONNECTED, agent_at_desk, takes_first_case, waiting_customer
from tests.e2e.product import Product, running_product
from tests.media.wire_peer import WirePeer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]
CROWD = CONNECTIONS_MAX // 8


async def until_connections(worker: MediaClient, count: int) -> None:
    async with asyncio.timeout(15):
        while (await worker.health()).connections != count:
            await asyncio.sleep(0.1)


async def until_known(product: Product) -> None:
    """The web process asks the workers once a second."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(15):
        while True:
            async with http.get(product.url + "/metrics") as answer:
                found = re.search(r'^oase_media_weight\{worker="0"\} (\S+)$', await answer.text(), re.MULTILINE)
            if found and float(found[1]) > AS_GOOD_AS_LEAST:
                return
            await asyncio.sleep(0.1)


async def test_standby_connection_follows_the_queue(tmp_path: Path) -> None:
    settings = {"OASE_MEDIA_WORKERS": "2", "OASE_MEDIA_PORT": "0"}
    data = tmp_path / "oase" / "data"
    async with (
        running_product(tmp_path / "oase", **settings) as product,
        running_chromium(CALM) as chromium,
        MediaClient(f"unix:{data / 'media.sock'}") as first,
        MediaClient(f"unix:{data / 'media-1.sock'}") as second,
    ):
        agent = await agent_at_desk(chromium, product)
        await agent.until(CONNECTED)
        assert [(await worker.health()).connections for worker in (first, second)] == [1, 0]
        for _ in range(CROWD):
            await first.connect(WirePeer().offer())
        await until_known(product)
        customer = await waiting_customer(chromium, product)
        await until_connections(second, 2)
        made = await agent.page.evaluate("oaseProbe.peers.length")
        await agent.until("oaseProbe.peers.at(-1).connectionState === 'connected'")
        await takes_first_case(agent)
        await agent.until_seeing(1)
        await customer.until_seeing(1)
        assert await agent.page.evaluate("oaseProbe.peers.length") == made
        assert [*agent.errors, *customer.errors] == []
