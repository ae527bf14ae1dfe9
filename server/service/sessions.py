"""Joining, staying in and ending sessions."""

from dataclasses import dataclass

from server.domain.principal import Principal
from server.domain.words import CaseId, ConnectionId, Outcome, ParticipantId, SessionId
from server.service.house import House
from server.service.views import ConnectionView, RestartView, SessionView, SourcesView


@dataclass(frozen=True, slots=True)
class Admission:
    """Let in: as whom, and on stage or still waiting."""

    session: SessionId
    case: CaseId
    participant: ParticipantId
    on_stage: bool


async def admit(house: House, principal: Principal, session: SessionId) -> Admission:
    """The one decision for first joining, coming back and refreshing alike.

    Raises NotFound (not theirs), SessionEnded, SessionFull, Conflict (an agent before the case is taken).
    """
    raise NotImplementedError


async def connect_session(
    house: House, principal: Principal, session: SessionId, sdp: str, sources: dict[str, str]
) -> ConnectionView:
    """A media connection in the session; an older one of the same person is closed. Raises what `admit` raises, BadSdp, MediaAway."""
    raise NotImplementedError


async def connect_standby(house: House, principal: Principal, sdp: str, sources: dict[str, str]) -> ConnectionView:
    """An agent's connection that waits for a case to be taken."""
    raise NotImplementedError


async def restart_connection(house: House, principal: Principal, connection: ConnectionId, sdp: str) -> RestartView:
    """ICE restart of one's own connection. Raises NotFound."""
    raise NotImplementedError


async def close_connection(house: House, principal: Principal, connection: ConnectionId) -> None:
    """Closes one's own connection. Raises NotFound."""
    raise NotImplementedError


async def owns_connection(house: House, principal: Principal, connection: ConnectionId) -> bool:
    """Whether the connection is this person's (for `hold`)."""
    raise NotImplementedError


async def drop_connection(house: House, connection: ConnectionId) -> None:
    """The page that held this connection is gone for good: it is closed. No error when it is not there."""
    raise NotImplementedError


async def read_session(house: House, principal: Principal, session: SessionId) -> SessionView:
    """Who is in the session. Raises NotFound."""
    raise NotImplementedError


async def case_of_session(house: House, principal: Principal, session: SessionId) -> CaseId:
    """The case a session belongs to, of those this person may read. Raises NotFound."""
    raise NotImplementedError


async def set_state(house: House, principal: Principal, session: SessionId, state: SourcesView) -> SessionView:
    """What this person has switched on, for the others to see. Raises NotFound."""
    raise NotImplementedError


async def leave_session(house: House, principal: Principal, session: SessionId) -> None:
    """The person is out at once; the link still leads back."""
    raise NotImplementedError


async def end_session(
    house: House, principal: Principal, session: SessionId, outcome: Outcome, text: str = ""
) -> SessionView:
    """Everybody is out, a recording is stopped; solved closes the case, anything else leaves it open. `text` becomes a note. Agents."""
    raise NotImplementedError
