"""Keeps Python's collector of garbage from walking thousands of open pages again and again.

A page is some two hundred objects that stay as long as it is open; walking those of 5,000 pages stopped the process for 0.4 s, every ten seconds
while people wrote. What is open is set aside (`gc.freeze`, which takes no time): references free it as before, only circles among what was set
aside wait. So all is walked once many pages have gone.
"""

import gc

NEW_PAGES = 250
GONE_PAGES = 1_000


class Settled:
    """Of one process. A house with few pages is left to the collector as it is."""

    def __init__(self) -> None:
        self._opened = self._closed = 0

    def opened(self) -> None:
        """One more page is open."""
        self._opened += 1
        if self._opened >= NEW_PAGES:
            gc.freeze()
            self._opened = 0

    def closed(self) -> None:
        """A page has gone."""
        self._closed += 1

    def sweep(self, open_now: int) -> None:
        """Walks all when as many pages have gone as are half of those that are open. Call every few seconds."""
        if self._closed < max(GONE_PAGES, open_now // 2):
            return
        gc.unfreeze()
        gc.collect()
        if open_now >= NEW_PAGES:
            gc.freeze()
        self._opened = self._closed = 0
