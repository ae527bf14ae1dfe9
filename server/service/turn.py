"""The TURN server that helps people out of networks which let nothing else through; given only with a connection, and for ten minutes."""

from server.domain.principal import Agent, Principal, Visitor
from server.domain.turn import LIFETIME_S, turn_password, turn_user
from server.service.house import House
from server.service.media_views import TurnView


def turn_for(house: House, principal: Principal) -> TurnView | None:
    """What somebody who just got a connection needs of it; None where no TURN server is set."""
    addresses = house.settings.turn_addresses
    if not addresses or not isinstance(principal, Agent | Visitor):
        return None
    who = principal.agent_id if isinstance(principal, Agent) else principal.visitor_id
    user = turn_user(who, int(house.now().timestamp()) + LIFETIME_S)
    return TurnView(addresses, user, turn_password(house.settings.turn_secret, user), LIFETIME_S)
