"""How fast the queue moves, and what that means for a place in it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.queue import RECENT_S, RECENT_TAKES, waiting_range
from server.service.house import House
from server.service.views import QueueView
from server.store import agents as agent_store
from server.store import cases as store

HERE_S = 90  # An open desk counts as used every 30 s (`agents.touch_agent`).


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast cases are taken: moments of late takes (UNIX seconds), and who could take more."""

    takes: list[float]
    agents_here: int
    now: float


async def read_pace(house: House, db: AsyncConnection) -> Pace:
    """The pace of the queue now."""
    now = house.now()
    takes = await store.list_takes(db, now - timedelta(seconds=RECENT_S), RECENT_TAKES)
    agents_here = await agent_store.count_here(db, now - timedelta(seconds=HERE_S))
    return Pace([moment.timestamp() for moment in takes], agents_here, now.timestamp())


def place_view(ahead: int, pace: Pace) -> QueueView:
    """The place of somebody with so many before them."""
    span = waiting_range(ahead, pace.takes, pace.agents_here, pace.now)
    low, high = (span.min_s, span.max_s) if span else (None, None)
    return QueueView(ahead + 1, ahead, low, high, pace.agents_here)
