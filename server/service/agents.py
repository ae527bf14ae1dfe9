"""Accounts of agents and their sign-ins."""

import contextlib
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import clean_email, clean_name
from server.domain.principal import Agent, Principal
from server.domain.rights import admin_only, agent_only
from server.domain.words import AgentId, Role
from server.errors import BadField, BadLink, Conflict, MediaAway, NotFound, NotSignedIn, WrongPassword
from server.service.house import House
from server.service.passwords import LEAST, MOST, hash_password, is_password
from server.service.secrecy import hashed, make_id, make_secret
from server.service.throttle import begin_try, end_try
from server.service.views import AgentAdded, AgentsView, AgentView
from server.store import agents as store
from server.store import sessions as session_store
from server.store.rows import AgentRow
from server.store.writing import lock_start

SIGN_IN_TIME = timedelta(hours=12)
IDLE_TIME = timedelta(hours=2)
TOUCH_EVERY = timedelta(seconds=30)
ONE_TIME = timedelta(days=1)
FIRST_EMAIL = "admin@localhost"


async def sign_in(house: House, address: str, email: str, password: str) -> tuple[AgentView, str]:
    """The account and a token for the cookie. `address` is the caller's IP. Raises WrongPassword, TooManyRequests(retry_after_s)."""
    name = email.strip().lower()[:254]
    one = await begin_try(house, name, address)
    async with house.db.read() as db:
        row = await store.find_agent_by_email(db, name)
    usable = row.password_hash if row and row.disabled_at is None else None
    if not await is_password(usable, password[:MOST]) or row is None:
        raise WrongPassword
    async with house.db.write() as db:
        await end_try(db, one)
        token = await _new_sign_in(house, db, row.id)
    return agent_view(row), token


async def sign_in_by_link(house: House, address: str, secret: str) -> tuple[AgentView, str]:
    """The same by a one-time link. Raises BadLink, TooManyRequests."""
    one = await begin_try(house, f"link {address}", address)
    async with house.db.write() as db:
        agent = await store.use_one_time_link(db, hashed(secret), house.now())
        row = await store.find_agent(db, agent) if agent else None
        if row is None or row.disabled_at is not None:
            raise BadLink
        await end_try(db, one)
        token = await _new_sign_in(house, db, row.id)
    return agent_view(row), token


async def _new_sign_in(house: House, db: AsyncConnection, agent: AgentId) -> str:
    token = make_secret()
    now = house.now()
    await store.add_sign_in(db, agent, hashed(token), now, now + SIGN_IN_TIME)
    return token


def agent_view(row: AgentRow) -> AgentView:
    """An account as it goes over the wire."""
    return AgentView(
        id=row.id,
        email=row.email,
        name=row.name,
        role=row.role,
        created_at=row.created_at,
        disabled=row.disabled_at is not None,
        has_password=row.password_hash is not None,
    )


async def find_agent(house: House, token: str) -> Agent | None:
    """Whose cookie this is; None for an unknown, expired or idle one, and for disabled accounts. Counts as use."""
    return await _find_used(house, hashed(token))


async def _find_used(house: House, token_hash: str) -> Agent | None:
    now = house.now()
    async with house.db.read() as db:
        row = await store.find_sign_in(db, token_hash, now, now - IDLE_TIME)
    if row is None:
        return None
    if now - row.used_at >= TOUCH_EVERY:
        async with house.db.write() as db:
            await store.touch_sign_in(db, token_hash, now)
    return Agent(row.agent_id, row.name, row.role, row.token_hash)


async def touch_agent(house: House, agent: Agent) -> bool:
    """The agent's socket is open (call every 30 s): the sign-in is in use and the agent counts as here. False once it has ended."""
    return await _find_used(house, agent.session_hash) is not None


async def sign_out(house: House, principal: Principal) -> None:
    """This browser's sign-in ends, and its sockets."""
    agent = agent_only(principal)
    async with house.db.write() as db:
        await store.remove_sign_ins(db, agent.agent_id, only=agent.session_hash)
    await house.announcer.agent_signed_out(agent.agent_id, agent.session_hash)


