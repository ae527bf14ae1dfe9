"""Pictures that stand for broadcasts."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import SessionId
from server.store.broadcast_tables import poster
from server.store.broadcasts import set_broadcast


async def keep_poster(db: AsyncConnection, session_id: SessionId, name: str, image: bytes) -> None:
    """The broadcast has this picture from now on, and no other."""
    await take_poster(db, session_id)
    await db.execute(insert(poster).values(session_id=session_id, image=image))
    await set_broadcast(db, session_id, poster=name)


async def take_poster(db: AsyncConnection, session_id: SessionId) -> None:
    """The broadcast has no picture any more."""
    await db.execute(delete(poster).where(poster.c.session_id == session_id))
    await set_broadcast(db, session_id, poster=None)


async def find_poster(db: AsyncConnection, session_id: SessionId) -> bytes | None:
    """The broadcast's picture."""
    found: bytes | None = (await db.execute(select(poster.c.image).where(poster.c.session_id == session_id))).scalar()
    return found
