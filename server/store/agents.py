"""Accounts, sign-ins, one-time links, and tries to sign in."""

import dataclasses
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import AgentId
from server.store.rows import AgentRow, SignInRow, all_rows, chosen, one_row
from server.store.tables import agent, agent_session, sign_in_link, sign_in_try
from server.store.writing import add_once, changed


async def add_agent(db: AsyncConnection, row: AgentRow) -> bool:
    """A new account; False when the e-mail address is in use."""
    return await add_once(db, agent, dataclasses.asdict(row))


async def find_agent(db: AsyncConnection, agent_id: AgentId) -> AgentRow | None:
    """The account with this id."""
    return one_row(AgentRow, (await db.execute(chosen(AgentRow, agent).where(agent.c.id == agent_id))).first())


async def find_agent_by_email(db: AsyncConnection, email: str) -> AgentRow | None:
    """The account with this address (lower case)."""
    return one_row(AgentRow, (await db.execute(chosen(AgentRow, agent).where(agent.c.email == email))).first())


async def list_agents(db: AsyncConnection) -> list[AgentRow]:
    """All accounts, oldest first."""
    return all_rows(AgentRow, await db.execute(chosen(AgentRow, agent).order_by(agent.c.created_at, agent.c.id)))


async def set_agent(db: AsyncConnection, agent_id: AgentId, **values: Any) -> bool:
    """Changes an account."""
    return await changed(db, update(agent).where(agent.c.id == agent_id).values(**values))


async def add_sign_in(db: AsyncConnection, agent_id: AgentId, token_hash: str, now: datetime, until: datetime) -> None:
    """A sign-in of one browser."""
    await db.execute(
        agent_session.insert().values(
            id=secrets.token_urlsafe(16),
            token_hash=token_hash,
            agent_id=agent_id,
            created_at=now,
            used_at=now,
            expires_at=until,
        )
    )


async def find_sign_in(db: AsyncConnection, token_hash: str, now: datetime, idle_since: datetime) -> SignInRow | None:
    """A sign-in that is neither expired nor idle since a moment, of an account that is not off."""
    signed = agent_session.c
    statement: Select[Any] = (
        select(signed.token_hash, signed.agent_id, signed.used_at, signed.expires_at, agent.c.name, agent.c.role)
        .join(agent, agent.c.id == signed.agent_id)
        .where(signed.token_hash == token_hash, signed.expires_at > now, signed.used_at > idle_since)
        .where(agent.c.disabled_at.is_(None))
    )
    return one_row(SignInRow, (await db.execute(statement)).first())


async def touch_sign_in(db: AsyncConnection, token_hash: str, now: datetime) -> None:
    """The sign-in was used."""
    await db.execute(update(agent_session).where(agent_session.c.token_hash == token_hash).values(used_at=now))


async def remove_sign_ins(
    db: AsyncConnection, agent_id: AgentId, *, only: str | None = None, but: str | None = None
) -> list[str]:
    """Ends an agent's sign-ins: all, one, or all but one (by the hash of the token). The hashes of those ended."""
    statement = delete(agent_session).where(agent_session.c.agent_id == agent_id)
    if only is not None:
        statement = statement.where(agent_session.c.token_hash == only)
    if but is not None:
        statement = statement.where(agent_session.c.token_hash != but)
    return list((await db.execute(statement.returning(agent_session.c.token_hash))).scalars())


async def count_here(db: AsyncConnection, since: datetime) -> int:
    """How many agents used the house since a moment."""
    statement = select(func.count(agent_session.c.agent_id.distinct())).where(agent_session.c.used_at >= since)
    return (await db.execute(statement)).scalar_one()


async def add_one_time_link(db: AsyncConnection, agent_id: AgentId, token_hash: str, until: datetime) -> None:
    """A one-time sign-in link."""
    await db.execute(sign_in_link.insert().values(token_hash=token_hash, agent_id=agent_id, expires_at=until))


async def use_one_time_link(db: AsyncConnection, token_hash: str, now: datetime) -> AgentId | None:
    """Whose link this is, used up from now on; None for unknown, used and expired ones."""
    fits = update(sign_in_link).where(
        sign_in_link.c.token_hash == token_hash, sign_in_link.c.used_at.is_(None), sign_in_link.c.expires_at > now
    )
    found: AgentId | None = (
        await db.execute(fits.values(used_at=now).returning(sign_in_link.c.agent_id))
    ).scalar_one_or_none()
    return found


async def drop_one_time_links(db: AsyncConnection, agent_id: AgentId) -> None:
    """Earlier unused links of an account are worth nothing any more."""
    await db.execute(delete(sign_in_link).where(sign_in_link.c.agent_id == agent_id, sign_in_link.c.used_at.is_(None)))


async def add_try(db: AsyncConnection, account_hash: str, address_hash: str, at: datetime) -> int:
    """A try to sign in, failed until it is said to have worked; its number."""
    values = {"account_hash": account_hash, "address_hash": address_hash, "at": at, "worked": False}
    number: int = (await db.execute(sign_in_try.insert().values(**values).returning(sign_in_try.c.id))).scalar_one()
    return number


async def forgive_tries(db: AsyncConnection, try_id: int, account: str, address: str) -> None:
    """The try worked, and what failed on this account from this address before counts no more."""
    pair = (sign_in_try.c.account_hash == account, sign_in_try.c.address_hash == address)
    await db.execute(update(sign_in_try).where(sign_in_try.c.id == try_id).values(worked=True))
    await db.execute(delete(sign_in_try).where(*pair, sign_in_try.c.worked.is_(False)))


async def list_failures(
    db: AsyncConnection, since: datetime, *, account: str | None = None, address: str | None = None
) -> list[datetime]:
    """When tries failed on an account, from an address, or on the account from the address: newest first, at most 100."""
    statement = select(sign_in_try.c.at).where(sign_in_try.c.at > since, sign_in_try.c.worked.is_(False))
    if account is not None:
        statement = statement.where(sign_in_try.c.account_hash == account)
    if address is not None:
        statement = statement.where(sign_in_try.c.address_hash == address)
    return list((await db.execute(statement.order_by(sign_in_try.c.at.desc()).limit(100))).scalars())


async def knows_address(db: AsyncConnection, account: str, address: str) -> bool:
    """Whether somebody signed in to the account from this address before."""
    statement = select(sign_in_try.c.id).where(
        sign_in_try.c.account_hash == account, sign_in_try.c.address_hash == address, sign_in_try.c.worked.is_(True)
    )
    return (await db.execute(statement.limit(1))).first() is not None


async def remove_stale(db: AsyncConnection, now: datetime, tries_before: datetime) -> None:
    """Sign-ins and links whose time is over, and old tries."""
    await db.execute(delete(agent_session).where(agent_session.c.expires_at < now))
    await db.execute(delete(sign_in_link).where(sign_in_link.c.expires_at < now))
    await db.execute(delete(sign_in_try).where(sign_in_try.c.at < tries_before))
