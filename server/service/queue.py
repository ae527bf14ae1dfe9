"""The queue: one for all topics, because every agent answers every topic."""

from server.domain.principal import Principal
from server.domain.words import CaseId
from server.service.house import House
from server.service.views import CaseView, QueuePlace


async def list_places(house: House) -> list[QueuePlace]:
    """The place and the waiting-time range of everybody who waits, first come first."""
    raise NotImplementedError


async def announce_queue(house: House) -> None:
    """Tells everybody who waits the new place, and the agents that their lists changed. Call after the commit."""
    raise NotImplementedError


async def withdraw_case(house: House, principal: Principal, case: CaseId) -> CaseView:
    """The customer leaves the queue; the case is closed. Raises Conflict when it does not wait."""
    raise NotImplementedError


async def queue_case(house: House, principal: Principal, case: CaseId) -> CaseView:
    """The customer of an open case waits again, in a new session. Raises CaseClosed, Conflict when it is taken."""
    raise NotImplementedError
