"""The states of a case and of a session, and which may follow which."""

from server.domain.words import CaseState, Outcome, SessionState

CASE_STEPS: dict[CaseState, frozenset[CaseState]] = {
    CaseState.WAITING: frozenset({CaseState.TAKEN, CaseState.OPEN, CaseState.CLOSED}),  # OPEN: an agent puts it aside.
    CaseState.TAKEN: frozenset({CaseState.WAITING, CaseState.OPEN, CaseState.CLOSED}),
    CaseState.OPEN: frozenset({CaseState.WAITING, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset({CaseState.OPEN, CaseState.WAITING}),  # WAITING: the customer comes back by the link.
}

SESSION_STEPS: dict[SessionState, frozenset[SessionState]] = {
    SessionState.WAITING: frozenset({SessionState.RUNNING, SessionState.ENDED}),
    SessionState.RUNNING: frozenset({SessionState.WAITING, SessionState.ENDED}),
    SessionState.ENDED: frozenset(),
}


def may_become(now: CaseState, then: CaseState) -> bool:
    """Whether a case may go from one state to the other."""
    return then in CASE_STEPS[now]


def may_turn(now: SessionState, then: SessionState) -> bool:
    """Whether a session may go from one state to the other."""
    return then in SESSION_STEPS[now]


def state_after(outcome: Outcome) -> CaseState:
    """What a case becomes when its session ends: solved closes it, anything else leaves it open to come back."""
    return CaseState.CLOSED if outcome is Outcome.SOLVED else CaseState.OPEN
