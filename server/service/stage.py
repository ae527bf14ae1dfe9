"""Moving people on and off a stage, and emptying it."""

import asyncio
import contextlib
from collections.abc import Sequence

from server.domain.words import CaseId, SessionId
from server.errors import MediaAway, NotFound, OaseError
from server.media.protocol import Seat, SessionView
from server.service.house import House
from server.service.roster import seat_quietly
from server.store.rows import ParticipantRow


async def move(
    house: House, session: SessionId, people: Sequence[ParticipantRow], *, on_stage: bool
) -> list[SessionView]:
    """All of them at once on or off the stage, each with the connection we know; what the worker saw afterwards."""
    seats = [
        seat_quietly(house, session, one.id, Seat(connection=one.connection, on_stage=on_stage))
        for one in people
        if one.connection is not None
    ]
    return [seen for seen in await asyncio.gather(*seats) if seen is not None]


async def wake_cameras(house: House, session: SessionId) -> None:
    """Somebody is about to look: key frames are asked for while the rest is still being written down. Without a worker there are none."""
    with contextlib.suppress(OaseError):
        await house.media.wake_cameras(session)


async def clear_stage(house: House, cases: Sequence[CaseId], session: SessionId) -> None:
    """Everybody out, connections closed; a worker that is away has nobody anyhow."""
    with contextlib.suppress(NotFound, MediaAway):
        await house.media.end_session(session)
    await house.announcer.session_ended(cases, session)
