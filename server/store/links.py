"""Links and the browsers that hold them."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import LinkId, VisitorId
from server.store.rows import LinkRow, all_rows, chosen, one_row
from server.store.tables import link, visitor, visitor_link
from server.store.writing import add_once, add_row, changed


async def add_link(db: AsyncConnection, row: LinkRow) -> None:
    """A new link."""
    await add_row(db, link, row)


async def find_link(db: AsyncConnection, link_id: LinkId) -> LinkRow | None:
    """A link, valid or not."""
    return one_row(LinkRow, (await db.execute(chosen(LinkRow, link).where(link.c.id == link_id))).first())


async def find_valid_link(db: AsyncConnection, token_hash: str, now: datetime) -> LinkRow | None:
    """The link with this secret if it is neither expired nor revoked."""
    statement = chosen(LinkRow, link).where(
        link.c.token_hash == token_hash, link.c.revoked_at.is_(None), link.c.expires_at > now
    )
    return one_row(LinkRow, (await db.execute(statement)).first())


async def revoke_link(db: AsyncConnection, link_id: LinkId, now: datetime) -> bool:
    """The link is valid no more; False when it was not."""
    statement = update(link).where(link.c.id == link_id, link.c.revoked_at.is_(None)).values(revoked_at=now)
    return await changed(db, statement)


async def add_visitor(
    db: AsyncConnection, visitor_id: VisitorId, token_hash: str, now: datetime, until: datetime
) -> None:
    """A browser."""
    await db.execute(
        visitor.insert().values(id=visitor_id, token_hash=token_hash, created_at=now, used_at=now, expires_at=until)
    )


async def find_visitor(db: AsyncConnection, token_hash: str, now: datetime) -> tuple[VisitorId, datetime] | None:
    """The browser with this token and when it was last used; None for unknown and expired."""
    statement = select(visitor.c.id, visitor.c.used_at).where(
        visitor.c.token_hash == token_hash, visitor.c.expires_at > now
    )
    row = (await db.execute(statement)).first()
    return None if row is None else (row.id, row.used_at)


async def slide_visitor(db: AsyncConnection, visitor_id: VisitorId, now: datetime, until: datetime) -> None:
    """The browser's cookie was used."""
    await db.execute(update(visitor).where(visitor.c.id == visitor_id).values(used_at=now, expires_at=until))


async def give_link(db: AsyncConnection, visitor_id: VisitorId, link_id: LinkId) -> None:
    """The browser holds the link."""
    await add_once(db, visitor_link, {"visitor_id": visitor_id, "link_id": link_id})


async def list_visitor_links(db: AsyncConnection, visitor_id: VisitorId, now: datetime) -> list[LinkRow]:
    """The links a browser holds that are valid now, newest first."""
    statement = (
        chosen(LinkRow, link)
        .join(visitor_link, visitor_link.c.link_id == link.c.id)
        .where(visitor_link.c.visitor_id == visitor_id, link.c.revoked_at.is_(None), link.c.expires_at > now)
        .order_by(link.c.created_at.desc())
    )
    return all_rows(LinkRow, await db.execute(statement))


async def remove_stale(db: AsyncConnection, now: datetime) -> None:
    """Browsers whose time is over."""
    await db.execute(delete(visitor).where(visitor.c.expires_at < now))
