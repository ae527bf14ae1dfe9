"""Fixtures of the tests of pages."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.browsers import CALM, running_chromium
from tests.e2e.people import agent_at_desk
from tests.e2e.place import Place
from tests.e2e.product import Product, running_product


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with running_product(tmp_path_factory.mktemp("oase")) as product, running_chromium(CALM) as chromium:
        agent = await agent_at_desk(chromium, product)
        state = await agent.context.storage_state()
        await agent.context.close()
        yield Place(product, chromium, state)


@pytest_asyncio.fixture(loop_scope="module")
async def empty_queue(place: Place) -> AsyncIterator[None]:
    """After each test nobody waits and all windows are closed."""
    yield
    for context in place.chromium.contexts:
        await context.close()
    context = await place.chromium.new_context(
        storage_state=place.agent_state, extra_http_headers={"Origin": place.product.url}
    )
    api = f"{place.product.url}/api/v1"
    waiting = await (await context.request.get(f"{api}/desk?state=waiting")).json()
    for row in waiting["cases"]:
        await context.request.post(f"{api}/cases/{row['id']}/take", data={})
        await context.request.post(f"{api}/sessions/{row['session']}/end", data={"outcome": "nobody_there"})
    await context.close()


@pytest.fixture
def product(place: Place) -> Product:
    return place.product


@pytest.fixture
def chromium(place: Place) -> Browser:
    return place.chromium