async def read_me(house: House, principal: Principal) -> AgentView:
    """One's own account. Raises NotSignedIn."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await store.find_agent(db, agent.agent_id)
    if row is None:
        raise NotSignedIn
    return agent_view(row)


async def set_password(house: House, principal: Principal, password: str) -> AgentView:
    """A new password; all other sign-ins of the account end. Raises BadField (12 to 256 characters)."""
    agent = agent_only(principal)
    if not LEAST <= len(password) <= MOST:
        raise BadField(field="password", least=LEAST, limit=MOST)
    stored = await hash_password(password)
    async with house.db.write() as db:
        await store.set_agent(db, agent.agent_id, password_hash=stored)
        ended = await store.remove_sign_ins(db, agent.agent_id, but=agent.session_hash)
        await store.drop_one_time_links(db, agent.agent_id)
    for session_hash in ended:
        await house.announcer.agent_signed_out(agent.agent_id, session_hash)
    return await read_me(house, principal)


async def list_agents(house: House, principal: Principal) -> AgentsView:
    """All accounts. Admins."""
    admin_only(principal)
    async with house.db.read() as db:
        return AgentsView([agent_view(row) for row in await store.list_agents(db)])


async def add_agent(house: House, principal: Principal, email: str, name: str, role: Role) -> AgentAdded:
    """A new account with a one-time sign-in link. Admins. Raises BadField, Conflict (e-mail is in use)."""
    admin_only(principal)
    return await make_agent(house, email, name, role)


async def make_agent(house: House, email: str, name: str, role: Role) -> AgentAdded:
    """The same for the command line, where whoever may start the server may do this."""
    address = clean_email(email)
    if address is None:
        raise BadField(field="email")
    row = AgentRow(AgentId(make_id()), address, clean_name(name), None, role, house.now())
    async with house.db.write() as db:
        if not await store.add_agent(db, row):
            raise Conflict
        link = await _new_link(house, db, row.id)
    return AgentAdded(agent_view(row), link)


async def _new_link(house: House, db: AsyncConnection, agent: AgentId) -> str:
    secret = make_secret()
    await store.drop_one_time_links(db, agent)
    await store.add_one_time_link(db, agent, hashed(secret), house.now() + ONE_TIME)
    return f"{house.settings.public_url}/desk/sign-in#{secret}"


async def set_agent_disabled(house: House, principal: Principal, agent: str, disabled: bool) -> AgentView:
    """The account is off (its sign-ins end at once), or on again. Admins; not one's own."""
    admin = admin_only(principal)
    other = AgentId(agent)
    if other == admin.agent_id:
        raise Conflict
    async with house.db.write() as db:
        if not await store.set_agent(db, other, disabled_at=house.now() if disabled else None):
            raise NotFound
        if disabled:
            await store.remove_sign_ins(db, other)
            await store.drop_one_time_links(db, other)
        row = await store.find_agent(db, other)
        connections = await session_store.list_connections(db, agent=other) if disabled else []
    if row is None:
        raise NotFound
    if disabled:
        await house.announcer.agent_signed_out(other, None)
    for connection in connections:
        with contextlib.suppress(NotFound, MediaAway):
            await house.media.close_connection(connection.id)
    return agent_view(row)


async def make_sign_in_link(house: House, email: str) -> str:
    """A new one-time sign-in link (whole address) for an account, for the command line. Raises NotFound."""
    async with house.db.write() as db:
        row = await store.find_agent_by_email(db, email.strip().lower())
        if row is None or row.disabled_at is not None:
            raise NotFound
        return await _new_link(house, db, row.id)


async def first_sign_in_link(house: House) -> str | None:
    """While no account has a password: the first admin account is made if needed, and its new one-time link returned. Else None.

    Of several processes that start at once, one makes the account, and the link of the last one counts.
    """
    async with house.db.write() as db:
        await lock_start(db)
        agents = await store.list_agents(db)
        if any(row.password_hash for row in agents):
            return None
        admin = next((row for row in agents if row.role is Role.ADMIN and row.disabled_at is None), None)
        if admin is None:
            admin = AgentRow(AgentId(make_id()), FIRST_EMAIL, "Admin", None, Role.ADMIN, house.now())
            await store.add_agent(db, admin)
        return await _new_link(house, db, admin.id)


async def may_anybody_sign_in(house: House) -> bool:
    """Whether any account has a password."""
    async with house.db.read() as db:
        return any(row.password_hash for row in await store.list_agents(db))
