"""Opening, reading, taking and closing cases."""

from dataclasses import dataclass

from server.domain.principal import Principal
from server.domain.words import CaseId, ConnectionId, Language, Outcome
from server.service.house import House
from server.service.views import CaseOpened, CaseView


@dataclass(frozen=True, slots=True)
class OpenCase:
    """What a customer said to open a case. `topic` is the topic's id or slug; `client_id` was made in the browser (16-64 characters)."""

    topic: str
    summary: str
    name: str
    language: Language
    client_id: str
    email: str | None = None
    phone: str | None = None


async def open_case(house: House, principal: Principal, wish: OpenCase) -> tuple[CaseOpened, str | None]:
    """The new case, and a visitor token for the cookie when the browser has none yet.

    The same `client_id` again gives the same case with a new link. Raises BadField.
    """
    raise NotImplementedError


async def read_case(house: House, principal: Principal, case: CaseId, language: Language | None = None) -> CaseView:
    """The case as this person may see it, in `language` or the case's own. Raises NotFound."""
    raise NotImplementedError


async def take_case(
    house: House, principal: Principal, case: CaseId, connection: ConnectionId | None = None
) -> CaseView:
    """The case is the agent's; the customer is on stage, and so is the agent's standby `connection`.

    Raises AlreadyTaken(agent), CaseClosed, NotFound. Taking one's own case again changes nothing.
    """
    raise NotImplementedError


async def release_case(house: House, principal: Principal, case: CaseId) -> CaseView:
    """The case waits again, at its old place. Raises Conflict when it is not taken."""
    raise NotImplementedError


async def close_case(house: House, principal: Principal, case: CaseId, outcome: Outcome) -> CaseView:
    """The case is closed; a running session ends with the same outcome. Raises CaseClosed."""
    raise NotImplementedError


async def reopen_case(house: House, principal: Principal, case: CaseId) -> CaseView:
    """A closed case is open again. Raises Conflict when it is not closed."""
    raise NotImplementedError
