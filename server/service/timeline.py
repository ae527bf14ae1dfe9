"""A case's one timeline: chat, notes and facts share its sequence numbers."""

from server.domain.principal import Principal
from server.domain.words import CaseId
from server.service.house import House
from server.service.views import Said, Timeline


async def read_timeline(house: House, principal: Principal, case: CaseId, after: int = 0, limit: int = 200) -> Timeline:
    """Entries with a number above `after` that this person may see. Raises NotFound."""
    raise NotImplementedError


async def say_chat(house: House, principal: Principal, case: CaseId, text: str, client_id: str) -> Said:
    """A chat line, kept before it is answered. Raises NotFound, CaseClosed, BadField."""
    raise NotImplementedError


async def write_note(house: House, principal: Principal, case: CaseId, text: str, client_id: str) -> Said:
    """An agent's note; customers never see it. Allowed on closed cases too. Raises BadField."""
    raise NotImplementedError
