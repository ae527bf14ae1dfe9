"""Topics."""

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store.rows import TopicRow, all_rows, chosen, one_row
from server.store.tables import topic
from server.store.writing import add_row


async def list_topics(db: AsyncConnection) -> list[TopicRow]:
    """All topics in order."""
    return all_rows(TopicRow, await db.execute(chosen(TopicRow, topic).order_by(topic.c.position, topic.c.slug)))


async def find_topic(db: AsyncConnection, name: str) -> TopicRow | None:
    """The topic with this id or slug."""
    found = await db.execute(chosen(TopicRow, topic).where(or_(topic.c.id == name, topic.c.slug == name)))
    return one_row(TopicRow, found.first())


async def count_topics(db: AsyncConnection) -> int:
    """How many there are."""
    return (await db.execute(select(func.count()).select_from(topic))).scalar_one()


async def add_topic(db: AsyncConnection, row: TopicRow) -> None:
    """A new topic."""
    await add_row(db, topic, row)
