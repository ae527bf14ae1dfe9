"""Pages of a site that runs in the test's own process, in the windows of people who are signed in there; and fixtures of both."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page

from server.domain.principal import Agent
from server.domain.words import Role
from server.service.agents import find_agent, make_agent
from tests.desk import client_id
from tests.e2e.browsers import running_chromium
from tests.e2e.looking import window
from tests.site import Site, running_site, settings_for

WAIT_MS = 20_000
_POST = """async (secret) => (await fetch('/api/v1/sign-in/link', {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ secret }) })).status"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with running_chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path, sqlite_with_tables: Path) -> AsyncIterator[Site]:
    shutil.copyfile(sqlite_with_tables, tmp_path / "oase.sqlite")
    async with running_site(settings_for(tmp_path)) as site:
        yield site


async def made_secret(site: Site, role: Role = Role.AGENT) -> str:
    """What a new agent's browser signs in with."""
    added = await make_agent(site.house, f"{client_id()}@example.org", "Eva", role)
    return added.link.partition("#")[2]


async def agents_of(site: Site) -> tuple[str, Agent]:
    """The secret of a link with which a browser signs in, and an agent who acts by the services."""
    browser = await site.agent()
    agent = await find_agent(site.house, browser.cookies().partition("=")[2])
    assert agent is not None
    return await made_secret(site), agent


async def signs_in(page: Page, site: Site, secret: str) -> None:
    """Its browser is that of the agent from now on."""
    await page.goto(f"{site.url}/robots.txt")
    assert await page.evaluate(_POST, secret) == 200


async def agents_page(chromium: Browser, site: Site, path: str) -> Page:
    """A page in the window of a new agent."""
    context = await window(chromium, "laptop")
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    await signs_in(page, site, await made_secret(site))
    await page.goto(site.url + path)
    return page
