"""How often somebody may try to sign in.

Counted for account and address together, so that who guesses at an account does not lock out its owner elsewhere; for the address alone; and for
the account alone, which binds only addresses that the account was never signed in from.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from server.errors import TooManyRequests
from server.service.house import House
from server.store import agents as store

WINDOW = timedelta(minutes=15)
PAIR_LIMIT, ADDRESS_LIMIT, ACCOUNT_LIMIT = 5, 30, 50


@dataclass(frozen=True, slots=True)
class Try:
    """One try, counted as failed until `worked`."""

    number: int
    account: str
    address: str


async def begin_try(house: House, email: str, address: str) -> Try:
    """Counts a try. Raises TooManyRequests(retry_after_s), and then does not count."""
    account, place = _hash(email), _hash(_network(address))
    now = house.now()
    async with house.db.write() as db:
        pair = await store.list_failures(db, now - WINDOW, account=account, address=place)
        _check(pair, PAIR_LIMIT, now)
        _check(await store.list_failures(db, now - WINDOW, address=place), ADDRESS_LIMIT, now)
        if not await store.knows_address(db, account, place):
            _check(await store.list_failures(db, now - WINDOW, account=account), ACCOUNT_LIMIT, now)
        number = await store.add_try(db, account, place, now)
    return Try(number, account, place)


async def end_try(db: AsyncConnection, one: Try) -> None:
    """The try worked: earlier failures of this account from this address are forgiven."""
    await store.forgive_tries(db, one.number, one.account, one.address)


def _check(failures: list[datetime], limit: int, now: datetime) -> None:
    if len(failures) >= limit:
        wait = failures[limit - 1] + WINDOW - now
        raise TooManyRequests(retry_after_s=max(1, int(wait.total_seconds()) + 1))


def _network(address: str) -> str:
    """The address that counts: an IPv6 customer has a whole /64."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
