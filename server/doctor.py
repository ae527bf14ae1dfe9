"""Looks at a machine and its settings before people do: ports, folders, space, database, Redis, HTTPS, the built front end."""

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis.asyncio as redis

from server.config import ROOT, Settings
from server.errors import OaseError
from server.media.client import MediaClient
from server.media.edge.addresses import family_of, split_addresses
from server.media.native.forwarder import load
from server.store.database import Database

LIMIT_S = 3.0
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  Compared, not listened on.


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `advice` says what to do."""

    is_good: bool
    what: str
    advice: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which they would matter."""
    workers = [settings.of_worker(number) for number in range(len(settings.media_controls))]
    run = await asyncio.gather(*(_answers(one) for one in workers))
    findings = [_front_end(), _folder(settings.data, "data"), _folder(settings.recordings, "recordings")]
    findings += [
        _space(settings),
        _web_port(settings),
        *(_media_port(one, runs) for one, runs in zip(workers, run, strict=True) if not settings.media_url),
        _announced(settings),
        _https(settings),
    ]
    findings.append(
        await _tried("database", lambda: _database(settings), "DATABASE_URL, and whether the database runs")
    )
    if settings.redis_url:
        findings.append(await _tried("Redis", lambda: _redis(settings), "REDIS_URL, and whether Redis runs"))
    findings.append(_forwarding(settings))
    findings += [_worker(one, runs) for one, runs in zip(workers, run, strict=True)]
    return findings


def _front_end() -> Finding:
    is_built = (ROOT / "web" / "dist" / "manifest.json").exists()
    return Finding(is_built, "front end is built", "" if is_built else "python3 scripts/setup.py run")


def _folder(path: Path, name: str) -> Finding:
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Finding(False, f"{name} folder {path}: {error.strerror}", "make it writable for this user")
    return Finding(True, f"{name} folder {path}")


def _space(settings: Settings) -> Finding:
    folder = settings.recordings if settings.recordings.exists() else ROOT
    free = shutil.disk_usage(folder).free
    hours = max(0.0, (free - settings.record_reserve_bytes) / (2 * 1.7e6 / 8 * 3600))  # Two people at 1.7 Mbit/s.
    is_enough = hours >= 1
    what = f"{free / 1e9:.1f} GB free: about {hours:.0f} h of recordings of two people"
    return Finding(is_enough, what, "" if is_enough else "free some space, or move OASE_RECORDINGS")


def _web_port(settings: Settings) -> Finding:
    if _is_free(socket.SOCK_STREAM, settings.host, settings.port):
        return Finding(True, f"TCP {settings.host}:{settings.port} is free for the web process")
    return Finding(
        True, f"TCP {settings.host}:{settings.port} is in use (by a running Oase, or choose another OASE_PORT)"
    )


def _media_port(settings: Settings, runs: bool) -> Finding:
    kinds = (("UDP", socket.SOCK_DGRAM), ("TCP", socket.SOCK_STREAM))
    hosts = split_addresses(settings.media_host) or [""]
    taken = [name for name, kind in kinds if not all(_is_free(kind, host, settings.own_media_port) for host in hosts)]
    if taken and not runs:
        return Finding(
            False,
            f"media port {settings.own_media_port} is in use ({', '.join(taken)})",
            "choose another OASE_MEDIA_PORT",
        )
    return Finding(True, f"media port {settings.own_media_port} (UDP and TCP; open it in the firewall)")


def _worker(settings: Settings, runs: bool) -> Finding:
    name = f"media worker {settings.media_number}"
    if runs:
        return Finding(True, f"{name}: runs")
    if settings.media_url:
        return Finding(False, f"{name}: does not answer at {settings.media_control}", "look at its own log")
    return Finding(True, f"{name}: does not run now (serve starts it)")


def _forwarding(settings: Settings) -> Finding:
    if not settings.media_compiled:
        return Finding(True, "packets are forwarded by Python (OASE_MEDIA_COMPILED is off)")
    if load() is None:
        return Finding(
            True, "packets are forwarded by Python (with a C compiler, scripts/setup.py builds quicker code)"
        )
    return Finding(True, "packets are forwarded by compiled code")


def _is_free(kind: socket.SocketKind, host: str, port: int) -> bool:
    with socket.socket(family_of(host), kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _announced(settings: Settings) -> Finding:
    if settings.media_announce:
        return Finding(True, f"browsers send media to {settings.media_announce}")
    return Finding(True, "browsers send media to this machine's own addresses (behind NAT set OASE_MEDIA_ANNOUNCE)")


def _https(settings: Settings) -> Finding:
    url = urlsplit(settings.public_url)
    if url.scheme == "https" or url.hostname in {"127.0.0.1", "localhost", "::1"}:
        return Finding(True, f"{settings.public_url}: browsers give camera and microphone")
    advice = "set OASE_URL=https://… behind a proxy with a certificate: docker/README.md"
    return Finding(False, f"{settings.public_url}: no camera without HTTPS", advice)


async def _tried(name: str, work: Callable[[], Awaitable[None]], advice: str) -> Finding:
    try:
        async with asyncio.timeout(LIMIT_S):
            await work()
    except (OaseError, OSError, TimeoutError, redis.RedisError) as error:
        return Finding(False, f"{name} does not answer ({type(error).__name__})", f"look at {advice}")
    return Finding(True, f"{name} answers")


async def _database(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        async with database.read() as connection:
            await connection.exec_driver_sql("SELECT 1")
    finally:
        await database.close()


async def _redis(settings: Settings) -> None:
    client = redis.from_url(settings.redis_url, socket_connect_timeout=1, socket_timeout=1)
    try:
        await client.ping()
    finally:
        await client.aclose()


async def _answers(settings: Settings) -> bool:
    async with MediaClient(settings.media_control, settings.media_secret) as client:
        try:
            async with asyncio.timeout(LIMIT_S):
                return (await client.health()).ready
        except (OaseError, TimeoutError):
            return False
