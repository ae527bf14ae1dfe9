"""Parts and segments in memory, read from the disk once for all who ask."""

import asyncio
from collections import OrderedDict
from pathlib import Path

from server.tasks import Tasks

LIMIT_BYTES = (
    64 * 2**20
)  # Three minutes at 2.5 Mbit/s: the live edge, where the crowd is. Who winds back is served from the disk.


class Files:
    """The newest-used files of one folder, 64 MiB at most; the longest unused leave first. Files never change under their names."""

    def __init__(self, directory: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._directory, self._limit_bytes = directory, limit_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[str, asyncio.Task[bytes | None]] = {}
        self._tasks = Tasks(f"files {directory.name}")

    async def read(self, name: str) -> bytes:
        """The whole file. Raises FileNotFoundError and other OSErrors. `name` comes from the index, never from a viewer."""
        kept = self._kept.get(name)
        if kept is not None:
            self._kept.move_to_end(name)
            return kept
        reading = self._reading.get(name)
        if reading is None:
            reading = self._reading[name] = self._tasks.start(self._load(name), name)
        data = await asyncio.shield(reading)
        if data is None:
            raise FileNotFoundError(name)
        return data

    async def close(self) -> None:
        await self._tasks.close()

    async def _load(self, name: str) -> bytes | None:
        try:
            data = await asyncio.to_thread((self._directory / name).read_bytes)
        except FileNotFoundError:
            return None
        finally:
            del self._reading[name]
        self._kept[name] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > self._limit_bytes and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])
        return data
