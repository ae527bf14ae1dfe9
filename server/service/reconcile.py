"""What the database says and what the media worker does are made the same again, after anything that got lost between them.

The database is right. Each of these may be repeated at any time, by every web process.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from server.domain.words import RecordingState, SessionId, SessionState
from server.errors import MediaAway, NotFound
from server.service.facts import NOBODY
from server.service.house import House
from server.service.presence import person_lost
from server.service.roster import announce_roster, seen_by_media
from server.service.taping import STOPPING, after_stop, stop, tell_people
from server.store import recordings as recording_store
from server.store import sessions as session_store
from server.store.rows import RecordingRow

LATELY = timedelta(minutes=10)
LONG_AGO = timedelta(days=1)  # A worker whose line was lost may have gone on for as long.
EMPTY_LIMIT = timedelta(minutes=10)


async def reconcile(house: House, back: timedelta = LATELY) -> None:
    """What ended during the time `back` has ended at its worker too, and running recordings have exactly those who agree.

    Raises MediaAway after the others' turn when a worker is away; what was not done is done the next time.
    """
    each = (reconcile_worker(house, worker, back) for worker in house.media.numbers)
    failures = [one for one in await asyncio.gather(*each, return_exceptions=True) if one is not None]
    for failure in sorted(failures, key=lambda one: isinstance(one, MediaAway)):  # What is unexpected comes first.
        raise failure


async def reconcile_worker(house: House, worker: int, back: timedelta = LATELY) -> None:
    """As `reconcile`, for the sessions of one worker."""
    since = house.now() - back
    await _end_at_worker(house, worker, since)
    await _stop_at_worker(house, worker, since)
    await _mend_running(house, worker)


async def _end_at_worker(house: House, worker: int, since: datetime) -> None:
    async with house.db.read() as db:
        ended = await session_store.list_ended(db, since, worker)
    for session in ended:
        await house.media[worker].end_session(session)


async def _stop_at_worker(house: House, worker: int, since: datetime) -> None:
    async with house.db.read() as db:
        stopped = await recording_store.list_stopped(db, since)
        wanted = await recording_store.list_leased(db, STOPPING)
    mine = {one.id: one for one in await _living_at(house, worker, [*stopped, *wanted])}
    for row in mine.values():
        with contextlib.suppress(NotFound):
            await house.media[worker].stop_recording(row.id)
    for row in wanted:
        if row.id in mine:
            await after_stop(house, row.id)


async def list_running(house: House, worker: int) -> list[RecordingRow]:
    """The recordings that this worker writes, or should."""
    async with house.db.read() as db:
        running = await recording_store.list_in_state(db, RecordingState.RECORDING)
    return await _living_at(house, worker, running)


async def _living_at(house: House, worker: int, rows: Sequence[RecordingRow]) -> list[RecordingRow]:
    async with house.db.read() as db:
        homes = await session_store.find_homes(db, [row.session_id for row in rows]) if rows else {}
    known = house.media.numbers  # Of a worker that is no more, the first one asks.
    return [row for row in rows if (homes[row.session_id] if homes[row.session_id] in known else 0) == worker]


async def _mend_running(house: House, worker: int) -> None:
    for row in await list_running(house, worker):
        if await _is_over(house, row):
            async with house.turns.of(row.session_id):
                await stop(house, row, NOBODY)
            await announce_roster(house, row.session_id, await seen_by_media(house, row.session_id))
        else:
            await tell_people(house, row.session_id)


async def _is_over(house: House, row: RecordingRow) -> bool:
    """Whether the session is not running any more, or nobody has been connected for longer than the limit."""
    async with house.db.read() as db:
        session = await session_store.find_session(db, row.session_id)
        people = await session_store.list_participants(db, row.session_id)
    if session is None or session.state is not SessionState.RUNNING:
        return True
    if any(one.connection is not None and one.gone_at is None for one in people):
        return False
    times = [row.started_at, *(time for one in people for time in (one.gone_at, one.left_at) if time is not None)]
    return house.now() - max(times) > EMPTY_LIMIT


async def cut_invalid(house: House) -> None:
    """Who came by a link that was revoked or has expired is out of the call. Raises MediaAway after the others' turn."""
    async with house.db.read() as db:
        rows = await session_store.list_invalid_connections(db, house.now())
    away: MediaAway | None = None
    for row in rows:
        try:
            with contextlib.suppress(NotFound):
                await house.media.close_connection(row.id)
        except MediaAway as failure:
            away = failure
            continue
        await person_lost(house, row.id, "ended")
    for link in {row.link_id for row in rows if row.link_id is not None}:
        await house.announcer.visitor_revoked(None, link)
    if away is not None:
        raise away


async def end_ghost(house: House, data: dict[str, object]) -> bool:
    """Ends at the worker what it says of a session that has ended here; whether it was one."""
    session = SessionId(str(data.get("session")))
    async with house.db.read() as db:
        row = await session_store.find_session(db, session)
    if row is None or row.state is not SessionState.ENDED:
        return False
    with contextlib.suppress(NotFound, MediaAway):
        await house.media.end_session(session)
    return True
