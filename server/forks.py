"""Where media workers come from: a process that has loaded all they need, kept at hand by the web process (`server/media/on_demand.py`)."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Protocol

import structlog

from server.config import ROOT

log = structlog.get_logger(__name__)

LOAD_LIMIT_S = 20.0
FORK_LIMIT_S = 2.0
AGAIN_S = 5.0
"""One that cannot be loaded is not tried in every round."""


class Child(Protocol):
    """A child process, as `subprocess.Popen` shows it."""

    pid: int

    def poll(self) -> int | None: ...
    def kill(self) -> None: ...
    def wait(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Loading:
    """A fork server that is loading, and the line to ask it on."""

    process: Child
    line: socket.socket


def start_loading() -> Loading:
    """Starts a fork server; needs no event loop, so that it loads while the web process still does. Raises OSError."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            words = (sys.executable, "-m", "server", "media", "--on-demand")
            process = subprocess.Popen(words, cwd=ROOT, stdin=theirs.fileno(), start_new_session=True)
        except OSError:
            ours.close()
            raise
    return Loading(process, ours)


class Forks:
    """The fork server's process. It ends with this one, however this one ends; the workers that it made do not.

    `loading` is one that was started already.
    """

    def __init__(self, loading: Loading | None = None) -> None:
        self._loading = loading
        self._process: Child | None = None
        self._reader = asyncio.StreamReader()
        self._writer: asyncio.StreamWriter | None = None
        self._is_loaded = self._is_asked = False
        self._began = float("-inf")
        self._turn = asyncio.Lock()  # Several workers may have ended at once; there is one line to ask on.

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def care(self) -> None:
        """Starts the process if there is none, for the next time; does not wait until it has loaded."""
        async with self._turn:
            if self.pid is None and time.monotonic() - self._began > AGAIN_S:
                try:
                    await self._start()
                except OSError as exc:  # No memory, no process: it passes.
                    log.warning("fork_server_not_started", reason=str(exc))

    async def fork(self, number: int = 0) -> int:
        """The pid of a new media worker, which is the one of this number. Raises OSError when there is none; the next time begins anew."""
        async with self._turn:
            return await self._fork(number)

    async def _fork(self, number: int) -> int:
        writer = self._writer if self.pid is not None else None
        if writer is None:
            writer = await self._start()
        try:
            if not self._is_loaded:
                await self._line(LOAD_LIMIT_S)
                self._is_loaded = True
            writer.write(bytes([number]))
            self._is_asked = True
            pid = int(await self._line(FORK_LIMIT_S))
            self._is_asked = False
            return pid
        except (OSError, ValueError) as exc:
            await self.close()
            raise OSError("the fork server does not answer") from exc

    async def _start(self) -> asyncio.StreamWriter:
        loading, self._loading = self._loading, None
        await self.close()
        self._began = time.monotonic()
        loading = loading or start_loading()
        self._process = loading.process
        self._reader, self._writer = await asyncio.open_unix_connection(sock=loading.line)
        log.info("fork_server_started", pid=self._process.pid)
        return self._writer

    async def _line(self, limit_s: float) -> bytes:
        """The next line; an empty one when the process has ended. Raises TimeoutError, which is an OSError."""
        async with asyncio.timeout(limit_s):
            return await self._reader.readline()

    async def close(self) -> None:
        """Ends the process; workers go on, but one that nobody heard of."""
        loading, self._loading = self._loading, None
        if loading is not None:
            loading.line.close()
            self._process = loading.process
        if self._writer is not None:
            if self._is_asked:
                await self._end_unheard(self._writer)
            self._writer.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.to_thread(self._process.wait)
        self._is_loaded = self._is_asked = False

    async def _end_unheard(self, writer: asyncio.StreamWriter) -> None:
        """Whoever asked went away before the answer came: the worker would keep the port for ever."""
        with contextlib.suppress(OSError):
            writer.write_eof()
            async with asyncio.timeout(FORK_LIMIT_S):
                answers = await self._reader.read()
            for pid in answers.split():
                os.kill(int(pid), signal.SIGTERM)
