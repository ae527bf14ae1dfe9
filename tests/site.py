"""A running web process for tests, entered by the doors people use: HTTP and the socket. No media worker unless a test starts one."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import socketio
from aiohttp import web, web_app

from server.api.call import HOUSE
from server.api.lane import LaneRunner
from server.app import make_app
from server.config import Settings
from server.domain.words import Role
from server.service.agents import make_agent
from server.service.house import House

WAIT_S = 15.0  # A limit, not an expectation: the machine may run other tests.


def client_id() -> str:
    return uuid.uuid4().hex


def settings_for(folder: Path, **more: Any) -> Settings:
    """Settings of a house of its own in `folder`: no limits, no media worker, any free port."""
    base = {"data": folder, "recordings": folder / "recordings", "supervise": False, "port": 0, "rate": 0.0}
    return Settings(**{**base, **more})


@dataclass
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Any
    body: bytes
    json: Any = None

    @property
    def code(self) -> str:
        return str(self.json["code"]) if isinstance(self.json, dict) and "code" in self.json else ""


class Browser:
    """One browser: cookies, an address it comes from, and sockets."""

    def __init__(self, url: str, wish: str = "") -> None:
        self.url = url
        self.wish = wish
        jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[url])
        self.http = aiohttp.ClientSession(url, cookie_jar=jar)
        self.case = ""
        self.session = ""
        self.link = ""
        self.agent_id = ""
        self.carried = ""  # Cookies brought along from another address of the same house.
        self._sockets: list[Line] = []

    async def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        sent: dict[str, str] = {"Accept-Language": "en"}
        if method not in {"GET", "HEAD"}:
            sent["Origin"] = self.url
        if self.wish:
            sent["Oase-As"] = self.wish
        if self.carried:
            sent["Cookie"] = self.carried
        sent.update(headers or {})
        json_body = {} if body is None and method in {"POST", "PUT", "PATCH"} else body
        options: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": json_body}
        if method in {"GET", "HEAD", "DELETE", "OPTIONS"} and body is None:
            options = {}
        async with self.http.request(method, path, headers=sent, allow_redirects=False, **options) as answer:
            data = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "") and data
            return Reply(answer.status, answer.headers, data, await answer.json(content_type=None) if is_json else None)

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        return await self.call("POST", path, body, **more)

    async def ok(self, method: str, path: str, body: Any = None) -> Any:
        """The reply's JSON; anything but success fails the test with what the server said."""
        reply = await self.call(method, path, body)
        assert reply.status < 300, (method, path, reply.status, reply.body[:500])
        return reply.json

    async def open_case(self, **more: Any) -> Any:
        topics = await self.ok("GET", "/api/v1/topics")
        wish = {
            "topic": topics["topics"][0]["id"],
            "summary": "The meter shows nothing",
            "name": "Bo",
            "language": "en",
        }
        opened = await self.ok("POST", "/api/v1/cases", {**wish, "client_id": client_id(), **more})
        self.case, self.session, self.link = opened["case"], opened["session"], opened["link"]
        return opened

    def cookies(self) -> str:
        """The Cookie header that this browser would send."""
        if self.carried:
            return self.carried
        found = self.http.cookie_jar.filter_cookies(aiohttp.client.URL(self.url))
        return "; ".join(f"{name}={morsel.value}" for name, morsel in found.items())

    async def line(self, origin: str | None = None, **more: Any) -> "Line":
        """An open socket. Raises socketio's ConnectionError when the server refuses it."""
        line = Line()
        await line.open(self, origin or self.url, **more)
        self._sockets.append(line)
        return line

    async def close(self) -> None:
        for line in self._sockets:
            await line.close()
        await self.http.close()


class Line:
    """One socket of a page: what was said to it is kept in `heard`."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self._news = asyncio.Event()
        self.io = socketio.AsyncClient(reconnection=False)
        self.io.on("*", self._hear)
        self.io.on("disconnect", self._gone)
        self.is_gone = asyncio.Event()

    async def open(self, browser: Browser, origin: str, wish: str = "", *, audience: bool = False) -> None:
        headers = {"Origin": origin, "Cookie": browser.cookies(), "Accept-Language": "en"}
        auth = {
            **({"as": wish or browser.wish} if wish or browser.wish else {}),
            **({"audience": True} if audience else {}),
        }
        await self.io.connect(
            browser.url, headers=headers, auth=auth or None, transports=["websocket"], wait_timeout=WAIT_S
        )

    async def _hear(self, event: str, *body: Any) -> None:
        self.heard.append((event, body[0] if body else None))
        self._news.set()

    async def _gone(self, *reason: Any) -> None:
        self.is_gone.set()
        self._news.set()

    async def ask(self, event: str, body: Any) -> Any:
        return await self.io.call(event, body, timeout=WAIT_S)

    def told(self, event: str) -> list[Any]:
        return [body for name, body in self.heard if name == event]

    async def until(self, event: str, count: int = 1, limit_s: float = WAIT_S) -> list[Any]:
        """Waits until `count` such events were heard; all of them."""
        async with asyncio.timeout(limit_s):
            while len(self.told(event)) < count:
                self._news.clear()
                await self._news.wait()
        return self.told(event)

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await self.io.disconnect()


@dataclass
class Site:
    """The web process and the browsers that visit it."""

    app: web.Application
    url: str
    browsers: list[Browser] = field(default_factory=list)

    @property
    def house(self) -> House:
        return self.app[HOUSE]

    def browser(self, wish: str = "") -> Browser:
        browser = Browser(self.url, wish)
        self.browsers.append(browser)
        return browser

    async def customer(self, **more: Any) -> Browser:
        """A customer with a waiting case."""
        browser = self.browser("visitor")
        await browser.open_case(**more)
        return browser

    async def agent(self, name: str = "Ann", role: Role = Role.AGENT) -> Browser:
        """A signed-in agent."""
        added = await make_agent(self.house, f"{name.lower()}-{uuid.uuid4().hex[:6]}@example.org", name, role)
        browser = self.browser("agent")
        await browser.ok("POST", "/api/v1/sign-in/link", {"secret": added.link.partition("#")[2]})
        browser.agent_id = added.agent.id
        return browser

    async def guest(self, agent: Browser, session: str) -> Browser:
        """Somebody who came by an invitation of the agent's."""
        invitation = await agent.ok("POST", f"/api/v1/sessions/{session}/invitations", {"name": "Gus"})
        browser = self.browser("visitor")
        exchanged = await browser.ok("POST", "/api/v1/links/exchange", {"secret": invitation["link"].partition("#")[2]})
        browser.case, browser.session = exchanged["case"], exchanged["session"]
        return browser


@contextlib.asynccontextmanager
async def running_site(settings: Settings) -> AsyncIterator[Site]:
    """A web process in this event loop, on a free port."""
    app = make_app(settings)
    runner = LaneRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.port).start()
        site = Site(app, f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield site
        for browser in site.browsers:
            await browser.close()
    finally:
        await runner.cleanup()
        web_app._cached_build_middleware.cache_clear()  # It would keep each of a run's thousand applications.
