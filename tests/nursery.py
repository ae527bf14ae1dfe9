"""A process that has loaded the server and becomes `python -m server serve` whenever a test wants one (`tests/loaded.py`).

It waits at the socket whose path it gets. Each connection is one server: a line of JSON with its environment and log file goes in,
its pid comes back, and its exit code when it has ended.
"""

import asyncio
import gc
import json
import os
import random
import selectors
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from server.forks import Loading

LINE_MAX = 1 << 18


@dataclass
class Forked:
    """A child of this process, as `subprocess.Popen` shows it."""

    pid: int
    code: int | None = None

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        return self._reap(0) or 0

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _reap(self, options: int) -> int | None:
        if self.code is None:
            pid, status = os.waitpid(self.pid, options)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code


class Nursery:
    """The waiting process: forks servers and says how they end."""

    def __init__(self, place: str) -> None:
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(place + ".new")
        self._listening.listen(64)
        os.rename(place + ".new", place)  # Whoever finds it can connect.
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ, self._accept)
        self._selector.register(0, selectors.EVENT_READ, sys.exit)  # Whoever started this process is gone.

    def wait(self) -> NoReturn:
        while True:
            for key, _ in self._selector.select():
                key.data()

    def _accept(self) -> None:
        line, _ = self._listening.accept()
        asked = json.loads(line.makefile("rb").readline(LINE_MAX))
        pid = os.fork()
        if pid == 0:
            serve(asked)
        line.sendall(b"%d\n" % pid)
        ended = os.pidfd_open(pid)
        self._selector.register(ended, selectors.EVENT_READ, lambda: self._tell(ended, line, pid))

    def _tell(self, ended: int, line: socket.socket, pid: int) -> None:
        self._selector.unregister(ended)
        os.close(ended)
        code = Forked(pid).wait()
        with line:
            try:
                line.sendall(b"%d\n" % code)
            except OSError:
                return  # Nobody waits for it any more.


def serve(asked: dict[str, Any]) -> NoReturn:
    """What `python -m server serve` does, with everything loaded."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.closerange(3, 1024)  # The sockets of those who asked; their objects live on, unused.
    _write_to(asked["log"])
    random.seed()
    from server.config import settings
    from server.log import set_up
    from server.serving import serve_until_told

    set_up(settings().log_level)
    code = 1
    try:
        loading = fork_loader() if settings().starts_media else None
        printing = os.environ.get("OASE_PRINT_LINK") == "1"
        code = asyncio.run(serve_until_told(settings(), robots=None, print_link=printing, loading=loading))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _write_to(log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in ((0, nothing), (1, out), (2, out)):
        os.dup2(file, number)
    os.close(out)
    os.close(nothing)


def fork_loader() -> Loading:
    """What `start_loading` gives, without loading."""
    from server.media.on_demand import wait_for_work
    from server.media.worker import main as work

    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        ours.close()
        os.dup2(theirs.fileno(), 0)
        theirs.close()
        try:
            work(wait_for_work())
        finally:
            os._exit(0)
    theirs.close()
    return Loading(Forked(pid), ours)


def main() -> NoReturn:
    import server.media.on_demand
    import server.media.worker
    import server.serving  # noqa: F401

    nursery = Nursery(sys.argv[1])
    gc.collect()
    gc.freeze()
    nursery.wait()


if __name__ == "__main__":
    main()
