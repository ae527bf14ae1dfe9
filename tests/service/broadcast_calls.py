"""Every service function about broadcasts and their audiences, called with things of a customer's session that was opened to invited people."""

from collections.abc import Awaitable, Callable

from server.domain.principal import Principal
from server.domain.words import (
    CaseId,
    ChatLineState,
    ConsentAnswer,
    Language,
    LineId,
    MemberId,
    Openness,
    PollId,
    PollState,
    Purpose,
    QuestionId,
    QuestionState,
    SessionId,
)
from server.service import (
    broadcast_cases,
    broadcast_reading,
    broadcasts,
    consent,
    live,
    planning,
    posters,
    reach,
    viewing,
    watching,
)
from server.service.audience import (
    hands,
    helping,
    invitations,
    lines,
    members,
    polls,
    questions,
    reading,
    rules,
    stage_calls,
    stage_places,
)
from server.service.house import House
from tests.desk import client_id

Call = Callable[[Principal], Awaitable[object]]
MEMBER, QUESTION, POLL, LINE = MemberId("no"), QuestionId("no"), PollId("no"), LineId("no")


def plan() -> planning.Plan:
    """A broadcast for who is invited."""
    return planning.Plan("Stromausfall", "strom", client_id(), visibility=Openness.PRIVATE)


def agents_calls(h: House, case: CaseId, session: SessionId) -> dict[str, Call]:
    """What only agents do."""
    return {
        "link_answer": lambda who: broadcast_cases.link_answer(h, who, session, case),
        "set_poster": lambda who: posters.set_poster(h, who, session, b""),
        "remove_poster": lambda who: posters.remove_poster(h, who, session),
        "list_answers": lambda who: broadcast_cases.list_answers(h, who, case, Language.DE),
        "mark_answer": lambda who: broadcast_cases.mark_answer(h, who, case, session),
        "list_broadcasts": lambda who: broadcast_reading.list_broadcasts(h, who, None, Language.DE),
        "ask_to_be_seen": lambda who: broadcasts.ask_to_be_seen(h, who, session),
        "count_down": lambda who: broadcasts.count_down(h, who, session, 10),
        "go_live": lambda who: broadcasts.go_live(h, who, session),
        "pause": lambda who: broadcasts.pause(h, who, session),
        "resume": lambda who: broadcasts.resume(h, who, session),
        "end_broadcast": lambda who: broadcasts.end(h, who, session),
        "read_broadcast": lambda who: broadcasts.read_broadcast(h, who, session),
        "rehearse": lambda who: broadcasts.rehearse(h, who, session),
        "set_scene": lambda who: broadcasts.set_scene(h, who, session, lambda wish: wish),
        "change_broadcast": lambda who: planning.change_broadcast(h, who, session, planning.Change(title="Eve")),
        "open_broadcast": lambda who: planning.open_broadcast(h, who, session, plan()),
        "plan_broadcast": lambda who: planning.plan_broadcast(h, who, plan()),
        "change_channel": lambda who: reach.change_channel(h, who, "main", {"responsible_name": "Eve"}),
        "list_channels": lambda who: reach.list_channels(h, who),
        "read_export": lambda who: reach.read_export(h, who, "main"),
        "read_reach": lambda who: reach.read_reach(h, who, "main"),
        "read_numbers": lambda who: viewing.read_numbers(h, who, session),
        "help_asker": lambda who: helping.help_asker(h, who, session, QUESTION),
        "help_member": lambda who: helping.help_member(h, who, session, MEMBER),
        "call_to_stage": lambda who: stage_calls.call_to_stage(h, who, session, MEMBER),
    }


def audience_calls(h: House, session: SessionId) -> dict[str, Call]:
    """What members and moderators do, in an audience that is for invited people."""
    return {
        "raise_hand": lambda who: hands.raise_hand(h, who, session),
        "lower_hand": lambda who: hands.lower_hand(h, who, session),
        "call_hand": lambda who: hands.call_hand(h, who, session, MEMBER, called=True),
        "say_me_too": lambda who: hands.say_me_too(h, who, session, wanted=True),
        "say_line": lambda who: lines.say_line(h, who, session, "Hallo", client_id()),
        "moderate_line": lambda who: lines.moderate_line(h, who, session, LINE, ChatLineState.REMOVED),
        "join_audience": lambda who: members.join_audience(h, who, session, "Eve", "192.0.2.1"),
        "list_members": lambda who: members.list_members(h, who, session),
        "moderate_member": lambda who: members.moderate_member(h, who, session, MEMBER, banned=True),
        "open_poll": lambda who: polls.open_poll(h, who, session, "Wo?", ("hier", "dort"), client_id()),
        "vote_in_poll": lambda who: polls.vote_in_poll(h, who, session, POLL, 0),
        "close_poll": lambda who: polls.close_poll(h, who, session, POLL, PollState.CLOSED),
        "ask_question": lambda who: questions.ask_question(h, who, session, "Wann?", client_id()),
        "vote_question": lambda who: questions.vote_question(h, who, session, QUESTION, wanted=True),
        "moderate_question": lambda who: questions.moderate_question(h, who, session, QUESTION, QuestionState.PINNED),
        "read_events": lambda who: reading.read_events(h, who, session, 0),
        "read_audience": lambda who: reading.read_audience(h, who, session),
        "set_rules": lambda who: rules.set_rules(h, who, session, slow_mode_s=10),
        "list_hands": lambda who: reading.list_hands(h, who, session),
        "read_invitations": lambda who: invitations.read_invitations(h, who, session),
        "read_place": lambda who: stage_places.read_place(h, who, session, Language.DE),
        "leave_stage": lambda who: stage_calls.leave_stage(h, who, session, MEMBER),
        "find_viewable": lambda who: live.find_viewable(h, who, session),
        "read_poster": lambda who: posters.read_poster(h, who, session, "none"),
        "read_public": lambda who: watching.read_public(h, who, session),
        "answer_public": lambda who: consent.answer_public(
            h, who, session, consent.Said(ConsentAnswer.GIVEN, "2026-1", purpose=Purpose.PUBLIC)
        ),
    }
