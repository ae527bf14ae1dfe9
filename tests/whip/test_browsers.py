"""Browsers as WHIP and WHEP clients, from a page of another origin: what OBS does, a web page with a key may do as well."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aioice.ice import get_host_addresses

from tests.e2e.browsers import running_firefox
from tests.media.test_browsers import chromium
from tests.whip.studio import open_studio

ADDRESSES = get_host_addresses(use_ipv4=True, use_ipv6=False)
CLIENT = Path(__file__).with_name("client.js")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not ADDRESSES, reason="this machine has no address but 127.0.0.1"),
    pytest.mark.skipif(shutil.which("firefox-esr") is None, reason="no Firefox on this machine"),
]

Evaluate = Callable[[str], Awaitable[Any]]


@contextlib.asynccontextmanager
async def foreign_site() -> AsyncIterator[str]:
    """The address of somebody else's site, which holds the client."""

    async def page(_: web.Request) -> web.Response:
        text = f"<!doctype html><title>a foreign page</title><script>{CLIENT.read_text()}</script>"
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def words(*values: str) -> str:
    return ", ".join(json.dumps(value) for value in values)


async def until_moving(evaluate: Evaluate, least: int = 10) -> None:
    before = await evaluate("machine.frames()")
    async with asyncio.timeout(20):
        while await evaluate("machine.frames()") < before + least:
            await asyncio.sleep(0.1)


async def test_browsers_publish_and_watch_from_another_origin(tmp_path: Path) -> None:
    """Firefox publishes and Chromium watches, then the other way round; each trickles, restarts ICE and ends in order."""
    async with (
        open_studio(tmp_path, host=ADDRESSES[0]) as studio,
        foreign_site() as site,
        chromium(tmp_path, site, 1) as (page,),
        running_firefox(tmp_path / "firefox") as firefox,
    ):
        await firefox.goto(site)
        whep = f"{studio.site.url}/whep/{studio.session}"
        for source, viewer in ((firefox.evaluate, page.evaluate), (page.evaluate, firefox.evaluate)):
            key, watch = (await studio.key())["key"], (await studio.key("viewers"))["key"]
            assert await source(f"machine.publish({words(studio.whip(), 'wrong')})") == 401
            assert await source(f"machine.publish({words(studio.whip(), key)})") == 201
            assert await viewer(f"machine.watch({words(whep, watch)})") == 201
            await until_moving(viewer)
            for evaluate in (source, viewer):
                assert await evaluate("machine.trickle()") == 204
                assert await evaluate("machine.restart()") == [200, True]
                await until_moving(viewer)
            assert list(await studio.people()) == ["Camera 2"]
            assert await viewer("machine.end()") == 200
            assert await source("machine.end()") == 200
            assert await studio.people() == {}
