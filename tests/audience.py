"""A broadcast with an audience, for tests that go in by services, HTTP or sockets."""

from dataclasses import dataclass, replace
from typing import Any

from server.domain.principal import Agent, Anonymous, Visitor
from server.domain.words import (
    BroadcastState,
    CaseId,
    Language,
    MemberId,
    Openness,
    SessionId,
    SessionState,
)
from server.service.audience import lines, members, questions
from server.service.audience.views import ChatLine, QuestionView
from server.service.channels import seed_channel
from server.service.house import House
from server.service.links import find_visitor
from server.service.secrecy import make_id
from server.store import broadcasts, channels, sessions, topics
from server.store.broadcast_rows import BroadcastRow
from server.store.rows import SessionRow
from tests.desk import client_id


@dataclass
class Fan:
    """Somebody who takes part."""

    principal: Visitor
    id: MemberId
    token: str


async def open_broadcast(house: House, case: str, **more: Any) -> SessionId:
    """A public live broadcast beside a case."""
    await seed_channel(house)
    now = house.now()
    async with house.db.write() as db:
        (channel,) = await channels.list_channels(db)
        topic = (await topics.list_topics(db))[0]
        session = SessionRow(SessionId(make_id()), SessionState.RUNNING, now)
        await sessions.add_session(db, session, CaseId(case))
        row = BroadcastRow(
            session.id, channel.id, topic.id, "Router restarts", "", Language.DE, Openness.PUBLIC, BroadcastState.LIVE,
            now, directory="here", opened_by="ann", live_at=now,
        )  # fmt: skip
        await broadcasts.add_broadcast(db, replace(row, **more))
    return session.id


async def set_broadcast(house: House, session: SessionId, **values: Any) -> None:
    async with house.db.write() as db:
        await broadcasts.set_broadcast(db, session, **values)


async def join(house: House, session: SessionId, name: str = "Bo", address: str = "192.0.2.1") -> Fan:
    """A new browser takes part."""
    member, token = await members.join_audience(house, Anonymous(), session, name, address)
    assert token is not None
    visitor = await find_visitor(house, token)
    assert visitor is not None
    return Fan(visitor, member.id, token)


async def say(house: House, session: SessionId, who: Fan | Agent, text: str = "Hello") -> ChatLine:
    principal = who.principal if isinstance(who, Fan) else who
    return await lines.say_line(house, principal, session, text, client_id())


async def ask(house: House, session: SessionId, who: Fan, text: str = "Does it work?") -> QuestionView:
    return await questions.ask_question(house, who.principal, session, text, client_id())
