"""Real servers for the tests, each on a free port, in a folder of its own, ended with the test run."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START_LIMIT_S = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{process.args} does not listen on {port}")


class Redis:
    """A Redis server that can be stopped and started again, empty, on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL, cwd="/tmp")
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Postgres:
    """A PostgreSQL cluster without fsync. It refuses to run as root, so root hands it to the user `postgres`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="oase-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            environment = {**os.environ, "HOME": str(self._folder)}
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "env": environment}

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://app@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        options = ["-A", "trust", "-U", "app", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        command = [self._program("initdb"), "-D", self._folder / "data", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **self._as_user)

    def start(self) -> None:
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}", "fsync=off"]
        settings += ["full_page_writes=off", "max_connections=200"]
        options = [word for setting in settings for word in ("-c", setting)]
        command = [self._program("postgres"), "-D", self._folder / "data", "-p", str(self.port), *options]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=self._folder, **self._as_user)
        wait_for_port(self.port, self._process)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        """It listens a moment before it lets anybody in ("the database system is starting up")."""
        command = [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        end = time.monotonic() + START_LIMIT_S
        while subprocess.run(command, check=False).returncode != 0:
            if time.monotonic() > end:
                raise TimeoutError("PostgreSQL does not get ready")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def _program(name: str) -> Path:
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
        return found[-1]


@contextlib.contextmanager
def running_redis() -> Iterator[Redis]:
    server = Redis()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.remove()
