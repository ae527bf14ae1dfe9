"""Accounts from the command line: whoever may start the server may make them."""

import contextlib
from collections.abc import AsyncIterator, Callable

from server.config import Settings
from server.domain.principal import Agent
from server.domain.words import AgentId, Role
from server.errors import NotFound
from server.service import agents
from server.service.channels import make_demo_channel
from server.service.homes import open_media
from server.service.house import House
from server.service.views import AgentView
from server.signaling.announcer import SocketAnnouncer
from server.signaling.bus import MemoryBus
from server.signaling.crowd import Crowd
from server.signaling.holds import Holds
from server.store.database import Database
from server.store.migrate import migrate

_OPERATOR = Agent(AgentId("operator"), "operator", Role.ADMIN, "")


@contextlib.asynccontextmanager
async def quiet_house(settings: Settings) -> AsyncIterator[House]:
    """A house without pages and without media workers, on the newest schema."""
    await migrate(settings.database)
    nobody = Crowd(_tell_nobody, _close_nobody, _shout_to_nobody)
    announcer = SocketAnnouncer(MemoryBus(), nobody, Holds(_close_nobody))
    db = Database(settings.database)
    house = House(db, open_media(settings, db), announcer, settings)
    try:
        yield house
    finally:
        await house.media.close()
        await house.db.close()


async def _tell_nobody(event: str, body: object, sid: str) -> None: ...


async def _close_nobody(sid: str) -> None: ...


def _shout_to_nobody(event: str, body: object) -> Callable[[object], None]:
    return lambda sids: None


async def add(settings: Settings, email: str, name: str, admin: bool) -> str:
    """A new account's one-time sign-in link. Raises BadField, Conflict."""
    async with quiet_house(settings) as house:
        return (await agents.make_agent(house, email, name, Role.ADMIN if admin else Role.AGENT)).link


async def list_all(settings: Settings) -> list[AgentView]:
    """All accounts."""
    async with quiet_house(settings) as house:
        return (await agents.list_agents(house, _OPERATOR)).agents


async def link_for(settings: Settings, email: str) -> str:
    """A new one-time link. Raises NotFound."""
    async with quiet_house(settings) as house:
        return await agents.make_sign_in_link(house, email)


async def presenter_of_demo(settings: Settings, email: str, name: str) -> str:
    """A new one-time sign-in link of the robot that presents in the demo; its account and its channel are made where they are missing."""
    async with quiet_house(settings) as house:
        await make_demo_channel(house)
        with contextlib.suppress(NotFound):
            return await agents.make_sign_in_link(house, email)
        return (await agents.make_agent(house, email, name, Role.AGENT)).link


async def set_password_of(settings: Settings, email: str, password: str) -> None:
    """The account's password is set, and all its sign-ins end. Raises NotFound, BadField."""
    async with quiet_house(settings) as house:
        every = (await agents.list_agents(house, _OPERATOR)).agents
        found = next((agent for agent in every if agent.email.lower() == email.strip().lower()), None)
        if found is None:
            raise NotFound
        await agents.set_password(house, Agent(found.id, found.name, found.role, ""), password)
