"""How a session becomes a broadcast: planned with a case of its own, or a running help call that is opened; and what may be changed of it."""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import COMPOSED, OPEN, Wish, is_accountable, must_ask_again, needs_imprint
from server.domain.cleaning import clean_client_id, clean_line, clean_text, search_key
from server.domain.consent import shown_to
from server.domain.principal import Agent, Person, Principal
from server.domain.rights import agent_only
from server.domain.words import (
    BroadcastState,
    CaseId,
    CaseState,
    EntryKind,
    Language,
    Openness,
    PersonKind,
    SessionId,
    SessionState,
    TopicId,
)
from server.errors import AlreadyBroadcast, BadField, Conflict, ImprintMissing, NotFound, SessionEnded
from server.service.airing import announce_broadcast, tell_composer
from server.service.broadcast_views import BroadcastView
from server.service.broadcasts import read_broadcast
from server.service.cases import add_numbered
from server.service.consent import ask_stage
from server.service.facts import Line, actor, announce_entries, write_lines
from server.service.house import House
from server.service.secrecy import hashed, make_id
from server.service.views import Actor, CaseChange
from server.store import broadcasts as store
from server.store import cases as case_store
from server.store import channels as channel_store
from server.store import sessions as session_store
from server.store import topics as topic_store
from server.store.broadcast_rows import BroadcastRow, ChannelRow
from server.store.rows import CaseRow, SessionRow

TITLE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What an agent said of a broadcast. `topic` and `channel` are ids or slugs; no channel: the first. `client_id` was made in the browser."""

    title: str
    topic: str
    client_id: str
    description: str = ""
    language: Language = Language.DE
    visibility: Openness = Openness.PUBLIC
    starts_at: datetime | None = None
    channel: str | None = None
    size: int = 720
    small: bool = False


async def plan_broadcast(house: House, principal: Principal, plan: Plan) -> BroadcastView:
    """A broadcast with a session and a case of its own, which the agent has taken. The same `client_id` again gives the same one.

    Agents. Raises BadField.
    """
    agent = agent_only(principal)
    draft = _draft(agent, plan, house.now())
    async with house.db.write() as db:
        known = await case_store.find_case_of(db, draft.client_id)
        case = known or await add_numbered(db, draft, plan.topic)
        sessions = await session_store.list_sessions_of(db, case.id)
        session = sessions[0].id if sessions else SessionId(make_id())
        entries = []
        if not sessions:
            row = SessionRow(session, SessionState.RUNNING, draft.opened_at)
            await session_store.add_session(db, row, case.id)
            broadcast = await _row(db, agent, plan, session, case, draft.opened_at)
            await store.add_broadcast(db, dataclasses.replace(broadcast, own_case_id=case.id))
            entries = await write_lines(db, [_planned(broadcast, case.id, agent)])
    if entries:
        await announce_entries(house, entries)
        await house.announcer.case_changed(CaseChange(case.id, CaseState.TAKEN, agent.name))
        await announce_broadcast(house, session)
    return await read_broadcast(house, principal, session)


def _draft(agent: Agent, plan: Plan, now: datetime) -> CaseRow:
    """The broadcast's own case: it never waits, so no queue knows it."""
    title = clean_line(plan.title, "title", TITLE_LIMIT)
    return CaseRow(
        id=CaseId(make_id()),
        number="",
        topic_id=TopicId(""),
        summary=title,
        name=agent.name,
        email=None,
        phone=None,
        language=plan.language,
        state=CaseState.TAKEN,
        queued_at=None,
        opened_at=now,
        taken_by=agent.agent_id,
        taken_at=now,
        closed_at=None,
        outcome=None,
        seq=0,
        client_id=hashed("\n".join(("broadcast", agent.agent_id, clean_client_id(plan.client_id)))),
        search_text=search_key(title, agent.name),
    )


async def _row(
    db: AsyncConnection, agent: Agent, plan: Plan, session: SessionId, case: CaseRow, now: datetime
) -> BroadcastRow:
    channel = await _channel(db, plan.channel)
    return BroadcastRow(
        session_id=session,
        channel_id=channel.id,
        topic_id=case.topic_id,
        title=clean_line(plan.title, "title", TITLE_LIMIT),
        description=_description(plan.description),
        language=plan.language,
        visibility=plan.visibility,
        state=BroadcastState.PLANNED,
        created_at=now,
        directory=make_id(),
        opened_by=agent.agent_id,
        starts_at=plan.starts_at,
        scene=dataclasses.asdict(Wish(size=plan.size, small=plan.small)),
    )


