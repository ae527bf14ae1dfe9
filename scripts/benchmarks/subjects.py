"""Starts and stops what fanout.py measures: our media worker, Debian's Janus, and aiortc's MediaRelay, each alone on core 0 of the namespace."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from network import SERVER, Network, Unavailable
from report import ROOT

JANUS_LIB = "/usr/lib/{triplet}/janus"


@dataclass(frozen=True, slots=True)
class Running:
    """A started server: its process, and where its control interface is."""

    process: asyncio.subprocess.Process
    pid: int
    address: str
    folder: Path

    async def stop(self) -> None:
        """Ends it, kindly first."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 5)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


async def start(subject: str, network: Network, core: int = 0) -> Running:
    """The server named ours, janus or stock on a core, ready for its first peer. Raises Unavailable.

    Of ours there may be one on each core: its number as a media worker is the core's.
    """
    makers: dict[str, Callable[[Path], tuple[list[str], dict[str, str], str]]] = {
        "ours": _ours,
        "janus": _janus,
        "stock": _stock,
    }
    folder = Path(tempfile.mkdtemp(prefix="oase-bench-"))
    command, environment, address = makers[subject](folder)
    environment["OASE_MEDIA_PORT"] = str(7882 + core)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *network.inside(*command, core=core), cwd=ROOT, env={**os.environ, **environment}, stdout=log, stderr=log
        )
    running = Running(process, process.pid, address, folder)  # `ip netns exec` and taskset end in exec: one process.
    try:
        await _ready(subject, running)
    except Unavailable:
        await running.stop()
        raise
    return running


async def _ready(subject: str, running: Running, limit_s: float = 15.0) -> None:
    paths = {"ours": "/health", "janus": "/janus/info", "stock": "/"}
    unix = running.address.removeprefix("unix:")
    connector = aiohttp.UnixConnector(unix) if unix != running.address else aiohttp.TCPConnector()
    base = "http://worker" if unix != running.address else running.address
    end = time.monotonic() + limit_s
    async with aiohttp.ClientSession(connector=connector) as session:
        while time.monotonic() < end and running.process.returncode is None:
            try:
                async with session.get(base + paths[subject]):
                    return
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.1)
    log = (running.folder / "log").read_text(errors="replace").strip().splitlines()
    raise Unavailable(f"{subject} did not start: {log[-1] if log else 'no word from it'}")


def _ours(folder: Path) -> tuple[list[str], dict[str, str], str]:
    environment = {
        "OASE_DATA": str(folder),
        "OASE_RECORDINGS": str(folder / "recordings"),
        "OASE_MEDIA_HOST": SERVER,
        "OASE_LOG_LEVEL": "WARNING",
    }
    return [sys.executable, "-m", "server", "media"], environment, f"unix:{folder / 'media.sock'}"


def _stock(folder: Path) -> tuple[list[str], dict[str, str], str]:
    script = str(Path(__file__).with_name("stock.py"))
    return [sys.executable, script, SERVER, "8090"], {}, f"http://{SERVER}:8090"


def _janus(folder: Path) -> tuple[list[str], dict[str, str], str]:
    """Janus with one event loop and nothing but videoroom and HTTP loaded."""
    janus = shutil.which("janus")
    libraries = next(iter(sorted(Path("/usr/lib").glob("*/janus"))), None)
    if janus is None or libraries is None:
        raise Unavailable("Janus is not installed here (Debian's package janus).")
    for name, wanted in (("plugins", "videoroom"), ("transports", "http")):
        (folder / name).mkdir()
        for library in (libraries / name).glob(f"libjanus_{wanted}.so"):
            (folder / name / library.name).symlink_to(library)
    for name in ("events", "loggers"):
        (folder / name).mkdir()
    (folder / "janus.jcfg").write_text(_JANUS.format(folder=folder))
    (folder / "janus.transport.http.jcfg").write_text(_JANUS_HTTP)
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
    command = [janus, "--configs-folder", str(folder), "--config", str(folder / "janus.jcfg")]
    return command, {}, f"http://{SERVER}:8088"


_JANUS = """general: {{
  configs_folder = "{folder}"
  plugins_folder = "{folder}/plugins"
  transports_folder = "{folder}/transports"
  events_folder = "{folder}/events"
  loggers_folder = "{folder}/loggers"
  debug_level = 3
  event_loops = 1
}}
media: {{ rtp_port_range = "20000-40000" }}
nat: {{ ice_lite = true }}
"""
_JANUS_HTTP = f"""general: {{
  json = "compact"
  base_path = "/janus"
  http = true
  port = 8088
  ip = "{SERVER}"
  https = false
}}
admin: {{ admin_http = false }}
"""
