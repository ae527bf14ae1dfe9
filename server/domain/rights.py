"""Who may do what. The one rule set; services ask it, and the announcer asks it for every line it sends."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from server.domain.principal import Agent, Grant, Person, Principal, Visitor
from server.domain.words import BroadcastState, CaseId, Openness, PersonKind, Role, SessionId, Visibility
from server.errors import Forbidden, NotSignedIn


def agent_only(principal: Principal) -> Agent:
    """The agent who asks. Raises NotSignedIn for nobody, Forbidden for visitors."""
    if isinstance(principal, Agent):
        return principal
    raise Forbidden if isinstance(principal, Visitor) else NotSignedIn


def admin_only(principal: Principal) -> Agent:
    """The admin who asks. Raises NotSignedIn, Forbidden."""
    agent = agent_only(principal)
    if agent.role is not Role.ADMIN:
        raise Forbidden
    return agent


def grant_for(principal: Principal, case: CaseId, session: SessionId | None = None) -> Grant | None:
    """The visitor's link to this case (and session); the customer's own before a guest's."""
    if not isinstance(principal, Visitor):
        return None
    fitting = [
        grant
        for grant in principal.links
        if grant.case_id == case
        and grant.kind is not PersonKind.VIEWER
        and (grant.kind is PersonKind.CUSTOMER or session is None or grant.session_id == session)
    ]
    return min(fitting, key=lambda grant: grant.kind is not PersonKind.CUSTOMER, default=None)


def may_read_case(principal: Principal, case: CaseId) -> bool:
    """Any agent, the case's customer, and guests of one of its sessions."""
    return isinstance(principal, Agent) or grant_for(principal, case) is not None


def may_join(principal: Principal, case: CaseId, session: SessionId) -> bool:
    """Any agent, the case's customer, and the guests of this session."""
    return isinstance(principal, Agent) or grant_for(principal, case, session) is not None


def may_watch(principal: Principal, case: CaseId, session: SessionId) -> bool:
    """Who may see the stage without being on it: whoever may join, except machines, and who holds a watch key of this session.

    The one decision for the audience.
    """
    if isinstance(principal, Visitor) and any(
        grant.kind is PersonKind.VIEWER and grant.session_id == session for grant in principal.links
    ):
        return True
    grant = grant_for(principal, case, session)
    return isinstance(principal, Agent) or (grant is not None and grant.kind is not PersonKind.SOURCE)


class Viewable(Protocol):
    """What of a broadcast decides who may watch it."""

    @property
    def session_id(self) -> SessionId:
        """Its session."""

    @property
    def visibility(self) -> Openness:
        """For whom it is."""

    @property
    def state(self) -> BroadcastState:
        """Where it stands."""

    @property
    def removed_at(self) -> datetime | None:
        """When it was taken away."""


NO_STREAM = frozenset({BroadcastState.PLANNED, BroadcastState.REHEARSAL})


def may_view(principal: Principal, broadcast: Viewable, cases: Collection[CaseId] = ()) -> bool:
    """Who may see that a broadcast is there, and its page: agents; anybody unless it is private or taken away; then who holds a link to its
    session, or is the customer of one of its `cases`."""
    if isinstance(principal, Agent):
        return True
    if broadcast.removed_at is not None:
        return False
    if broadcast.visibility is not Openness.PRIVATE:
        return True
    return isinstance(principal, Visitor) and any(
        grant.session_id == broadcast.session_id or (grant.kind is PersonKind.CUSTOMER and grant.case_id in cases)
        for grant in principal.links
    )


def was_taken_away(broadcast: Viewable) -> bool:
    """Whether everybody who knew its address could watch it until somebody took it away: that may be said to all."""
    return broadcast.removed_at is not None and broadcast.visibility is not Openness.PRIVATE


def may_play(principal: Principal, broadcast: Viewable, cases: Collection[CaseId] = ()) -> bool:
    """Who may have picture and sound of a broadcast: who may view it, once the audience is let in; a rehearsal is for agents alone."""
    if broadcast.state in NO_STREAM and not isinstance(principal, Agent):
        return False
    return may_view(principal, broadcast, cases)


def may_see_entry(principal: Principal, case: CaseId, session: SessionId | None, visibility: Visibility) -> bool:
    """Agents see all; the customer what is for everyone; a guest only that of the guest's own session."""
    if isinstance(principal, Agent):
        return True
    if visibility is not Visibility.EVERYONE:
        return False
    grant = grant_for(principal, case)
    if grant is None:
        return False
    return grant.kind is PersonKind.CUSTOMER or (session is not None and may_join(principal, case, session))


def person_in(principal: Principal, case: CaseId, session: SessionId | None) -> Person | None:
    """Who this is in a session of the case: the same in every tab and device. None when it is nobody's business."""
    if isinstance(principal, Agent):
        return Person(PersonKind.AGENT, principal.agent_id, principal.name)
    grant = grant_for(principal, case, session)
    return None if grant is None else person_of(grant)


def is_person(principal: Principal, person: Person) -> bool:
    """Whether this is that person."""
    if isinstance(principal, Agent):
        return person.kind is PersonKind.AGENT and person.person_id == principal.agent_id
    if not isinstance(principal, Visitor):
        return False
    return any(
        grant.kind is person.kind and person_of(grant).person_id == person.person_id for grant in principal.links
    )


def person_of(grant: Grant) -> Person:
    """Who a link's holder is: a customer is the case's, whatever link or device; a guest is the link's."""
    person_id = str(grant.case_id) if grant.kind is PersonKind.CUSTOMER else str(grant.link_id)
    return Person(grant.kind, person_id, grant.name)
