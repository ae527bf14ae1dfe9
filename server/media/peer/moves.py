"""How often a peer may move. Who forges sender addresses could else point our pictures at one stranger after the other."""

import asyncio
import math

from server.media.edge.counters import Counters
from server.media.edge.paths import Path
from server.media.peer.link import Link

PAUSE_S = 1.0
"""A phone that changes networks moves once or twice; the second time it waits no longer than this."""


class Moves:
    """Takes one link from path to path, once a second at most. Of several wishes in between the last one counts, when its time has come."""

    def __init__(self, link: Link, counters: Counters) -> None:
        self._link = link
        self._counters = counters
        self._moved_at = -math.inf
        self._wish: Path | None = None
        self._timer: asyncio.TimerHandle | None = None

    def nominated(self, path: Path, now: float) -> None:
        """The browser chose this path, which may be the one it has. `now` in seconds."""
        self._wish = None
        if self._link.path is not None and self._link.path.address == path.address and self._link.batch is path.batch:
            return
        wait_s = self._moved_at + PAUSE_S - now
        if wait_s <= 0:
            self._move(path, now)
            return
        self._counters.add("moves_held")
        self._wish = path
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._due)

    def lost(self, path: Path) -> None:
        """Nothing goes over this path any more."""
        if self._wish is path:
            self._wish = None

    def close(self) -> None:
        """It stays where it is."""
        self._wish = None
        if self._timer is not None:
            self._timer.cancel()

    def _due(self) -> None:
        self._timer = None
        if self._wish is not None:
            self._move(self._wish, self._moved_at + PAUSE_S)

    def _move(self, path: Path, now: float) -> None:
        self._wish, self._moved_at = None, now
        self._link.use(path)
