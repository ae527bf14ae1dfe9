"""A process that has loaded everything and becomes a media worker whenever one is needed: `python -m server media --on-demand`.

Loading the worker's libraries takes a second of a core, far longer where browsers encode on the same cores; a fork takes milliseconds. It opens
nothing, has no timers and no threads, and shares its memory with the workers that it made.
"""

import contextlib
import gc
import os
import signal
import socket
import sys

READY = b"ready\n"


def wait_for_work() -> int:
    """Returns in a new process, with a session and an empty standard input of its own, for each byte that comes on standard input (a socket).

    The byte is the number of the worker that the new process is to be.

    Says there `ready` first, and the pid of each new process. The process that waits ends with its end of file: whoever asked is gone.
    """
    with socket.socket(fileno=os.dup(0)) as asked, contextlib.suppress(ConnectionError):
        _read_nothing()
        signal.signal(
            signal.SIGCHLD, signal.SIG_IGN
        )  # Who watches the workers is another process: none waits to be reaped.
        gc.collect()
        gc.freeze()  # A walk of the collector through shared memory would copy it.
        asked.sendall(READY)
        while number := asked.recv(1):
            pid = os.fork()
            if pid == 0:
                os.setsid()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return number[0]
            asked.sendall(b"%d\n" % pid)
    sys.exit()


def _read_nothing() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
