"""Which addresses the media port listens on, and which ones browsers are told."""

import ipaddress

from aioice.ice import get_host_addresses

from server.config import Settings

LOOPBACK = "127.0.0.1"


def listen_addresses(settings: Settings) -> list[str]:
    """Own IPv4 addresses to bind: the one that is set, else all; 127.0.0.1 too while the web process is only for this machine."""
    if settings.media_host:
        return [part.strip() for part in settings.media_host.split(",") if part.strip()]
    found = get_host_addresses(use_ipv4=True, use_ipv6=False)
    return [*found, LOOPBACK] if _is_loopback(settings.host) or not found else found


def announced_addresses(settings: Settings, listening: list[str]) -> list[str]:
    """Addresses in the candidates, best first: what is set for NAT, else what we listen on."""
    announced = [part.strip() for part in settings.media_announce.split(",") if part.strip()]
    return announced or listening


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
