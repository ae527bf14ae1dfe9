"""The agents' lists of cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import search_key
from server.domain.principal import Agent, Principal
from server.domain.rights import agent_only
from server.domain.words import AgentId, CaseId, CaseState, Language, PersonKind, SessionId, TopicId
from server.errors import BadField
from server.service.homes import home_of_next
from server.service.house import House
from server.service.pace import HERE_S
from server.service.topics import topic_name
from server.service.views import AgentName, CaseRow, DeskCounts, DeskView
from server.store import agents as agent_store
from server.store import cases as store
from server.store import sessions as session_store
from server.store import topics as topic_store
from server.store.cases import Page
from server.store.rows import CaseRow as Row
from server.store.rows import TopicRow

PAGE_LIMIT = 200
Q_LIMIT = 200


class DeskFilter(StrEnum):
    """Which cases are listed."""

    WAITING = "waiting"
    MINE = "mine"
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


async def read_desk(
    house: House,
    principal: Principal,
    state: DeskFilter = DeskFilter.WAITING,
    q: str = "",
    after: str | None = None,
    limit: int = 50,
    language: Language = Language.DE,
) -> DeskView:
    """One page of cases: who waits first come first, the others newest first; `q` is looked for in number, name, summary, e-mail and phone."""
    agent = agent_only(principal)
    now = house.now()
    most = max(1, min(limit, PAGE_LIMIT))
    page = Page(_read_mark(after), most + 1)
    async with house.db.read() as db:
        rows = await _list(db, agent, state, search_key(q[:Q_LIMIT]), page)
        known = await _surroundings(db, rows[:most])
        counts = DeskCounts(
            waiting=await store.count_cases(db, CaseState.WAITING),
            mine=await store.count_cases(db, CaseState.TAKEN, agent.agent_id),
            open=await store.count_cases(db, CaseState.OPEN),
        )
        first = (await store.list_queue(db, "", Page(None, 1)))[:1]
        agents_here = await agent_store.count_here(db, now - timedelta(seconds=HERE_S))
    more = len(rows) > most
    home = await home_of_next(house)
    return DeskView(
        cases=[_row(row, known, now, language) for row in rows[:most]],
        counts=counts,
        longest_wait_s=_waiting_s(first[0], now) if first else None,
        agents_here=agents_here,
        next=_mark(rows[most - 1], state) if more else None,
        home=home,
    )


async def _list(db: AsyncConnection, agent: Agent, state: DeskFilter, q: str, page: Page) -> list[Row]:
    if state is DeskFilter.WAITING:
        return await store.list_queue(db, q, page)
    if state is DeskFilter.MINE:
        return await store.list_newest(db, CaseState.TAKEN, agent.agent_id, q, page)
    wanted = None if state is DeskFilter.ALL else CaseState(state)
    return await store.list_newest(db, wanted, None, q, page)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rows of one page refer to."""

    topics: dict[TopicId, TopicRow]
    agents: dict[AgentId, str]
    sessions: dict[CaseId, SessionId]
    here: set[SessionId]


async def _surroundings(db: AsyncConnection, rows: Sequence[Row]) -> _Known:
    sessions = await session_store.list_live_sessions(db, [row.id for row in rows])
    people = await session_store.list_here(db, list(sessions.values()))
    return _Known(
        topics={topic.id: topic for topic in await topic_store.list_topics(db)},
        agents={agent.id: agent.name for agent in await agent_store.list_agents(db)},
        sessions=sessions,
        here={one.session_id for one in people if one.kind is PersonKind.CUSTOMER},
    )


def _row(row: Row, known: _Known, now: datetime, language: Language) -> CaseRow:
    session = known.sessions.get(row.id)
    agent = AgentName(known.agents.get(row.taken_by, ""), row.taken_by) if row.taken_by else None
    return CaseRow(
        id=row.id,
        number=row.number,
        state=row.state,
        topic=topic_name(known.topics[row.topic_id], language),
        summary=row.summary,
        name=row.name,
        language=row.language,
        opened_at=row.opened_at,
        waiting_s=_waiting_s(row, now),
        here=session in known.here,
        agent=agent,
        session=session,
        outcome=row.outcome,
        closed_at=row.closed_at,
    )


def _waiting_s(row: Row, now: datetime) -> int | None:
    if row.state is not CaseState.WAITING or row.queued_at is None:
        return None
    return max(0, int((now - row.queued_at).total_seconds()))


def _mark(row: Row, state: DeskFilter) -> str:
    moment = row.queued_at if state is DeskFilter.WAITING and row.queued_at else row.opened_at
    return f"{moment.astimezone(UTC).isoformat()}~{row.id}"


def _read_mark(after: str | None) -> tuple[datetime, str] | None:
    if not after:
        return None
    moment, _, case = after.partition("~")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), case
    except ValueError as failure:
        raise BadField(field="after") from failure
