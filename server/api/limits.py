"""How often somebody may call: counted by address and by cookie, in memory or in Redis, with a price for each route."""

import hashlib
import time

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from server.errors import TooManyRequests

log = structlog.get_logger(__name__)

ASK_REDIS_AGAIN_S = 5.0
PER_ADDRESS = 1200  # Points a minute; many people share one address behind NAT, so this is loose.
PER_COOKIE = 600
GUESSES_PER_ADDRESS = 10  # Wrong passwords and unknown links a minute.
GUESSES_PER_ACCOUNT = 10  # From one address, so that nobody locks others out (test-catalogue L12).
GUESSES_PER_ACCOUNT_ANYWHERE = 100


class Limits:
    """Points spent and wrong guesses. `factor` scales all limits; 0 switches them off (load tests on one address).

    `sockets`: open at once from one address.
    """

    def __init__(self, redis_url: str = "", factor: float = 1.0, sockets: int = 1000) -> None:
        self._factor, self._sockets = factor, sockets
        self._memory = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(_redis(redis_url)) if redis_url else None
        self._memory_until = 0.0

    async def spend(self, kind: str, who: str, points: int, limit: int) -> None:
        """Takes `points` from what `who` may spend in this minute. Raises TooManyRequests when nothing is left."""
        if not await self._hit(self._item(limit), kind, who, points):
            raise TooManyRequests(retry_after_s=60)

    def check_sockets(self, open_now: int) -> None:
        """Raises TooManyRequests when one address holds as many sockets as it may."""
        if self._factor and open_now >= self._sockets * self._factor:
            raise TooManyRequests(retry_after_s=10)

    async def check_guesses(self, address: str, account: str = "") -> None:
        """Raises TooManyRequests when this address, or this account, saw too many wrong guesses in this minute."""
        for limit, kind, who in self._guess_keys(address, account):
            if not await self._test(self._item(limit), kind, who):
                raise TooManyRequests(retry_after_s=60)

    async def count_guess(self, address: str, account: str = "") -> None:
        """Notes one wrong guess."""
        for limit, kind, who in self._guess_keys(address, account):
            await self._hit(self._item(limit), kind, who, 1)

    def _guess_keys(self, address: str, account: str) -> list[tuple[int, str, str]]:
        keys = [(GUESSES_PER_ADDRESS, "guess", address)]
        if account:
            name = account.strip().lower()
            keys.append((GUESSES_PER_ACCOUNT, "account", f"{name}|{address}"))
            keys.append((GUESSES_PER_ACCOUNT_ANYWHERE, "account-anywhere", name))
        return keys

    def _item(self, limit: int) -> RateLimitItem:
        return RateLimitItemPerMinute(max(1, int(limit * self._factor)))

    async def _hit(self, item: RateLimitItem, kind: str, who: str, points: int) -> bool:
        if not self._factor:
            return True
        key = _digest(who)
        if self._shared and time.monotonic() > self._memory_until:
            try:
                return await self._shared.hit(item, kind, key, cost=points)
            except StorageError as error:
                self._note_away(error)
        return await self._memory.hit(item, kind, key, cost=points)

    async def _test(self, item: RateLimitItem, kind: str, who: str) -> bool:
        if not self._factor:
            return True
        key = _digest(who)
        if self._shared and time.monotonic() > self._memory_until:
            try:
                return await self._shared.test(item, kind, key)
            except StorageError as error:
                self._note_away(error)
        return await self._memory.test(item, kind, key)

    def _note_away(self, error: BaseException) -> None:
        """While Redis is away each process counts for itself: people are served, guessing stays slow. Redis is asked again after a while."""
        self._memory_until = time.monotonic() + ASK_REDIS_AGAIN_S
        log.warning("limits_without_redis", error=type(error).__name__)


def _redis(url: str) -> RedisStorage:
    """Redis as the counter; a slow Redis is as good as none after half a second."""
    return RedisStorage(
        f"async+{url}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix="oase-limits",
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
    )


def _digest(who: str) -> str:
    """Cookies and addresses are not kept in the counters as they are."""
    return hashlib.sha256(who.encode()).hexdigest()[:24]
