"""Channels."""

from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import ChannelId
from server.store.broadcast_rows import ChannelRow
from server.store.broadcast_tables import channel
from server.store.rows import all_rows, chosen, one_row
from server.store.writing import add_row, changed


async def add_channel(db: AsyncConnection, row: ChannelRow) -> None:
    """A new channel."""
    await add_row(db, channel, row)


async def list_channels(db: AsyncConnection) -> list[ChannelRow]:
    """All channels, the first one made first."""
    return all_rows(ChannelRow, await db.execute(chosen(ChannelRow, channel).order_by(channel.c.created_at)))


async def find_channel(db: AsyncConnection, name: str) -> ChannelRow | None:
    """The channel with this id or slug."""
    found = await db.execute(chosen(ChannelRow, channel).where(or_(channel.c.id == name, channel.c.slug == name)))
    return one_row(ChannelRow, found.first())


async def set_channel(db: AsyncConnection, channel_id: ChannelId, **values: Any) -> bool:
    """Changes a channel; False when there is none."""
    return await changed(db, update(channel).where(channel.c.id == channel_id).values(**values))
