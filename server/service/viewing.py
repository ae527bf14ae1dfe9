"""Counts who watches, writes it down, and says how a broadcast goes."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import reduce

import structlog

from server.domain.principal import Principal
from server.domain.reach import Span
from server.domain.rights import agent_only
from server.domain.words import BroadcastState, Openness, SessionId
from server.errors import NotFound, OaseError
from server.service.house import House
from server.service.reach_views import NumbersView, step_view
from server.service.viewers import OnAir
from server.store import broadcasts as broadcast_store
from server.store import viewers as store
from server.store.broadcast_rows import BroadcastRow, ViewerStepRow

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
KEEP_EVERY = 12
"""Looks between two writings: a killed process loses a minute of its viewers at most."""
ON_AIR = (BroadcastState.LIVE, BroadcastState.PAUSED)
RATE_OVER = timedelta(minutes=5)


async def count_viewers_forever(house: House) -> None:
    """Run as a task."""
    on_air: Sequence[OnAir] = ()
    looks = 0
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        looks += 1
        try:
            on_air = await look_at_viewers(house, on_air)
            if looks % KEEP_EVERY == 0:
                await keep_viewers(house)
        except OaseError as failure:
            log.warning("viewers_not_kept", code=failure.code)
        except Exception:  # The root of this task: it goes on to count.
            log.exception("viewers_not_counted")


async def look_at_viewers(house: House, known: Sequence[OnAir] = ()) -> Sequence[OnAir]:
    """Counts the time since the last look, and tells the other processes. While the database is away what was on air (`known`) still is."""
    try:
        async with house.db.read() as db:
            known = [_on_air(row) for row in await broadcast_store.list_in_states(db, ON_AIR)]
    finally:
        here = house.viewers.look(known, house.now())
        await house.announcer.viewers(house.viewers.process, here)
    return known


def _on_air(row: BroadcastRow) -> OnAir:
    live_at = row.live_at or row.created_at
    return OnAir(row.session_id, row.channel_id, live_at, row.visibility is not Openness.PRIVATE)


async def keep_viewers(house: House) -> None:
    """Writes what was counted."""
    counted = house.viewers.unwritten()
    if not counted:
        return
    rows = [
        ViewerStepRow(
            one.session, one.at, house.viewers.process, one.channel, one.counts, one.watch_s, one.air_s, one.peak
        )
        for one in counted
    ]
    async with house.db.write() as db:
        await store.keep_steps(db, rows)
    house.viewers.written(counted, house.now())


async def read_numbers(house: House, principal: Principal, session: SessionId) -> NumbersView:
    """How a broadcast goes. Agents. What was counted in the last minute may be missing from all but `now`. Raises NotFound."""
    agent_only(principal)
    now = house.now()
    async with house.db.read() as db:
        row = await broadcast_store.find_broadcast(db, session)
        if row is None:
            raise NotFound
        steps = await store.list_steps(db, session)
        taken = await store.count_taking_part(db, session, now - RATE_OVER)
    here = house.viewers.now(session)
    whole = reduce(Span.and_, steps, Span(now.date()))
    return NumbersView(
        session=session,
        now=here.all,
        pages=here.pages,
        players=here.players,
        peak=max(whole.peak, here.all if row.state in ON_AIR else 0),
        average=round(whole.average, 2),
        watch_s=round(whole.watch_s, 1),
        air_s=round(whole.air_s, 1),
        members=taken.members,
        lines=taken.lines,
        lines_a_minute=round(taken.lines_lately / (RATE_OVER.total_seconds() / 60), 1),
        questions=taken.questions,
        votes=taken.votes,
        steps=[step_view(step) for step in steps],
    )
