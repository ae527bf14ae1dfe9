"""When something came up before an audience, and what the timeline of a case that it belongs to says of it."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.words import CaseId, EntryKind, Openness, Visibility
from server.service.airing import seconds_into_stream
from server.service.facts import Line
from server.service.house import House
from server.service.secrecy import hashed
from server.service.views import Actor
from server.store.broadcast_rows import BroadcastRow


@dataclass(frozen=True, slots=True)
class Moment:
    """When something came up, and how far into the stream that is (None: nobody knows)."""

    at: datetime
    at_s: float | None


async def moment_of(house: House, row: BroadcastRow, at: datetime) -> Moment:
    """A moment of a broadcast."""
    return Moment(at, await seconds_into_stream(house, row, at.timestamp()))


def linked_line(
    house: House,
    row: BroadcastRow,
    case: CaseId,
    kind: EntryKind,
    by: Actor,
    moment: Moment,
    text: str = "",
    about: str = "",
) -> Line:
    """What the case's timeline says of it, once for each thing that it is `about`. The customer reads it if the audience may know."""
    data = {"broadcast": row.session_id, "at_s": moment.at_s, "recording": row.recording_id, "name": by.name}
    who = Visibility.AGENTS if row.visibility is Openness.PRIVATE else Visibility.EVERYONE
    key = hashed(f"{kind}:{row.session_id}:{about}")
    return Line(case, kind, house.now(), by, None, text or row.title, data=data, visibility=who, client_id=key)
