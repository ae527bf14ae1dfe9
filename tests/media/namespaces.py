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


class Network:
    """`here` is where the test lives, `there` a neighbour's, one wire away; both are names of namespaces."""

    def __init__(self) -> None:
        self.here, self.there = (f"oase-{side}-{os.getpid()}" for side in ("here", "there"))

    def build(self, here: tuple[str, ...], there: tuple[str, ...]) -> None:
        for name in (self.here, self.there):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", self.here, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.there)
        for name, addresses in ((self.here, here), (self.there, there)):
            _ip("-n", name, "link", "set", "wire", "up")
            for address in addresses:
                family = "-6" if ":" in address else "-4"
                options = ["nodad"] if ":" in address else []  # Nobody else has it, and asking takes a second.
                _ip(family, "-n", name, "addr", "add", address, "dev", "wire", *options)
                _ip(family, "-n", name, "route", "replace", "default", "dev", "wire")

    def close(self) -> None:
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def block(self, address: str) -> None:
        """From now on nothing that the neighbour sends to `address` arrives, and nobody says so."""
        _ip("-n", self.there, "route", "add", "blackhole", address)

    def neighbours(self, folder: Path, command: str) -> Path:
        """A program that is `command`, run at the neighbour's."""
        script = folder / f"{Path(command).name}-there"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {self.there} {command} "$@"\n')
        script.chmod(0o755)
        return script


@contextlib.contextmanager
def network_of(*addresses: str, neighbour: tuple[str, ...] = ()) -> Iterator[Network]:
    """Until its end this thread, and what it starts, lives in a network with these addresses (such as fd77::1/64) and loopback.

    A wire leads out of it, so IPv6 has link-local addresses beside them, as on every machine.
    """
    network = Network()
    try:
        network.build(addresses, neighbour)
        with _inside(NAMED / network.here):
            yield network
    finally:
        network.close()


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
