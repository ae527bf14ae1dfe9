"""Links and the browsers that hold them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import CaseId, LinkId, PersonKind, VisitorId
from server.store.rows import LinkRow, all_rows, chosen, one_row
from server.store.tables import link, visitor, visitor_link
from server.store.writing import add_once, add_row, changed

_NOW = bindparam("now", type_=visitor.c.expires_at.type)
_IS_HELD = and_(link.c.id == visitor_link.c.link_id, link.c.revoked_at.is_(None), link.c.expires_at > _NOW)
_HOLDERS = (
    select(
        visitor.c.token_hash.label("holder_hash"),
        visitor.c.id.label("holder"),
        visitor.c.used_at.label("holder_used_at"),
    )
    .add_columns(*chosen(LinkRow, link).selected_columns)
    .select_from(visitor.outerjoin(visitor_link, visitor_link.c.visitor_id == visitor.c.id).outerjoin(link, _IS_HELD))
    .where(visitor.c.token_hash.in_(bindparam("token_hashes", expanding=True)), visitor.c.expires_at > _NOW)
    .order_by(link.c.created_at.desc())
)
"""Built once: each request and each socket of a visitor begins with it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A browser: when it was last used, and the links it holds that are valid now, newest first."""

    visitor_id: VisitorId
    used_at: datetime
    links: list[LinkRow]


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


async def list_links(db: AsyncConnection, case: CaseId) -> list[LinkRow]:
    """All links to a case, valid or not, oldest first."""
    statement = chosen(LinkRow, link).where(link.c.case_id == case).order_by(link.c.created_at, link.c.id)
    return all_rows(LinkRow, await db.execute(statement))


async def list_last_uses(db: AsyncConnection, case: CaseId) -> dict[LinkId, datetime]:
    """When a browser that holds it was last here, for each link to a case that was swapped for a cookie."""
    statement = (
        select(visitor_link.c.link_id, func.max(visitor.c.used_at).label("used_at"))
        .join(visitor, visitor.c.id == visitor_link.c.visitor_id)
        .join(link, link.c.id == visitor_link.c.link_id)
        .where(link.c.case_id == case)
        .group_by(visitor_link.c.link_id)
    )
    return {row.link_id: row.used_at for row in await db.execute(statement)}


async def has_held(db: AsyncConnection, visitor_id: VisitorId, case: CaseId) -> bool:
    """Whether the browser got a customer's link to the case, valid or not."""
    mine = (visitor_link.c.visitor_id == visitor_id, link.c.case_id == case, link.c.kind == PersonKind.CUSTOMER)
    statement = select(link.c.id).join(visitor_link, visitor_link.c.link_id == link.c.id).where(*mine).limit(1)
    return (await db.execute(statement)).first() is not None


async def revoke_link(db: AsyncConnection, link_id: LinkId, now: datetime) -> list[LinkId]:
    """The link and those made from it are valid no more; those that were until now, none when it was not."""
    is_valid = link.c.revoked_at.is_(None)
    if not await changed(db, update(link).where(link.c.id == link_id, is_valid).values(revoked_at=now)):
        return []
    revoked, parents = [link_id], [link_id]
    while parents:
        children = select(link.c.id).where(link.c.created_by.in_(parents))
        parents = [found for found in (await db.execute(children)).scalars() if found not in revoked]
        revoked += parents
    await db.execute(update(link).where(link.c.id.in_(revoked), is_valid).values(revoked_at=now))
    return revoked


async def add_visitor(
    db: AsyncConnection, visitor_id: VisitorId, token_hash: str, now: datetime, until: datetime
) -> None:
    """A browser."""
    await db.execute(
        visitor.insert().values(id=visitor_id, token_hash=token_hash, created_at=now, used_at=now, expires_at=until)
    )


async def find_holders(db: AsyncConnection, token_hashes: Collection[str], now: datetime) -> dict[str, Holder]:
    """The browsers with these tokens, by the hash; unknown and expired ones are missing."""
    found: dict[str, Holder] = {}
    for row in await db.execute(_HOLDERS, {"token_hashes": list(token_hashes), "now": now}):
        holder = found.setdefault(row[0], Holder(row[1], row[2], []))
        if row.id is not None:
            holder.links.append(LinkRow(*row[3:]))
    return found


async def slide_visitor(db: AsyncConnection, visitor_id: VisitorId, now: datetime, until: datetime) -> None:
    """The browser's cookie was used."""
    await db.execute(update(visitor).where(visitor.c.id == visitor_id).values(used_at=now, expires_at=until))


async def give_link(db: AsyncConnection, visitor_id: VisitorId, link_id: LinkId) -> None:
    """The browser holds the link."""
    await add_once(db, visitor_link, {"visitor_id": visitor_id, "link_id": link_id})


async def list_links_by(db: AsyncConnection, maker: str, now: datetime) -> list[LinkRow]:
    """The valid links that were made for or by somebody, newest first."""
    mine = (link.c.created_by == maker, link.c.revoked_at.is_(None), link.c.expires_at > now)
    statement = chosen(LinkRow, link).where(*mine).order_by(link.c.created_at.desc())
    return all_rows(LinkRow, await db.execute(statement))


async def remove_stale(db: AsyncConnection, now: datetime) -> None:
    """Browsers whose time is over."""
    await db.execute(delete(visitor).where(visitor.c.expires_at < now))
