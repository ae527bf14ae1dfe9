"""Cases that come up before an audience: each is linked to the broadcast, and its timeline says when."""

from datetime import datetime

from server.domain.principal import Person, Principal
from server.domain.rights import agent_only
from server.domain.words import CaseId, EntryKind, Openness, PersonKind, SessionId, Visibility
from server.errors import NotFound
from server.service.airing import announce_broadcast, seconds_into_stream
from server.service.broadcast_views import BroadcastView
from server.service.broadcasts import read_broadcast
from server.service.facts import NOBODY, Line, actor, announce_entries, write_line
from server.service.house import House
from server.service.reading import case_for
from server.service.views import Actor
from server.store import broadcasts as store
from server.store.broadcast_rows import BroadcastCaseRow, BroadcastRow


async def link_answer(
    house: House, principal: Principal, session: SessionId, case: CaseId, at: datetime | None = None
) -> BroadcastView:
    """The case was answered in the broadcast; whoever reads the case finds the minute. Twice is once. Agents. Raises NotFound."""
    agent = agent_only(principal)
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
        await case_for(db, principal, case)
    if row is None:
        raise NotFound
    by = actor(Person(PersonKind.AGENT, agent.agent_id, agent.name))
    await link_case(house, row, case, EntryKind.PUBLIC_ANSWER, by, at)
    return await read_broadcast(house, principal, session)


async def link_case(
    house: House, row: BroadcastRow, case: CaseId, kind: EntryKind, by: Actor = NOBODY, at: datetime | None = None
) -> bool:
    """The case came up in the broadcast, in the manner of `kind`; whether that is news. Its customer reads of it if the audience may know."""
    moment = at or house.now()
    at_s = await seconds_into_stream(house, row, moment.timestamp())
    data = {"broadcast": row.session_id, "at_s": at_s, "recording": row.recording_id, "name": by.name}
    who = Visibility.AGENTS if row.visibility is Openness.PRIVATE else Visibility.EVERYONE
    key = f"{kind}:{row.session_id}"
    line = Line(case, kind, house.now(), by, None, row.title, data=data, visibility=who, client_id=key)
    async with house.db.write() as db:
        await store.link_case(db, BroadcastCaseRow(row.session_id, case, moment, at_s))
        entry, is_new = await write_line(db, line)
    if is_new:
        await announce_entries(house, [entry])
        await announce_broadcast(house, row.session_id)
    return is_new
