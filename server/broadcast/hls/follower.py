"""Reads the index of a stream while another process writes it."""

import asyncio
from pathlib import Path

from server.broadcast.hls import index
from server.broadcast.hls.stream import Stream


class Follower:
    """Keeps `stream` as new as the index was at the last `refresh`."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / index.NAME
        self._position = 0
        self._reading = asyncio.Lock()
        self.stream = Stream()

    async def refresh(self) -> set[str]:
        """The kinds of lines that were new. The disk is read in a thread; calls wait in line. Raises OSError, ValueError for a broken index."""
        async with self._reading:
            entries, self._position = await asyncio.to_thread(self._read)
            for entry in entries:
                try:
                    self.stream.apply(entry)
                except (KeyError, TypeError, IndexError) as error:
                    raise ValueError(f"{self._path} is broken") from error
            return {str(entry["kind"]) for entry in entries}

    def _read(self) -> tuple[list[dict[str, object]], int]:
        try:
            if self._path.stat().st_size == self._position:
                return [], self._position
        except FileNotFoundError:
            return [], self._position
        return index.read_entries(self._path, self._position)
