"""Lines of timelines: how services write them, and say them once they are committed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.principal import Person
from server.domain.words import CaseId, EntryKind, SessionId, Visibility
from server.service.house import House
from server.service.views import Actor, Entry, Fact
from server.store import timeline as store
from server.store.rows import EntryRow

Facts = list[dict[str, Fact]]
NOBODY = Actor(None, None, "")


def actor(person: Person) -> Actor:
    """A person as the one who did it."""
    return Actor(person.kind, person.person_id, person.name)


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be written. The same `client_id` again is written once."""

    case: CaseId
    kind: EntryKind
    at: datetime
    by: Actor = NOBODY
    session: SessionId | None = None
    text: str = ""
    data: Mapping[str, Fact | Facts] = field(default_factory=dict)
    visibility: Visibility = Visibility.EVERYONE
    client_id: str | None = None


async def write_line(db: AsyncConnection, line: Line) -> tuple[Entry, bool]:
    """The entry, and whether it is new, inside the caller's transaction."""
    row = EntryRow(
        case_id=line.case,
        seq=0,
        kind=line.kind,
        at=line.at,
        session_id=line.session,
        actor_kind=line.by.kind,
        actor_id=line.by.id,
        actor_name=line.by.name,
        visibility=line.visibility,
        text=line.text,
        data=dict(line.data),
        client_id=line.client_id,
    )
    kept, is_new = await store.add_entry(db, row)
    return entry_view(kept), is_new


async def write_lines(db: AsyncConnection, lines: Iterable[Line]) -> list[Entry]:
    """The new entries among these."""
    written = [await write_line(db, line) for line in lines]
    return [entry for entry, is_new in written if is_new]


async def announce_entries(house: House, entries: Iterable[Entry]) -> None:
    """Says them, in order. Call after the commit."""
    for entry in entries:
        await house.announcer.entry(entry.case, entry)


def entry_view(row: EntryRow) -> Entry:
    """A row as it goes over the wire."""
    return Entry(
        case=row.case_id,
        seq=row.seq,
        kind=row.kind,
        at=row.at,
        session=row.session_id,
        actor=Actor(row.actor_kind, row.actor_id, row.actor_name),
        visibility=row.visibility,
        text=row.text,
        data=row.data,
        client_id=row.client_id,
    )
