"""Which media worker a session lives on: its home. Whoever connects first chooses it by load; all others of the session connect there.

The home stands in the database, so that it survives a web process, and all of them agree. A session keeps it, with two exceptions: its worker
ended and is not back after a few seconds, or its worker takes nobody and nobody is in the session. An agent at the desk stands by where the
customer is connected who has waited longest; taking that case needs no new connection.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from server.config import Settings
from server.domain.words import ConnectionId, SessionId
from server.errors import Busy, MediaAway
from server.media.client import MediaClient
from server.media.protocol import Answer, Offer, worker_of
from server.media.workers import Workers
from server.service.house import House
from server.store import recordings as recording_store
from server.store import sessions as store
from server.store.database import Database

GONE_FOR_S = 3.0
"""A worker that ended is back in a tenth of a second; one whose port is taken, or that ends at once each time, is not waited for."""


def open_media(settings: Settings, db: Database) -> Workers:
    """Clients for all media workers that the settings name."""

    async def home_of(session: str) -> int | None:
        async with db.read() as connection:
            return await store.find_home(connection, SessionId(session))

    return Workers([MediaClient(one, settings.media_secret) for one in settings.media_controls], home_of)


async def connect_home(house: House, session: SessionId, offer: Offer) -> Answer:
    """A connection at the session's home. Raises Busy, MediaAway, BadSdp, NoCommonCodec."""
    refused: set[int] = set()
    while True:
        home = await _settle(house, session, refused)
        try:
            return await house.media.connect(home, offer)
        except (Busy, MediaAway) as failure:
            if home in refused or len(refused) + 1 == len(house.media):
                raise
            if not await _may_move(house, session, home, failure):
                raise
            refused.add(home)


async def _settle(house: House, session: SessionId, refused: set[int]) -> int:
    """The session's home; a new one when it has none, or one that refused."""
    async with house.db.read() as db:
        home = await store.find_home(db, session)
    if home is not None and home in house.media.numbers and home not in refused:
        return home
    chosen = house.media.place(refused) or 0
    async with house.db.write() as db:
        await store.move_session(db, session, home, chosen)  # Or another process was first, then there.
        now = await store.find_home(db, session)
    return chosen if now is None or now not in house.media.numbers else now


async def _may_move(house: House, session: SessionId, home: int, failure: Busy | MediaAway) -> bool:
    if isinstance(failure, MediaAway):
        return house.media.gone_for_s(home) >= GONE_FOR_S
    async with house.db.read() as db:
        return await _is_empty(db, session)


async def _is_empty(db: AsyncConnection, session: SessionId) -> bool:
    """Whether nobody is connected in the session and nothing of it is being written."""
    return not await store.list_here(db, [session]) and await recording_store.find_running(db, session) is None


async def is_at_home(db: AsyncConnection, session: SessionId, connection: ConnectionId) -> bool:
    """Whether the connection can come into the session as it is. A session in which nobody is moves to the connection's worker."""
    home, here = await store.find_home(db, session), worker_of(connection)
    if home == here:
        return True
    return await _is_empty(db, session) and await store.move_session(db, session, home, here)


async def connect_near_queue(house: House, offer: Offer) -> Answer:
    """A connection where the case is that will be taken next. Raises Busy, MediaAway, BadSdp, NoCommonCodec."""
    refused: set[int] = set()
    near = await home_of_next(house)
    while True:
        chosen = near if near is not None and near not in refused else house.media.place(refused) or 0
        try:
            return await house.media.connect(chosen, offer)
        except (Busy, MediaAway):
            refused.add(chosen)
            if len(refused) == len(house.media):
                raise


async def home_of_next(house: House) -> int | None:
    """The home of the case that has waited longest; None while nobody waits, and where there is only one worker."""
    if len(house.media) == 1:
        return None
    async with house.db.read() as db:
        home = await store.find_home_of_next(db)
    return home if home in house.media.numbers else None
