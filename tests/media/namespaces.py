"""A network of a test's own: one namespace that the whole test runs in, with its servers, browsers and everything else that it starts (root)."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

CLONE_NEWNET = 0x40000000
HERE = Path("/proc/self/ns/net")
NAMED = Path("/run/netns")


def why_not() -> str:
    """Why no namespace can be made here, or ""."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"oase-try-{os.getpid()}"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (OSError, subprocess.CalledProcessError):
        return "no network namespaces here"
    return ""


@contextlib.contextmanager
def network_of(*addresses: str) -> Iterator[None]:
    """Until its end this thread, and what it starts, lives in a network with these addresses (such as fd77::1/64) and loopback.

    A pair of interfaces makes it, so IPv6 has link-local addresses beside them, as on every machine.
    """
    name = f"oase-test-{os.getpid()}"
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "add", "inner", "type", "veth", "peer", "name", "outer")
        for link in ("lo", "inner", "outer"):
            _ip("-n", name, "link", "set", link, "up")
        for address in addresses:
            options = ["nodad"] if ":" in address else []  # Nobody else has it, and asking takes a second.
            _ip("-n", name, "addr", "add", address, "dev", "inner", *options)
            family = "-6" if ":" in address else "-4"
            subprocess.run(["ip", family, "-n", name, "route", "add", "default", "dev", "inner"], check=False)
        with _inside(NAMED / name):
            yield
    finally:
        _ip("netns", "del", name)


@contextlib.contextmanager
def _inside(namespace: Path) -> Iterator[None]:
    home = os.open(HERE, os.O_RDONLY)
    try:
        enter(namespace)
        yield
    finally:
        enter(home)
        os.close(home)


def enter(namespace: Path | int) -> None:
    """From now on this thread, and what it starts, is in that namespace. Raises OSError."""
    descriptor = namespace if isinstance(namespace, int) else os.open(namespace, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        if not isinstance(namespace, int):
            os.close(descriptor)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
