"""Network namespaces of a test's own, and how to get a process or a socket into one. Needs root."""

import socket
import subprocess
import threading

from tests.media.namespaces import NAMED, enter


def ip(*words: str) -> None:
    """Runs `ip`; raises CalledProcessError with what it said."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def inside(namespace: str, *command: str) -> list[str]:
    """The command line that runs `command` in the namespace, with all its file descriptors."""
    return ["nsenter", f"--net={NAMED / namespace}", *command]


def socket_inside(namespace: str, family: int = socket.AF_INET, kind: int = socket.SOCK_DGRAM) -> socket.socket:
    """A socket that lives in the namespace; whoever uses it stays where they are."""
    made: list[socket.socket | OSError] = []

    def make() -> None:  # A thread has a namespace of its own, and this one ends with its socket.
        try:
            enter(NAMED / namespace)
            made.append(socket.socket(family, kind))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    found = made[0]
    if isinstance(found, OSError):
        raise found
    return found