async def _channel(db: AsyncConnection, name: str | None) -> ChannelRow:
    channels = await channel_store.list_channels(db)
    found = next((one for one in channels if name is None or name in {one.id, one.slug}), None)
    if found is None:
        raise BadField(field="channel")
    return found


def _description(text: str) -> str:
    return clean_text(text, "description") if text.strip() else ""


def _by(agent: Agent) -> Actor:
    return actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))


def _planned(row: BroadcastRow, case: CaseId, agent: Agent) -> Line:
    starts_at = row.starts_at.isoformat() if row.starts_at else None
    data = {"visibility": str(row.visibility), "starts_at": starts_at}
    return Line(case, EntryKind.BROADCAST_PLANNED, row.created_at, _by(agent), row.session_id, row.title, data=data)


async def open_broadcast(house: House, principal: Principal, session: SessionId, plan: Plan) -> BroadcastView:
    """A running session gets an audience, once it goes live; it stays of its own topic. Agents.

    Raises NotFound, SessionEnded, Conflict (nobody has taken its case), AlreadyBroadcast.
    """
    agent = agent_only(principal)
    async with house.db.write() as db:
        cases = await case_store.lock_cases_of(db, session)
        running = await session_store.lock_session(db, session)
        case = await case_store.find_case(db, cases[0]) if cases else None
        if running is None or case is None:
            raise NotFound
        if running.state is not SessionState.RUNNING:
            raise SessionEnded if running.state is SessionState.ENDED else Conflict
        if await store.find_broadcast(db, session) is not None:
            raise AlreadyBroadcast
        row = await _row(db, agent, plan, session, case, house.now())
        await store.add_broadcast(db, row)
        entries = await write_lines(db, [_planned(row, one, agent) for one in cases])
    await announce_entries(house, entries)
    await announce_broadcast(house, session)
    return await read_broadcast(house, principal, session)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different; None stays as it is."""

    title: str | None = None
    description: str | None = None
    topic: str | None = None
    channel: str | None = None
    language: Language | None = None
    visibility: Openness | None = None
    starts_at: datetime | None = None
    listed: bool | None = None
    removed: bool | None = None
    slow_mode_s: int | None = None
    holds: bool | None = None
    words: list[str] | None = None


async def change_broadcast(house: House, principal: Principal, session: SessionId, change: Change) -> BroadcastView:
    """The broadcast as it is to be. Who agreed to be seen by fewer people is asked anew when it is opened to more, and is not seen before a yes.

    Agents. Raises NotFound, BadField, ImprintMissing.
    """
    agent = agent_only(principal)
    async with house.db.write() as db:
        await case_store.lock_cases_of(db, session)
        row = await store.lock_broadcast(db, session)
        if row is None:
            raise NotFound
        values = await _values(db, house, row, change)
        if values:
            await store.set_broadcast(db, session, **values)
    house.streams.forget(session)
    if values and row.state in COMPOSED:
        await tell_composer(house, session)
        opened = values.get("visibility", row.visibility)
        if must_ask_again(row.visibility, opened):
            await ask_stage(house, session, shown_to(opened), _by(agent), again=False)
    if values:
        await announce_broadcast(house, session)
    return await read_broadcast(house, principal, session)


async def _values(db: AsyncConnection, house: House, row: BroadcastRow, change: Change) -> dict[str, Any]:
    """The columns that change."""
    plain = ("language", "visibility", "starts_at", "listed", "slow_mode_s", "holds", "words")
    values = {name: getattr(change, name) for name in plain if getattr(change, name) is not None}
    if change.title is not None:
        values["title"] = clean_line(change.title, "title", TITLE_LIMIT)
    if change.description is not None:
        values["description"] = _description(change.description)
    if change.topic is not None:
        topic = await topic_store.find_topic(db, change.topic)
        if topic is None:
            raise BadField(field="topic")
        values["topic_id"] = topic.id
    if change.removed is not None and change.removed is not (row.removed_at is not None):
        values["removed_at"] = house.now() if change.removed else None
    channel = await _channel(db, change.channel or row.channel_id)
    if channel.id != row.channel_id:
        values["channel_id"] = channel.id
    opened = values.get("visibility", row.visibility)
    if row.state in OPEN and needs_imprint(opened) and not is_accountable(channel):
        raise ImprintMissing
    if row.state is not BroadcastState.PLANNED:
        values.pop("starts_at", None)  # The countdown has its own time, and afterwards nothing starts.
    return values
