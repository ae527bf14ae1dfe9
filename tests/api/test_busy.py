"""A house that carries as much as it can: newcomers hear so in their language, and when to ask again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.site import Browser, Site, running_site, settings_for
from tests.worker_double import WorkerDouble

OFFER = {"sdp": "v=0", "sources": {"0": "camera"}}
SENTENCES = {
    "en": "As many conversations are running as we can carry well.",
    "de": "Es laufen so viele Gespräche, wie wir gut tragen können.",
}


@pytest.fixture
async def full_site(tmp_path: Path) -> AsyncIterator[Site]:
    worker = WorkerDouble(tmp_path)
    worker.is_full = True
    await worker.start()
    try:
        async with running_site(settings_for(tmp_path)) as site:
            yield site
    finally:
        await worker.stop()


async def machine_key(agent: Browser, session: str) -> dict[str, str]:
    key = await agent.ok("POST", f"/api/v1/sessions/{session}/sources", {"name": "Camera 2"})
    return {"Authorization": f"Bearer {key['key']}", "Content-Type": "application/sdp"}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_newcomer_hears_busy_and_when_to_ask_again(full_site: Site, language: str) -> None:
    customer = await full_site.customer()
    path = f"/api/v1/sessions/{customer.session}/connections"
    reply = await customer.call("POST", path, OFFER, {"Accept-Language": language})
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "busy", "10")
    assert reply.json["detail"].startswith(SENTENCES[language])


async def test_machine_and_player_hear_busy(full_site: Site) -> None:
    customer, agent = await full_site.customer(), await full_site.agent()
    await agent.ok("POST", f"/api/v1/cases/{customer.case}/take", {})
    stranger = full_site.browser()
    headers = await machine_key(agent, customer.session)
    sent = await stranger.call("POST", f"/whip/{customer.session}", b"v=0\r\n", headers)
    watched = await agent.call("POST", f"/whep/{customer.session}", b"v=0\r\n", {"Content-Type": "application/sdp"})
    for reply in (sent, watched):
        assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "busy", "10")
        assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]
