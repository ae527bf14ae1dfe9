"""The one thread of a recording that touches the disk."""

import asyncio
import contextlib
import errno
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

QUEUE_LIMIT_BYTES = 32 * 2**20  # About a minute of two 720p pictures while the disk does not answer.
SYNC_S = 2.0
FREE_SPACE_S = 1.0
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(eq=False, slots=True)
class Sink:
    """One file. `revoked` is set by the loop: from then on the thread writes nothing more to it, not even what waits in the queue."""

    name: str
    revoked: bool = False
    taken_bytes: int = 0
    fd: int = field(default=-1, repr=False)
    dirty: bool = field(default=False, repr=False)


class Writer:
    """Appends to files in `directory` from a thread of its own.

    The queue holds 32 MiB. When it is full, `write` refuses and the caller drops that frame and everything of the track up to its next key frame;
    lines of the index are small and are never refused. Every 2 s everything is synced. Free space is looked at every second; below
    `reserve_bytes`, or at the first failing write, the thread closes all files and calls `on_failure(code)` on the loop, once. The last thing it
    tries to write is `farewell(code)`, to the sink `last`.
    """

    def __init__(
        self,
        directory: Path,
        reserve_bytes: int,
        on_failure: Callable[[str], None],
        last: Sink,
        farewell: Callable[[str], bytes],
    ) -> None:
        self._last, self._farewell = last, farewell
        self._directory = directory
        self._reserve_bytes = reserve_bytes
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[tuple[Sink, bytes | None] | None] = queue.SimpleQueue()
        self._queued_bytes = self._written_bytes = 0  # The loop writes one, the thread the other.
        self._open: list[Sink] = []
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"recorder {directory.name}", daemon=True)
        self.failed: str | None = None
        self.free_bytes = free_bytes(directory)

    def start(self) -> None:
        self._thread.start()

    @property
    def taken_bytes(self) -> int:
        return self._queued_bytes

    def write(self, sink: Sink, data: bytes, always: bool = False) -> bool:
        """Whether the bytes were taken. A new sink opens its file with its first bytes."""
        waiting_bytes = self._queued_bytes - self._written_bytes
        if self.failed or (waiting_bytes + len(data) > QUEUE_LIMIT_BYTES and not always):
            return False
        self._queued_bytes += len(data)
        sink.taken_bytes += len(data)
        self._queue.put((sink, data))
        return True

    def close_sink(self, sink: Sink) -> None:
        """Closes the file behind everything that waits for it."""
        self._queue.put((sink, None))

    async def close(self) -> None:
        """Everything queued is on the disk, or the writer has failed. Waits for a disk that does not answer for 30 s at most."""
        self._queue.put(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                await self._done.wait()

    def _run(self) -> None:
        try:
            self._work()
        except OSError as error:
            self.failed = "no_space" if error.errno in NO_SPACE else "write_failed"
            with contextlib.suppress(OSError):
                self._handle(self._last, self._farewell(self.failed))
        finally:
            self._close_all()
            self._tell(self._done.set)
        if self.failed:
            self._tell(self._on_failure, self.failed)

    def _tell(self, call: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # The loop is gone: the process ends.
            self._loop.call_soon_threadsafe(call, *arguments)

    def _work(self) -> None:
        synced = looked = time.monotonic()
        while True:
            with contextlib.suppress(queue.Empty):
                item = self._queue.get(timeout=0.5)
                if item is None:
                    return self._sync()
                self._handle(*item)
            now = time.monotonic()
            if now - synced >= SYNC_S:
                self._sync()
                synced = time.monotonic()
            if now - looked >= FREE_SPACE_S:
                looked = now
                self.free_bytes = free_bytes(self._directory)
                if self.free_bytes < self._reserve_bytes:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _handle(self, sink: Sink, data: bytes | None) -> None:
        if data is None:
            return self._close(sink)
        self._written_bytes += len(data)
        if sink.revoked:
            return None
        if sink.fd < 0:
            sink.fd = os.open(self._directory / sink.name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
            self._open.append(sink)
        _append(sink.fd, data)
        sink.dirty = True
        return None

    def _sync(self) -> None:
        for sink in self._open:
            if sink.dirty:
                os.fsync(sink.fd)
                sink.dirty = False

    def _close(self, sink: Sink) -> None:
        if sink.fd < 0:
            return
        self._open.remove(sink)
        try:
            os.fsync(sink.fd)
        finally:
            os.close(sink.fd)
            sink.fd = -1

    def _close_all(self) -> None:
        for sink in list(self._open):
            with contextlib.suppress(OSError):
                self._close(sink)


def _append(fd: int, data: bytes) -> None:
    """All of the data, or nothing of it: the half of a frame is taken back, so that the file ends well."""
    view, before = memoryview(data), os.fstat(fd).st_size
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(fd, before)
        raise


def free_bytes(directory: Path) -> int:
    """Bytes that this process may still write there."""
    facts = os.statvfs(directory)
    return facts.f_bavail * facts.f_frsize
