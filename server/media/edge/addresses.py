"""Which addresses the media port listens on, and which ones browsers are told. IPv4 and IPv6 alike, each by a socket of its own."""

import ipaddress
import socket

from aioice.ice import get_host_addresses

from server.config import Settings

LOOPBACK = ("127.0.0.1", "::1")
NETWORK_BITS = 64
"""What one household or server gets of IPv6: whoever has one of these addresses has all of them."""


def listen_addresses(settings: Settings) -> list[str]:
    """Own addresses to bind, IPv4 first: those that are set, else all but link-local ones; loopback while the web process is for this machine only.

    Found ones that cannot be bound, such as IPv6 where the system has switched it off, are left out.
    """
    if settings.media_host:
        return split_addresses(settings.media_host)
    found = [*get_host_addresses(use_ipv4=True, use_ipv6=False), *get_host_addresses(use_ipv4=False, use_ipv6=True)]
    if _is_loopback(settings.host) or not found:
        found = [*found, *LOOPBACK]
    found = list(dict.fromkeys(found))  # Two interfaces may have the same one, as both ends of a tunnel do.
    return [address for address in found if not is_link_local(address) and _can_bind(address)]


def announced_addresses(settings: Settings, listening: list[str]) -> list[str]:
    """Addresses in the candidates, best first: what is set for NAT, else what we listen on. Link-local ones mean nothing to anybody else."""
    announced = split_addresses(settings.media_announce) or listening
    return [address for address in announced if not is_link_local(address)]


def split_addresses(text: str) -> list[str]:
    """Addresses with commas between; IPv6 ones may stand in brackets."""
    return [part.strip().removeprefix("[").removesuffix("]") for part in text.split(",") if part.strip()]


def family_of(address: str) -> socket.AddressFamily:
    """The family of a numeric address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def network_of(address: str) -> str:
    """What counts as one sender where senders are counted: an IPv4 address, or the /64 around an IPv6 one."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], NETWORK_BITS), strict=False))


def is_link_local(address: str) -> bool:
    """True for 169.254/16 and fe80::/10. A name is no such address."""
    try:
        return ipaddress.ip_address(address).is_link_local
    except ValueError:
        return False


def _can_bind(address: str) -> bool:
    try:
        with socket.socket(family_of(address), socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
