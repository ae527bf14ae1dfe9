"""Who asks: nobody known, a visitor with the links of one browser, or a signed-in agent."""

from dataclasses import dataclass

from server.domain.words import AgentId, CaseId, LinkId, PersonKind, Role, SessionId, VisitorId


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody we know."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one link lets its holder do. A customer's covers the case; a guest's covers `session_id` only."""

    link_id: LinkId
    kind: PersonKind
    case_id: CaseId
    session_id: SessionId | None
    name: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser that swapped at least one link. `links` holds only those that are valid now."""

    visitor_id: VisitorId
    links: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """A signed-in agent. `session_hash` is the SHA-256 (hex) of this browser's token: the name of the sign-in, not a secret."""

    agent_id: AgentId
    name: str
    role: Role
    session_hash: str


Principal = Anonymous | Visitor | Agent


@dataclass(frozen=True, slots=True)
class Person:
    """One person, the same in every tab and device. `person_id` is the agent's id, the guest's link, or, for a customer, the case."""

    kind: PersonKind
    person_id: str
    name: str
