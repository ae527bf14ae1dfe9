"""A network that lets nothing through to the media worker: the page finds its way through the TURN server by itself."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.browsers import CALM, chromium_path, running_chromium
from tests.e2e.people import CONNECTED, waiting_customer
from tests.e2e.product import running_product
from tests.lines.lines import HOST
from tests.media import coturn, namespaces
from tests.media.coturn import PORT, SECRET, running_coturn

WHY = coturn.why_not() or namespaces.why_not() or ("" if chromium_path() else "Chromium is not installed here")
pytestmark = [pytest.mark.net, pytest.mark.browser, pytest.mark.skipif(bool(WHY), reason=WHY)]

TURN, WORKER, CUSTOMER = "10.77.0.1", "10.77.0.2", "10.77.0.9"
LIMIT_S = 5.0
USED = """
(async () => {
  const stats = await oaseProbe.peers.at(-1).getStats();
  const pair = [...stats.values()].find((one) => one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded');
  return pair && stats.get(pair.localCandidateId).candidateType;
})()
"""


async def test_customer_is_connected_where_only_the_turn_server_is_reached(tmp_path: Path) -> None:
    settings = {
        "OASE_HOST": "0.0.0.0",
        "OASE_MEDIA_HOST": WORKER,
        "TURN_URLS": f"turn:{TURN}:{PORT}?transport=tcp",
        "TURN_SECRET": SECRET,
    }
    with namespaces.network_of(f"{TURN}/24", f"{WORKER}/24", neighbour=(f"{CUSTOMER}/24",)) as network:
        network.block(WORKER)
        program = network.neighbours(tmp_path, str(chromium_path()))
        async with (
            running_coturn(tmp_path / "turn", TURN, peers=WORKER),
            running_product(tmp_path / "oase", HOST, **settings) as product,
            running_chromium(CALM, f"--host-resolver-rules=MAP {HOST} {TURN}", program=program) as browser,
        ):
            customer = await waiting_customer(browser, product)
            await customer.until(CONNECTED, LIMIT_S)
            async with asyncio.timeout(5):
                while await customer.page.evaluate(USED) != "relay":
                    await asyncio.sleep(0.1)
            assert customer.errors == []
            assert SECRET not in product.log
