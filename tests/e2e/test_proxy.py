"""The product behind Debian's Caddy with the file of docker/: pages, cookies, sockets and addresses as people meet them on the net."""

import asyncio
import contextlib
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import socketio

from tests.e2e.product import ROOT, Product, free_udp_port, running_product
from tests.servers import free_port
from tests.site import client_id

pytestmark = [
    pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed here"),
    pytest.mark.asyncio(loop_scope="module"),
]


@dataclass(frozen=True, slots=True)
class Hosted:
    """A product and the address that people use."""

    product: Product
    url: str
    caddy_log: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hosted(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hosted]:
    """Caddy with a certificate of its own before a running product, as docker/compose.yml puts them."""
    tmp_path = tmp_path_factory.mktemp("hosted")
    port = free_udp_port()
    url = f"https://localhost:{port}"
    settings = {"OASE_URL": url, "OASE_TRUSTED_PROXIES": "127.0.0.1"}
    async with running_product(tmp_path / "oase", **settings) as product:
        environment = {
            **os.environ,
            "OASE_DOMAIN": url,
            "OASE_TLS": "internal",
            "OASE_HTTP_PORT": str(free_port()),
            "OASE_HTTPS_PORT": str(port),
            "OASE_UPSTREAM": f"127.0.0.1:{product.port}",
            "OASE_LIVE_UPSTREAM": f"127.0.0.1:{product.port}",
            "HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path / "caddy"),
        }
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(ROOT / "docker" / "Caddyfile")]
        with (tmp_path / "caddy.log").open("wb") as log:
            caddy = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
        try:
            await until_it_answers(url)
            yield Hosted(product, url, tmp_path / "caddy.log")
        finally:
            caddy.terminate()
            await caddy.wait()


def trusting() -> aiohttp.ClientSession:
    """A client that takes Caddy's own authority, as a phone does once its root certificate is installed."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))


async def until_it_answers(url: str) -> None:
    async with asyncio.timeout(20), trusting() as http:
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with http.get(url + "/healthz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)


async def test_page_comes_with_its_headers(hosted: Hosted) -> None:
    async with trusting() as http, http.get(hosted.url + "/", headers={"Accept-Language": "en"}) as answer:
        assert answer.status == 200
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        assert "default-src" in answer.headers["Content-Security-Policy"]
        assert answer.headers.get("Content-Encoding") in {"zstd", "gzip", "br", "deflate"}


async def test_numbers_stay_inside(hosted: Hosted) -> None:
    async with trusting() as http, http.get(hosted.url + "/metrics") as answer:
        assert answer.status == 404


async def test_plain_address_leads_to_https(hosted: Hosted) -> None:
    assert "enabling automatic HTTP->HTTPS redirects" in hosted.caddy_log.read_text()


async def test_customer_and_agent_meet_behind_the_proxy(hosted: Hosted) -> None:
    """Host cookies, the Origin check and the socket all pass: a case that is opened rings at the desk."""
    async with trusting() as customer, trusting() as agent:
        origin = {"Origin": hosted.url}
        secret = {"secret": hosted.product.link.partition("#")[2]}
        async with agent.post(hosted.url + "/api/v1/sign-in/link", json=secret, headers=origin) as answer:
            assert answer.status == 200, await answer.text()
            cookie = answer.cookies["__Host-oase-agent"]
        assert cookie["secure"]
        line = socketio.AsyncClient(http_session=agent, reconnection=False)
        rang = asyncio.Event()
        line.on("desk", lambda *_: rang.set())
        headers = {**origin, "Cookie": f"__Host-oase-agent={cookie.value}"}
        await line.connect(hosted.url, headers=headers, transports=["websocket"], wait_timeout=10)
        assert (await line.call("watch_desk", {}))["ok"]
        one = f"{hosted.url}/api/v1/broadcasts/nothing"
        for path, statuses in (
            (f"{one}/poster", {404}),
            (one, {413, 502}),
        ):  # 502: Oase refused it while it was on its way.
            async with agent.put(path, data=bytes(3_000_000), headers=headers) as answer:
                assert answer.status in statuses, "pictures are larger than anything else that is sent"
        async with customer.get(hosted.url + "/api/v1/topics") as answer:
            topic = (await answer.json())["topics"][0]["id"]
        case = {"topic": topic, "summary": "No light", "name": "Bo", "language": "en", "client_id": client_id()}
        async with customer.post(hosted.url + "/api/v1/cases", json=case, headers=origin) as answer:
            assert answer.status == 201, await answer.text()
            assert answer.cookies["__Host-oase-visitor"]["secure"]
            link = (await answer.json())["link"]
        assert "/c/" in link
        async with asyncio.timeout(10):
            await rang.wait()
        await line.disconnect()


async def test_stranger_origin_is_refused(hosted: Hosted) -> None:
    async with trusting() as http:
        headers = {"Origin": "https://elsewhere.example"}
        async with http.post(hosted.url + "/api/v1/sign-in/link", json={"secret": "x"}, headers=headers) as answer:
            assert answer.status == 403
            assert (await answer.json())["code"] == "cross_origin"
