"""A real coturn with the configuration that we ship, for tests (Debian's package coturn)."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

START = Path(__file__).resolve().parents[2] / "docker" / "turn" / "start.sh"
SECRET = "a secret of the tests only"
PORT, TLS_PORT = 3478, 5349


def why_not() -> str:
    """Why no coturn can run here, or ""."""
    return "" if shutil.which("turnserver") else "coturn is not installed here"


@contextlib.asynccontextmanager
async def running_coturn(folder: Path, *listen: str, peers: str, certificates: str = "") -> AsyncIterator[Path]:
    """coturn on these addresses of the present network, which carries packets to `peers` only; its log."""
    folder.mkdir()
    environment = {
        **os.environ,
        "TURN_SECRET": SECRET,
        "TURN_REALM": "turn.test",
        "TURN_PEERS": peers,
        "TURN_CERTIFICATES": certificates,
        "TURN_CONFIGURATION": str(folder / "turnserver.conf"),
    }
    options = ["--userdb", str(folder / "turndb"), "--verbose"]
    for address in listen:
        options += ["--listening-ip", address, "--relay-ip", address]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(START, *options, env=environment, stdout=log, stderr=log)
    try:
        await _until_open(listen[0], process, folder / "log")
        yield folder / "log"
    finally:
        process.kill()
        await process.wait()


async def _until_open(address: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(10):
        while True:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family) as probe:
                if probe.connect_ex((address, PORT)) == 0:
                    return
            if process.returncode is not None:
                raise RuntimeError(log.read_text(errors="replace"))
            await asyncio.sleep(0.05)
