"""Serves until SIGTERM or Ctrl-C, and says in a few calm lines where to go."""

import asyncio
import contextlib
import resource
import signal
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from server.api.call import HOUSE
from server.api.lane import LaneRunner
from server.app import end_gently, make_app
from server.config import ROOT, Settings
from server.forks import Loading
from server.service.agents import first_sign_in_link, may_anybody_sign_in
from server.service.house import House

log = structlog.get_logger(__name__)

GOODBYE_S = 0.3  # So that the last events reach the pages.
DRAIN_S = 1.5  # Sockets stay open until then; a request that needs longer is cut.
BACKLOG = 1024
LINGER_S = 1.0  # How long the rest of a refused body is read, so that the caller hears why.
# A connection that has not sent a whole request header (slow attackers, test-catalogue L5) is closed after this; a proxy keeps its idle
# connections for longer (Caddy: two minutes), and closing one while it is about to be used would be a failed request.
IDLE_CONNECTION_S = 14.0
IDLE_PROXY_CONNECTION_S = 130.0
LAN_PORT = 8443


async def serve_until_told(
    settings: Settings,
    *,
    robots: Sequence[str] | None,
    lan: bool = False,
    print_link: bool = False,
    loading: Loading | None = None,
) -> int:
    """The process' exit code: 0 after an orderly end, 1 when it could not start.

    `robots`: the demo's robots come, with these options; None: none. `lan`: HTTPS in this network too. `print_link`: the first sign-in link is
    printed even where it may end up in a log. `loading`: where media workers will come from.
    """
    print_link = print_link or sys.stdout.isatty()
    _allow_many_sockets()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    here = _lan_address() if lan else None
    if here:
        settings = settings.model_copy(update={"url": settings.url or f"https://{here}:{LAN_PORT}"})
    app = make_app(settings, loading)
    idle_s = IDLE_PROXY_CONNECTION_S if settings.trusted_proxies else IDLE_CONNECTION_S
    runner = LaneRunner(
        app, access_log=None, shutdown_timeout=DRAIN_S, keepalive_timeout=idle_s, lingering_time=LINGER_S
    )
    await runner.setup()
    try:
        if not await _listen(runner, settings, here):
            return 1
        await _run(app, settings, _address(settings, runner), _local_address(runner), robots, stop, print_link)
        return 0
    finally:
        await runner.cleanup()


def _allow_many_sockets() -> None:
    """As many open files as the system lets us have: each page is one, and the usual limit of 1,024 is less than an audience."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _lan_address() -> str | None:
    from server.lan import own_address

    return own_address()


async def _listen(runner: web.AppRunner, settings: Settings, here: str | None) -> bool:
    """Opens the port, and for `here` HTTPS beside it. Says why when that does not work."""
    where = f"{settings.host}:{settings.port}"
    try:
        await web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG).start()
        if here:
            where = f"{here}:{LAN_PORT}"
            from server.lan import lan_context

            context = lan_context(settings.data, here)
            await web.TCPSite(runner, here, LAN_PORT, backlog=BACKLOG, ssl_context=context).start()
    except OSError as error:
        _say(f"Nothing started: {where} cannot be listened on ({error.strerror}).")
        _say("Another address: scripts/run --port 8081")
        return False
    return True


async def _run(
    app: web.Application,
    settings: Settings,
    address: str,
    local: str,
    robots: Sequence[str] | None,
    stop: asyncio.Event,
    print_link: bool,
) -> None:
    """From the welcome to the goodbye."""
    _say(_welcome(settings, address, await _how_to_sign_in(app[HOUSE], address, print_link)))
    robot = None if robots is None else await _start_robots(local, robots)
    try:
        await stop.wait()
    finally:
        if robot is not None:
            with contextlib.suppress(ProcessLookupError):
                robot.terminate()
    await end_gently(app)
    await asyncio.sleep(GOODBYE_S)


def _address(settings: Settings, runner: web.AppRunner) -> str:
    """Where people go: OASE_URL, or what was really listened on (port 0 takes a free one)."""
    return settings.public_url if settings.url else _local_address(runner)


def _local_address(runner: web.AppRunner) -> str:
    """Where this machine itself reaches it."""
    host, port = runner.addresses[0][:2]
    name = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104  Compared, not listened on.
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


async def _how_to_sign_in(house: House, address: str, print_link: bool) -> list[str]:
    """Lines for the first agent; none once an account has a password. The link is a secret: it is made only where it is shown."""
    if await may_anybody_sign_in(house):
        return []
    link = await first_sign_in_link(house) if print_link else None
    if link is None:
        return ["", "    Nobody can sign in yet. Make the first account:  python -m server agent add EMAIL --admin"]
    path = link if link.startswith("/") else f"{urlsplit(link).path}#{urlsplit(link).fragment}"
    return ["", "    Sign in the first time with this link. It works once:", f"    {address}{path}"]


def _welcome(settings: Settings, address: str, sign_in: list[str]) -> str:
    """The block that is printed at the start."""
    lines = [
        "",
        f"  {settings.company} is running.",
        "",
        f"    Customers   {address}/",
        f"    Agents      {address}/desk",
    ]
    lines += [
        *sign_in,
        "",
        *(f"    {line}" for line in _how_from_a_phone(settings, address)),
        "",
        "    Ctrl-C ends it.",
        "",
    ]
    return "\n".join(lines)


def _how_from_a_phone(settings: Settings, address: str) -> list[str]:
    if address.startswith("https://"):
        return [
            f"From a phone: open {address}/",
            f"Picture and sound use UDP and TCP {_media_ports(settings)}: open it in the firewall.",
        ]
    return [
        "From a phone: browsers give camera and microphone to HTTPS pages only.",
        "  To try it in your own network:  scripts/run --lan",
        "  For everybody:                  docker/README.md",
    ]


def _media_ports(settings: Settings) -> str:
    first, last = settings.media_port, settings.media_port + len(settings.media_controls) - 1
    return f"port {first}" if first == last else f"ports {first} to {last}"


async def _start_robots(address: str, options: Sequence[str]) -> asyncio.subprocess.Process:
    """The demo's robots, as a process of their own: it decodes and encodes, and must not slow down this one."""
    command = (sys.executable, "-m", "server", "demo", "--url", address, *options)
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
