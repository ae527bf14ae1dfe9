"""Members of an audience and the lines of its chat."""

import dataclasses
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import CaseId, ChatLineState, LineId, MemberId, PersonKind, SessionId, VisitorId
from server.store.broadcast_rows import LineRow, MemberRow
from server.store.broadcast_tables import broadcast, line, member
from server.store.rows import all_rows, chosen, one_row
from server.store.tables import link
from server.store.writing import add_row, changed


async def add_member(db: AsyncConnection, row: MemberRow, address_hash: str) -> None:
    """Somebody takes part from now on."""
    await add_row(db, member, row)
    await set_member(db, row.id, address_hash=address_hash)


async def find_member(db: AsyncConnection, session: SessionId, visitor: VisitorId) -> MemberRow | None:
    """Who this browser is in the audience."""
    statement = chosen(MemberRow, member).where(member.c.session_id == session, member.c.visitor_id == visitor)
    return one_row(MemberRow, (await db.execute(statement)).first())


async def find_members(
    db: AsyncConnection, session: SessionId, visitors: Collection[VisitorId]
) -> dict[VisitorId, MemberRow]:
    """Who these browsers are in the audience."""
    if not visitors:
        return {}
    statement = chosen(MemberRow, member).where(member.c.session_id == session, member.c.visitor_id.in_(visitors))
    rows = all_rows(MemberRow, await db.execute(statement))
    return {row.visitor_id: row for row in rows if row.visitor_id is not None}


async def find_member_by_id(db: AsyncConnection, session: SessionId, member_id: MemberId) -> MemberRow | None:
    """A member of this audience."""
    statement = chosen(MemberRow, member).where(member.c.session_id == session, member.c.id == member_id)
    return one_row(MemberRow, (await db.execute(statement)).first())


async def list_members(db: AsyncConnection, session: SessionId, limit: int) -> list[MemberRow]:
    """Members, the newest first; those who are muted, banned or moderate before the others."""
    marked = (member.c.banned_at.is_(None), member.c.muted_at.is_(None), member.c.role, member.c.created_at.desc())
    statement = chosen(MemberRow, member).where(member.c.session_id == session).order_by(*marked).limit(limit)
    return all_rows(MemberRow, await db.execute(statement))


async def set_member(db: AsyncConnection, member_id: MemberId, **values: Any) -> bool:
    """Changes a member."""
    return await changed(db, update(member).where(member.c.id == member_id).values(**values))


async def is_address_banned(db: AsyncConnection, session: SessionId, address_hash: str) -> bool:
    """Whether somebody who is banned from this audience came from this address."""
    mine = (member.c.session_id == session, member.c.address_hash == address_hash, member.c.banned_at.is_not(None))
    return (await db.execute(select(member.c.id).where(*mine).limit(1))).first() is not None


async def find_salt(db: AsyncConnection, session: SessionId) -> str | None:
    """What the addresses of this broadcast are hashed with."""
    return (await db.execute(select(broadcast.c.salt).where(broadcast.c.session_id == session))).scalar()


async def set_salt(db: AsyncConnection, session: SessionId, salt: str) -> None:
    """The salt of a broadcast that has none."""
    await db.execute(
        update(broadcast).where(broadcast.c.session_id == session, broadcast.c.salt.is_(None)).values(salt=salt)
    )


async def forget_addresses(db: AsyncConnection) -> None:
    """Broadcasts that ended: nothing of anybody's address stays."""
    ended = select(broadcast.c.session_id).where(broadcast.c.ended_at.is_not(None), broadcast.c.salt.is_not(None))
    over = list((await db.execute(ended)).scalars())
    if over:
        await db.execute(update(member).where(member.c.session_id.in_(over)).values(address_hash=None))
        await db.execute(update(broadcast).where(broadcast.c.session_id.in_(over)).values(salt=None))


async def add_lines(db: AsyncConnection, rows: Sequence[LineRow]) -> None:
    """Lines of the chat."""
    await db.execute(insert(line), [dataclasses.asdict(row) for row in rows])


async def find_line(db: AsyncConnection, session: SessionId, line_id: LineId) -> LineRow | None:
    """A line of this audience's chat."""
    statement = chosen(LineRow, line).where(line.c.session_id == session, line.c.id == line_id)
    return one_row(LineRow, (await db.execute(statement)).first())


async def find_lines_sent(db: AsyncConnection, session: SessionId, client_ids: Collection[str]) -> dict[str, LineRow]:
    """The lines that were sent under these ids, by the id."""
    if not client_ids:
        return {}
    statement = chosen(LineRow, line).where(line.c.session_id == session, line.c.client_id.in_(client_ids))
    return {row.client_id: row for row in all_rows(LineRow, await db.execute(statement))}


async def set_line(db: AsyncConnection, line_id: LineId, state: ChatLineState, seq: int) -> None:
    """A moderator made something else of a line."""
    await db.execute(update(line).where(line.c.id == line_id).values(state=state, seq=seq))


async def list_lines_of(
    db: AsyncConnection, session: SessionId, member_id: MemberId, states: Sequence[ChatLineState]
) -> list[LineRow]:
    """A member's lines in these states, oldest first."""
    statement = chosen(LineRow, line).where(
        line.c.session_id == session, line.c.member_id == member_id, line.c.state.in_(states)
    )
    return all_rows(LineRow, await db.execute(statement.order_by(line.c.at, line.c.id)))


async def list_lines(
    db: AsyncConnection, session: SessionId, after: int, states: Sequence[ChatLineState], limit: int
) -> list[LineRow]:
    """The newest of the lines that changed after a number, in the order of their changes."""
    statement = chosen(LineRow, line).where(line.c.session_id == session, line.c.seq > after, line.c.state.in_(states))
    newest = all_rows(LineRow, await db.execute(statement.order_by(line.c.seq.desc()).limit(limit)))
    return newest[::-1]


async def note_line_at(db: AsyncConnection, member_id: MemberId, at: datetime) -> None:
    """A member said something: for the slow mode."""
    await set_member(db, member_id, last_line_at=at)


async def list_called(db: AsyncConnection, session: SessionId) -> list[MemberRow]:
    """The members who hold a link that was made for them alone, to come on stage."""
    called = select(link.c.created_by).where(
        link.c.session_id == session, link.c.kind == PersonKind.MEMBER, link.c.revoked_at.is_(None)
    )
    statement = chosen(MemberRow, member).where(member.c.session_id == session, member.c.id.in_(called))
    return all_rows(MemberRow, await db.execute(statement))


async def list_helped(db: AsyncConnection, session: SessionId) -> dict[CaseId, MemberId]:
    """The cases that were opened for members of this audience."""
    made = (member.c.session_id == session, link.c.kind == PersonKind.CUSTOMER)
    statement = select(link.c.case_id, member.c.id).join(member, member.c.id == link.c.created_by).where(*made)
    return {row.case_id: row.id for row in await db.execute(statement)}
