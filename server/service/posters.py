"""The picture that stands for a broadcast: before it begins, after it ended, in lists, and in other sites."""

import hashlib

from server.domain.pictures import measure
from server.domain.principal import Principal
from server.domain.rights import agent_only
from server.domain.words import Openness, SessionId
from server.errors import NotFound
from server.service.airing import announce_broadcast
from server.service.broadcast_views import BroadcastView
from server.service.broadcasts import read_broadcast
from server.service.house import House
from server.service.live import find_viewable
from server.store import broadcasts as store
from server.store import posters


async def set_poster(house: House, principal: Principal, session: SessionId, data: bytes) -> BroadcastView:
    """The broadcast with this picture instead of any other. Agents. Raises NotFound, BadPicture."""
    agent_only(principal)
    async with house.db.read() as db:
        if await store.find_broadcast(db, session) is None:
            raise NotFound
    image = await house.stills.redraw(data)
    async with house.db.write() as db:
        if await store.lock_broadcast(db, session) is None:
            raise NotFound
        await posters.keep_poster(db, session, name_of(image), image)
    return await _changed(house, principal, session)


def name_of(image: bytes) -> str:
    """What a picture of ours is called: what is in it, and how large it is. Another picture has another name."""
    size = measure(image)
    return f"{hashlib.sha256(image).hexdigest()[:16]}-{size.width}x{size.height}.jpg"


async def remove_poster(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    """The broadcast without a picture; nothing is kept of it. Agents. Raises NotFound."""
    agent_only(principal)
    async with house.db.write() as db:
        if await store.lock_broadcast(db, session) is None:
            raise NotFound
        await posters.take_poster(db, session)
    return await _changed(house, principal, session)


async def _changed(house: House, principal: Principal, session: SessionId) -> BroadcastView:
    house.streams.forget(session)
    await announce_broadcast(house, session)
    return await read_broadcast(house, principal, session)


async def read_poster(house: House, principal: Principal, session: SessionId, name: str) -> tuple[bytes, Openness]:
    """The picture of this name, and who may see the broadcast. Raises NotFound (replaced ones, and as for the page), Removed."""
    row = await find_viewable(house, principal, session)
    if row.poster != name:
        raise NotFound
    async with house.db.read() as db:
        image = await posters.find_poster(db, session)
    if image is None:
        raise NotFound
    return image, row.visibility
