"""Who watches one broadcast, as one web process sees it: counted, never listed. Rules only.

A page of ours has a socket, and the socket is the viewer, whatever its player asks for. A player without a page is known by its requests: it watches
until it has asked for nothing for a while. Both are told apart by a key that stands for an address and a browser and says nothing about either.
The team's pages are no viewers, nor are the players in them that show what the audience sees.
"""

from collections import deque
from dataclasses import dataclass

Key = bytes

QUIET_S = 20.0
"""Players ask every half second (LL-HLS) to every six seconds (long segments): who did not for so long has stopped."""
PLAYERS_MAX = 100_000
"""Keys of players that one broadcast keeps; later ones are not counted until others have stopped."""
CACHE_HINT = 2.0
"""Requests of one player within `QUIET_S` that reach us: fewer come only where a cache in front answers the others."""
ENOUGH_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Viewers:
    """How many watch now: pages of ours, and players without one."""

    pages: int = 0
    players: int = 0

    @property
    def all(self) -> int:
        return self.pages + self.players

    def __add__(self, other: "Viewers") -> "Viewers":
        return Viewers(self.pages + other.pages, self.players + other.players)


class Audience:
    """The pages and players of one broadcast. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._pages: dict[Key, int] = {}
        self._team: dict[Key, int] = {}
        self._players: dict[Key, float] = {}
        self._page_count = 0
        self._of_pages = 0  # Requests since the last look.
        self._of_players = 0
        self._recent: deque[tuple[float, int, int]] = deque()

    def connected(self, key: Key, *, team: bool = False) -> None:
        """A page opened its socket. Its player is no longer a player without a page."""
        pages = self._team if team else self._pages
        pages[key] = pages.get(key, 0) + 1
        self._page_count += not team
        self._players.pop(key, None)

    def left(self, key: Key, *, team: bool = False) -> None:
        """A page's socket closed. A player that goes on with the same key will ask again."""
        pages = self._team if team else self._pages
        count = pages.get(key, 0)
        if not count:
            return
        self._page_count -= not team
        if count > 1:
            pages[key] = count - 1
        else:
            del pages[key]

    def saw(self, key: Key, older: Key | None, now: float) -> None:
        """Somebody asked for a playlist. `older`: the key that the same one had yesterday."""
        if key in self._pages or (older is not None and older in self._pages):
            self._of_pages += 1
            return
        if key in self._team or (older is not None and older in self._team):
            return
        if older is not None:
            self._players.pop(older, None)
        self._of_players += 1
        if key in self._players or len(self._players) < PLAYERS_MAX:
            self._players[key] = now

    def look(self, now: float) -> Viewers:
        """How many watch. Forgets the players that stopped."""
        self._players = {key: at for key, at in self._players.items() if now - at < QUIET_S}
        self._recent.append((now, self._of_pages, self._of_players))
        self._of_pages = self._of_players = 0
        while now - self._recent[0][0] >= QUIET_S:
            self._recent.popleft()
        of_pages = sum(asked for _, asked, _ in self._recent)
        of_players = sum(asked for _, _, asked in self._recent)
        seen = len(self._players)
        return Viewers(self._page_count, max(seen, hidden(self._page_count, of_pages, seen, of_players)))

    @property
    def is_empty(self) -> bool:
        """Nobody watches, and nobody did lately."""
        return not self._page_count and not self._players and not self._team


def hidden(pages: int, of_pages: int, players: int, of_players: int) -> int:
    """How many players without a page there are behind a cache, by the requests that it let through; 0 when there is none.

    A cache picks whose request reaches us without knowing who that is. We know how many pages there are, so their share of the requests tells how
    many the others are.
    """
    if of_pages < ENOUGH_REQUESTS or of_pages > CACHE_HINT * pages or of_players > CACHE_HINT * players:
        return 0
    return round(pages * of_players / of_pages)
