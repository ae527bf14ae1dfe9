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
    """The visitor's link to this case (and session); the customer's own before a guest's, and both before a call from the audience."""
    if not isinstance(principal, Visitor):
        return None
    fitting = [
        grant
        for grant in principal.links
        if grant.case_id == case
        and grant.kind is not PersonKind.VIEWER
        and (grant.kind is PersonKind.CUSTOMER or session is None or grant.session_id == session)
    ]
    return min(fitting, key=lambda grant: _FIRST.get(grant.kind, 1), default=None)


_FIRST = {PersonKind.CUSTOMER: 0, PersonKind.MEMBER: 2}


def is_outsider(grant: Grant | None) -> bool:
    """Whether the stage is open by this link and the case is not: who was called from the audience knows what the audience knows."""
    return grant is not None and grant.kind is PersonKind.MEMBER


def may_read_case(principal: Principal, case: CaseId) -> bool:
    """Any agent, the case's customer, and guests of one of its sessions; not who was called from an audience."""
    grant = grant_for(principal, case)
    return isinstance(principal, Agent) or (grant is not None and not is_outsider(grant))


def may_join(principal: Principal, case: CaseId, session: SessionId) -> bool:
    """Any agent, the case's customer, the guests of this session, and who was called to it from the audience."""
    return isinstance(principal, Agent) or grant_for(principal, case, session) is not None


def sees_all(principal: Principal, case: CaseId, session: SessionId) -> bool:
    """Whether somebody on stage sees everybody there, with their names; others see what the audience may see."""
    return may_join(principal, case, session) and not is_outsider(grant_for(principal, case, session))


def may_watch(principal: Principal, case: CaseId, session: SessionId) -> bool:
    """Who may see the stage without being on it: who sees all of it there, except machines, and who holds a watch key of this session.

    The one decision for the audience.
    """
    if isinstance(principal, Visitor) and any(
        grant.kind is PersonKind.VIEWER and grant.session_id == session for grant in principal.links
    ):
        return True
    grant = grant_for(principal, case, session)
    return isinstance(principal, Agent) or (
        grant is not None and grant.kind not in {PersonKind.SOURCE, PersonKind.MEMBER}
    )


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
    """Agents see all; the customer what is for everyone; a guest only that of the guest's own session; who came from the audience nothing."""
    if isinstance(principal, Agent):
        return True
    if visibility is not Visibility.EVERYONE:
        return False
    grant = grant_for(principal, case)
    if grant is None or is_outsider(grant):
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
