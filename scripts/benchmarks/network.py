"""A network of the benchmark's own: the measured server in a namespace, everything else outside, a veth pair between.

Loopback would not do: Janus skips loopback interfaces, and all subjects must travel the same path.
"""

import fcntl
import os
import re
import subprocess
import tempfile
from pathlib import Path

SERVER = "10.213.77.1"
CLIENT = "10.213.77.2"
STRANGER = "10.213.77.3"


class Network:
    """The namespace and its pair of interfaces, from `with` to its end. Needs root. One at a time on a machine: a second one waits.

    Raises `Unavailable` with a sentence for people when this machine does not allow it.
    """

    def __init__(self) -> None:
        self._name = f"oase-bench-{os.getpid()}"
        self._inner, self._outer = f"obi{os.getpid()}"[:15], f"obo{os.getpid()}"[:15]

    def __enter__(self) -> "Network":
        if os.geteuid() != 0:
            raise Unavailable("Network namespaces need root; start the benchmark with sudo.")
        self._lock = Path(tempfile.gettempdir(), "oase-bench.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        _remove_left_over()
        try:
            self._build()
        except (OSError, subprocess.CalledProcessError) as error:
            self.__exit__()
            raise Unavailable(f"No network namespace could be made here ({error}).") from error
        return self

    def _build(self) -> None:
        _ip("netns", "add", self._name)
        _ip("link", "add", self._outer, "type", "veth", "peer", "name", self._inner, "netns", self._name)
        for address in (CLIENT, STRANGER):
            _ip("addr", "add", f"{address}/29", "dev", self._outer)
        _ip("link", "set", self._outer, "up")
        _ip("-n", self._name, "link", "set", "lo", "up")
        _ip("-n", self._name, "addr", "add", f"{SERVER}/29", "dev", self._inner)
        _ip("-n", self._name, "link", "set", self._inner, "up")
        _ip("-n", self._name, "route", "add", "default", "via", CLIENT)

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "link", "del", self._outer], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", self._name], capture_output=True, check=False)
        self._lock.close()

    def inside(self, *command: str, core: int = 0) -> list[str]:
        """The command line that runs `command` in the namespace on one core; core 0 is otherwise left alone."""
        return ["ip", "netns", "exec", self._name, "taskset", "-c", str(core), *command]


def outside(*command: str, core: int | None = None) -> list[str]:
    """The command line that runs `command` outside, on the last core unless told otherwise."""
    return ["taskset", "-c", str((os.cpu_count() or 1) - 1 if core is None else core), *command]


class Unavailable(Exception):
    """What was to be measured cannot run on this machine; the text says why, in a sentence for people."""


def _remove_left_over() -> None:
    """Removes what a killed benchmark left; with the lock held, every namespace of that name is left over."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    for name in re.findall(r"^(oase-bench-\d+)", listed, re.MULTILINE):
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=False).stdout
    for name in re.findall(r": (obo\d+)", links):
        subprocess.run(["ip", "link", "del", name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
