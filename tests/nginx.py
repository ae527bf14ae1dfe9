"""Debian's nginx with the files of docker/nginx, before a server of a test or benchmark."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "docker" / "nginx"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True)
class Nginx:
    """Where it listens, and the process that does the work (its master does none)."""

    url: str
    worker_pid: int
    folder: Path


def nginx_path() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def write_configuration(folder: Path, upstream: str, port: int) -> Path:
    """The kept files with this test's addresses and folder, and one worker, whose time can be measured."""
    folder.mkdir(parents=True, exist_ok=True)
    places = "".join(f"\t{name}_temp_path {folder}/{name};\n" for name in TEMPORARY)
    _write(
        folder / "live.conf",
        ("server oase:8080;", f"server {upstream};"),
        ("listen 8081;", f"listen 127.0.0.1:{port};"),
        ("/var/cache/nginx/oase-live", str(folder / "cache")),
    )
    return _write(
        folder / "nginx.conf",
        ("user nginx;", f"daemon off;\n{'user root;' if os.geteuid() == 0 else ''}"),
        ("worker_processes auto;", "worker_processes 1;"),
        ("/var/run/nginx.pid", f"{folder}/pid"),
        ("/var/log/nginx", str(folder)),
        ("\tinclude /etc/nginx/conf.d/live.conf;", f"{places}\tinclude {folder}/live.conf;"),
    )


def _write(file: Path, *changes: tuple[str, str]) -> Path:
    text = (KEPT / file.name).read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file.write_text(text)
    return file


@contextlib.asynccontextmanager
async def running_nginx(folder: Path, upstream: str, prefix: tuple[str, ...] = ()) -> AsyncIterator[Nginx]:
    """nginx before `upstream` ("127.0.0.1:8080"). `prefix` goes before the command, such as a pinning to a core."""
    port = free_port()
    configuration = write_configuration(folder, upstream, port)
    command = [*prefix, str(nginx_path()), "-e", str(folder / "error.log"), "-c", str(configuration)]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        async with asyncio.timeout(10):
            await _until_open(port)
        yield Nginx(f"http://127.0.0.1:{port}", _child_of(process.pid), folder)
    finally:
        process.terminate()
        await process.wait()


async def _until_open(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.02)


def _child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0])
