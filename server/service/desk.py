"""The agents' lists of cases."""

from enum import StrEnum

from server.domain.principal import Principal
from server.domain.words import Language
from server.service.house import House
from server.service.views import DeskView


class DeskFilter(StrEnum):
    """Which cases are listed."""

    WAITING = "waiting"
    MINE = "mine"
    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


async def read_desk(
    house: House,
    principal: Principal,
    state: DeskFilter = DeskFilter.WAITING,
    q: str = "",
    after: str | None = None,
    limit: int = 50,
    language: Language = Language.DE,
) -> DeskView:
    """One page of cases: who waits first come first, the others newest first; `q` is looked for in number, name, summary, e-mail and phone."""
    raise NotImplementedError
