"""Who may speak to the media worker."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from pydantic import ValidationError

from server.config import Settings
from server.errors import MediaAway
from server.media.client import MediaClient
from server.media.worker import Worker
from tests.media.rig import open_rig
from tests.servers import free_port

SECRET = "sixteen letters!"


@asynccontextmanager
async def open_to_the_network(folder: Path) -> AsyncIterator[str]:
    """The address of a worker whose control interface listens on TCP."""
    address = f"http://127.0.0.1:{free_port()}"
    worker = Worker(
        Settings(
            data=folder, recordings=folder, media_host="127.0.0.1", media_port=0, media_url=address, media_secret=SECRET
        )
    )
    await worker.start()
    try:
        yield address
    finally:
        await worker.close()


async def test_control_over_tcp_needs_the_secret(tmp_path: Path) -> None:
    """Whoever reached the port could seat himself on any stage."""
    async with open_to_the_network(tmp_path) as address:
        for secret in ("", "sixteen letters?", SECRET + "x"):
            async with MediaClient(address, secret) as client:
                with pytest.raises(MediaAway):
                    await client.end_session("s1")
        async with aiohttp.ClientSession() as http:
            for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer \xfc"}):
                for path in ("/events", "/health", "/nowhere"):
                    assert (await http.get(address + path, headers=headers)).status == 401
        async with MediaClient(address, SECRET) as client, asyncio.timeout(5):
            assert (await client.health()).ready
            hello = await anext(client.events())
            assert hello.kind == "hello"


async def test_pages_in_a_browser_may_not_speak_to_the_worker(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {SECRET}", "Origin": "https://elsewhere.example"}
    async with open_to_the_network(tmp_path) as address, aiohttp.ClientSession(headers=headers) as http:
        assert (await http.delete(address + "/sessions/s1")).status == 403
        assert (await http.get(address + "/events")).status == 403


async def test_unix_socket_is_private_from_its_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode was set after listening; the folder was everybody's to read."""
    monkeypatch.setattr(Path, "chmod", lambda self, mode: None)
    before = os.umask(0o022)
    try:
        async with open_rig(tmp_path / "new"):
            assert stat.S_IMODE((tmp_path / "new" / "control.sock").stat().st_mode) == 0o600
            assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    finally:
        assert os.umask(before) == 0o022


@pytest.mark.parametrize("secret", ["", "fifteen letters"])
def test_control_over_tcp_without_a_good_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match="OASE_MEDIA_SECRET"):
        Settings(media_url="http://127.0.0.1:7000", media_secret=secret)
    assert SECRET not in repr(Settings(media_secret=SECRET))


async def test_connections_of_a_burst_do_not_stay(tmp_path: Path) -> None:
    """They are used in turn, so that each stays fresh: what a burst had opened was open for hours."""
    async with open_rig(tmp_path) as rig:
        await rig.client.health()
        before = open_files()
        await asyncio.gather(*(rig.client.health() for _ in range(30)))
        assert open_files() >= before + 20
        async with asyncio.timeout(15):
            while (
                open_files() > before + 16
            ):  # Eight connections, with both ends in this process: what is used within two seconds.
                await rig.client.health()
                await asyncio.sleep(0.3)


def open_files() -> int:
    """Of this process."""
    return len(os.listdir("/proc/self/fd"))
