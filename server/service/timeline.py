"""A case's one timeline: chat, notes and facts share its sequence numbers."""

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import clean_client_id, clean_text
from server.domain.principal import Agent, Principal, Visitor
from server.domain.rights import agent_only, grant_for, person_in
from server.domain.words import CaseId, CaseState, EntryKind, PersonKind, SessionId, SessionState, Visibility
from server.errors import CaseClosed, Conflict, NotFound, SessionEnded
from server.service.facts import Line, actor, announce_entries, entry_view, write_line
from server.service.house import House
from server.service.reading import case_for
from server.service.views import Said, Timeline
from server.store import sessions as session_store
from server.store import timeline as store

PAGE_LIMIT = 500


async def read_timeline(house: House, principal: Principal, case: CaseId, after: int = 0, limit: int = 200) -> Timeline:
    """Entries with a number above `after` that this person may see. Raises NotFound."""
    most = max(1, min(limit, PAGE_LIMIT))
    everyone = [Visibility.EVERYONE]
    visible = [*everyone, Visibility.AGENTS] if isinstance(principal, Agent) else everyone
    async with house.db.read() as db:
        await case_for(db, principal, case)
        rows = await store.list_entries(db, case, after, most + 1, visible, _sessions_of(principal, case))
    entries = [entry_view(row) for row in rows[:most]]
    return Timeline(entries, entries[-1].seq if entries else after, len(rows) > most)


def _sessions_of(principal: Principal, case: CaseId) -> list[SessionId] | None:
    """None: all. Guests read only what belongs to the sessions they were invited to."""
    grant = grant_for(principal, case)
    if grant is None or grant.kind is PersonKind.CUSTOMER or not isinstance(principal, Visitor):
        return None
    return [one.session_id for one in principal.links if one.case_id == case and one.session_id is not None]


async def say_chat(house: House, principal: Principal, case: CaseId, text: str, client_id: str) -> Said:
    """A chat line, kept before it is answered. Raises NotFound, CaseClosed, BadField."""
    line = clean_text(text, "text")
    key = clean_client_id(client_id)
    async with house.db.write() as db:
        row = await case_for(db, principal, case)
        if row.state is CaseState.CLOSED and not await store.find_entry(db, case, key):
            raise CaseClosed
        said = await _write(db, house, principal, case, EntryKind.CHAT, line, key)
    return await _announced(house, said)


async def write_note(house: House, principal: Principal, case: CaseId, text: str, client_id: str) -> Said:
    """An agent's note; customers never see it. Allowed on closed cases too. Raises BadField."""
    agent_only(principal)
    note = clean_text(text, "text")
    key = clean_client_id(client_id)
    async with house.db.write() as db:
        await case_for(db, principal, case)
        said = await _write(db, house, principal, case, EntryKind.NOTE, note, key)
    return await _announced(house, said)


async def _write(
    db: AsyncConnection, house: House, principal: Principal, case: CaseId, kind: EntryKind, text: str, key: str
) -> Said:
    session = await _session_now(db, principal, case)
    person = person_in(principal, case, session)
    if person is None:
        raise NotFound
    visibility = Visibility.AGENTS if kind is EntryKind.NOTE else Visibility.EVERYONE
    line = Line(case, kind, house.now(), actor(person), session, text, {}, visibility, key)
    entry, is_new = await write_line(db, line)
    if not is_new and (entry.actor != line.by or entry.kind is not kind or entry.text != text):
        raise Conflict  # Somebody else's id, whose line is not shown to who sends it again; or other words, which would be lost.
    return Said(entry, is_new)


async def _session_now(db: AsyncConnection, principal: Principal, case: CaseId) -> SessionId | None:
    """The session in which something is said now; a guest's own, while it lasts."""
    grant = grant_for(principal, case)
    if grant is None or grant.kind is PersonKind.CUSTOMER or grant.session_id is None:
        return (await session_store.list_live_sessions(db, [case])).get(case)
    session = await session_store.find_session(db, grant.session_id)
    if session is None or session.state is SessionState.ENDED:
        raise SessionEnded
    return grant.session_id


async def _announced(house: House, said: Said) -> Said:
    if said.is_new:
        await announce_entries(house, [said.entry])
    return said
