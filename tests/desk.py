"""A house with a real database, for tests that go in by the service functions; what it announces is kept in a list."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from server.config import Settings
from server.domain.principal import Agent, Anonymous, Principal, Visitor
from server.domain.words import CaseId, ConsentAnswer, EntryKind, Language, Outcome, PersonKind, Role, SessionId
from server.service import agents, cases, channels, consent, links, sessions, timeline, topics
from server.service.homes import open_media
from server.service.house import House
from server.service.media_events import follow_media
from server.service.views import CaseOpened, CaseView, ConnectionView, Entry
from server.store.database import Database
from server.store.migrate import migrate
from server.tasks import Tasks
from tests.worker_double import WorkerDouble


class Heard:
    """An announcer that writes down what it was told: (name of the method, what it was given)."""

    def __init__(self) -> None:
        self.all: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        async def keep(*told: Any) -> None:
            self.all.append((name, told))

        return keep

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [told for one, told in self.all if one == name]


class Clock:
    """The wall clock, moved by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Customer:
    """A customer in one browser."""

    principal: Visitor
    opened: CaseOpened
    token: str

    @property
    def case(self) -> CaseId:
        return self.opened.case

    @property
    def session(self) -> SessionId:
        return self.opened.session

    @property
    def secret(self) -> str:
        return self.opened.link.partition("#")[2]


@dataclass
class Desk:
    """People and what they do, by name."""

    house: House
    worker: WorkerDouble
    heard: Heard
    clock: Clock
    agents: dict[str, Agent] = field(default_factory=dict)
    workers: list[WorkerDouble] = field(default_factory=list)

    async def agent(self, name: str, role: Role = Role.AGENT) -> Agent:
        """A signed-in agent, made on first use."""
        if name not in self.agents:
            added = await agents.make_agent(self.house, f"{name}@example.org", name, role)
            secret = added.link.partition("#")[2]
            _, token = await agents.sign_in_by_link(self.house, f"10.0.0.{len(self.agents)}", secret)
            found = await agents.find_agent(self.house, token)
            assert found is not None
            self.agents[name] = found
        return self.agents[name]

    async def customer_opens_case(self, name: str = "Carla", **more: Any) -> Customer:
        wish = {"topic": "strom", "summary": "Kein Strom", "name": name, "language": Language.DE} | more
        wish.setdefault("client_id", client_id())
        opened, token = await cases.open_case(self.house, Anonymous(), cases.OpenCase(**wish))
        assert token is not None
        return Customer(await self.visitor(token), opened, token)

    async def visitor(self, token: str) -> Visitor:
        found = await links.find_visitor(self.house, token)
        assert found is not None
        return found

    async def guest(self, session: SessionId, name: str = "Gerd", by: str = "ann") -> Visitor:
        link = await links.invite_guest(self.house, await self.agent(by), session, name)
        _, token = await links.exchange_link(self.house, Anonymous(), link.link.partition("#")[2])
        assert token is not None
        return await self.visitor(token)

    async def agent_takes(self, customer: Customer, name: str) -> CaseView:
        return await cases.take_case(self.house, await self.agent(name), customer.case)

    async def connects(self, principal: Principal, session: SessionId) -> ConnectionView:
        """Joins, and the packets arrive."""
        view = await sessions.connect_session(self.house, principal, session, "v=0", {"0": "camera"})
        await self.workers[view.home].come(view.connection)
        return view

    async def call(self, name: str = "ann") -> Customer:
        """A running session with a connected customer and agent."""
        customer = await self.customer_opens_case()
        await self.agent_takes(customer, name)
        await self.connects(customer.principal, customer.session)
        await self.connects(await self.agent(name), customer.session)
        return customer

    async def answers(self, principal: Principal, session: SessionId, answer: ConsentAnswer) -> None:
        await consent.answer_consent(self.house, principal, session, answer, "2026-1")

    async def entries(self, case: CaseId, name: str = "ann") -> list[Entry]:
        found = await timeline.read_timeline(self.house, await self.agent(name), case, 0, 500)
        return found.entries

    async def kinds(self, case: CaseId) -> list[EntryKind]:
        return [entry.kind for entry in await self.entries(case)]

    async def ends(self, customer: Customer, outcome: Outcome, name: str = "ann") -> None:
        await sessions.end_session(self.house, await self.agent(name), customer.session, outcome)


def client_id() -> str:
    return secrets.token_hex(12)


def participant_of(view: CaseView, kind: PersonKind) -> str:
    assert view.session is not None
    return next(one.id for one in view.session.participants if one.kind is kind)


@contextlib.asynccontextmanager
async def open_desk(url: str, folder: Path, **more: Any) -> AsyncIterator[Desk]:
    """A migrated database with the example topics, worker doubles (one, or `media_workers`), and their events being followed."""
    await migrate(url)
    settings = Settings(data=folder, recordings=folder / "recordings", database_url=url, **more)
    workers = [WorkerDouble(folder, number) for number in range(len(settings.media_controls))]
    for worker in workers:
        await worker.start()
    database, heard, clock = Database(url), Heard(), Clock()
    media = open_media(settings, database)
    house = House(database, media, heard, settings, now=clock)
    tasks = Tasks("desk")
    try:
        await topics.seed_topics(house)
        await channels.seed_channel(house)
        for number in media.numbers:
            tasks.start(follow_media(house, number), "media")
        yield Desk(house, workers[0], heard, clock, workers=workers)
    finally:
        await house.ledger.close()
        await house.cookies.close()
        await tasks.close()
        await media.close()
        for worker in workers:
            await worker.stop()
        await database.close()
