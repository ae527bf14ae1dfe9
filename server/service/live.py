"""Live streams and finished ones for who watches: which answer, and whether this person may have it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from server.broadcast.hls.answer import Answer
from server.broadcast.hls.multivariant import SMALLER
from server.broadcast.hls.serving import INDEX
from server.domain.principal import Anonymous, Principal
from server.domain.rights import may_play, may_view, was_taken_away
from server.domain.words import Openness, SessionId
from server.errors import NotFound, Removed
from server.service.house import House
from server.service.streams import Known
from server.store import broadcasts as store
from server.store import sessions as session_store
from server.store.broadcast_rows import BroadcastRow

Asking = Callable[[], Awaitable[Principal]]
"""Who asks. Finding out costs a look into the database, so it is asked only where not everybody may see it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer. `is_public`: pages of other sites may read it too."""

    answer: Answer
    is_public: bool = False


NOTHING = Shown(Answer(404))
AWAY = Shown(Answer(503))


async def show(
    house: House, asking: Asking, session: SessionId, name: str, query: Mapping[str, str], folder: str = ""
) -> Shown:
    """What a viewer gets for one file of the session's stream: now, or once it is there. Unknown and forbidden are the same 404.

    `folder` is "" or that of the smaller rendition.

    Raises DatabaseAway.
    """
    row = await _playable(house, asking, session)
    if row is None:
        return NOTHING
    may_be_kept = row.visibility is not Openness.PRIVATE
    try:
        directory = house.settings.recordings / row.directory
        stream = await house.streams.open(directory / folder, may_be_kept)
        smaller = None
        if name == INDEX and not folder and stream.has_smaller:
            smaller = await house.streams.open(directory / SMALLER, may_be_kept)
        answer = await stream.answer(name, query, smaller)
    except (OSError, ValueError):
        return AWAY
    return Shown(answer, row.visibility is Openness.PUBLIC)


async def _playable(house: House, asking: Asking, session: SessionId) -> BroadcastRow | None:
    known = await find_known(house, session)
    if known.row is None or is_open(known):
        return known.row
    return known.row if may_play(await asking(), known.row, known.cases) else None


def is_open(known: Known) -> bool:
    """Whether everybody may have picture and sound of it."""
    return known.row is not None and may_play(Anonymous(), known.row, known.cases)


async def find_viewable(house: House, principal: Principal, session: SessionId) -> BroadcastRow:
    """The broadcast, as it stood at most a second ago, if this person may see that it is there. Raises NotFound, Removed, DatabaseAway."""
    known = await find_known(house, session)
    if known.row is None or not may_view(principal, known.row, known.cases):
        raise Removed if known.row is not None and was_taken_away(known.row) else NotFound
    return known.row


async def find_known(house: House, session: SessionId) -> Known:
    """The broadcast of a session and its cases, for whoever decides about rights. Raises DatabaseAway."""

    async def load(session: SessionId) -> Known:
        async with house.db.read() as db:
            row = await store.find_broadcast(db, session)
            return Known(row, await session_store.list_cases_of(db, session) if row else ())

    return await house.streams.known(session, load)
