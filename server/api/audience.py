"""Taking part in a broadcast: members, chat, questions, polls, hands, moderation."""

from server.api import audience_requests as r
from server.api.call import LIMITS, Call, Handlers
from server.domain.principal import Agent, Visitor
from server.domain.words import LineId, MemberId, PollId, QuestionId
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
from server.service.audience import views as v

handlers = Handlers()

_HERE = "/api/v1/broadcasts/{session}"
FAR = 2**31 - 1
LINES_A_MINUTE = 30
QUESTIONS_A_MINUTE = 6
NAMES_A_MINUTE = 12
"""Of one address: many people share one, so that a room full of them has to come one after the other."""


async def _spend(call: Call, kind: str, limit: int) -> None:
    """Raises TooManyRequests when this person said so much in this minute."""
    principal = call.principal
    who = principal.visitor_id if isinstance(principal, Visitor) else call.address
    if not isinstance(principal, Agent):
        await call.request.app[LIMITS].spend(kind, f"{call.session} {who}", 1, limit)


def _member(call: Call) -> MemberId:
    return MemberId(call.request.match_info["member"])


def _question(call: Call) -> QuestionId:
    return QuestionId(call.request.match_info["question"])


def _poll(call: Call) -> PollId:
    return PollId(call.request.match_info["poll"])


@handlers.on(f"GET {_HERE}/audience")
async def read_audience(call: Call) -> v.AudienceView:
    return await reading.read_audience(call.house, call.principal, call.session)


@handlers.on(f"GET {_HERE}/events")
async def read_events(call: Call) -> v.AudienceEvents:
    return await reading.read_events(call.house, call.principal, call.session, call.number("after", 0, FAR))


@handlers.on(f"PATCH {_HERE}/audience")
async def set_rules(call: Call) -> v.AudienceView:
    body = call.body(r.SetAudienceRules)
    return await rules.set_rules(
        call.house, call.principal, call.session, slow_mode_s=body.slow_mode_s, holds=body.holds, words=body.words
    )


@handlers.on(f"POST {_HERE}/members")
async def join_audience(call: Call) -> v.MemberView:
    if not isinstance(call.principal, Visitor):
        await _spend(call, "member", NAMES_A_MINUTE)
    name = call.body(r.TakePart).name
    member, token = await members.join_audience(call.house, call.principal, call.session, name, call.address)
    if token:
        call.keep_cookie("visitor", token)
    return member


@handlers.on(f"GET {_HERE}/members")
async def list_members(call: Call) -> v.MembersView:
    return await members.list_members(call.house, call.principal, call.session)


@handlers.on(f"PATCH {_HERE}/members/{{member}}")
async def moderate_member(call: Call) -> v.MemberView:
    body = call.body(r.ModerateMember)
    return await members.moderate_member(
        call.house,
        call.principal,
        call.session,
        _member(call),
        muted=body.muted,
        banned=body.banned,
        role=body.role,
        remove_lines=body.remove_lines,
    )


@handlers.on(f"POST {_HERE}/lines")
async def say_line(call: Call) -> v.ChatLine:
    await _spend(call, "line", LINES_A_MINUTE)
    body = call.body(r.SayLine)
    return await lines.say_line(call.house, call.principal, call.session, body.text, body.client_id)


@handlers.on(f"PATCH {_HERE}/lines/{{line}}")
async def moderate_line(call: Call) -> v.ChatLine:
    line = LineId(call.request.match_info["line"])
    return await lines.moderate_line(call.house, call.principal, call.session, line, call.body(r.ModerateLine).state)


@handlers.on(f"POST {_HERE}/questions")
async def ask_question(call: Call) -> v.QuestionView:
    await _spend(call, "question", QUESTIONS_A_MINUTE)
    body = call.body(r.AskQuestion)
    return await questions.ask_question(call.house, call.principal, call.session, body.text, body.client_id)


@handlers.on(f"PATCH {_HERE}/questions/{{question}}")
async def moderate_question(call: Call) -> v.QuestionView:
    state = call.body(r.ModerateQuestion).state
    return await questions.moderate_question(call.house, call.principal, call.session, _question(call), state)


@handlers.on(f"PUT {_HERE}/questions/{{question}}/vote")
async def vote(call: Call) -> None:
    await questions.vote_question(call.house, call.principal, call.session, _question(call), wanted=True)


@handlers.on(f"DELETE {_HERE}/questions/{{question}}/vote")
async def take_vote_back(call: Call) -> None:
    await questions.vote_question(call.house, call.principal, call.session, _question(call), wanted=False)


@handlers.on(f"POST {_HERE}/polls")
async def open_poll(call: Call) -> v.PollView:
    body = call.body(r.OpenPoll)
    return await polls.open_poll(call.house, call.principal, call.session, body.text, body.choices, body.client_id)


@handlers.on(f"PATCH {_HERE}/polls/{{poll}}")
async def close_poll(call: Call) -> v.PollView:
    state = call.body(r.ClosePoll).state
    return await polls.close_poll(call.house, call.principal, call.session, _poll(call), state)


@handlers.on(f"PUT {_HERE}/polls/{{poll}}/vote")
async def vote_in_poll(call: Call) -> None:
    position = call.body(r.VoteInPoll).position
    await polls.vote_in_poll(call.house, call.principal, call.session, _poll(call), position)


@handlers.on(f"GET {_HERE}/hands")
async def list_hands(call: Call) -> v.HandsView:
    return await reading.list_hands(call.house, call.principal, call.session)


@handlers.on(f"POST {_HERE}/hands")
async def raise_hand(call: Call) -> v.HandPlace:
    return await hands.raise_hand(call.house, call.principal, call.session)


@handlers.on(f"DELETE {_HERE}/hands")
async def lower_hand(call: Call) -> v.HandPlace:
    return await hands.lower_hand(call.house, call.principal, call.session)


@handlers.on(f"PATCH {_HERE}/hands/{{member}}")
async def call_hand(call: Call) -> v.HandsView:
    called = call.body(r.CallHand).called
    return await hands.call_hand(call.house, call.principal, call.session, _member(call), called=called)


@handlers.on(f"DELETE {_HERE}/hands/{{member}}")
async def lower_hand_of(call: Call) -> v.HandPlace:
    return await hands.lower_hand(call.house, call.principal, call.session, _member(call))


@handlers.on(f"GET {_HERE}/invitations")
async def read_invitations(call: Call) -> v.Invitations:
    return await invitations.read_invitations(call.house, call.principal, call.session)


@handlers.on(f"POST {_HERE}/questions/{{question}}/case")
async def help_asker(call: Call) -> v.MemberCase:
    return await helping.help_asker(call.house, call.principal, call.session, _question(call))


@handlers.on(f"POST {_HERE}/members/{{member}}/case")
async def help_member(call: Call) -> v.MemberCase:
    return await helping.help_member(call.house, call.principal, call.session, _member(call))


@handlers.on(f"POST {_HERE}/members/{{member}}/stage")
async def call_to_stage(call: Call) -> None:
    await stage_calls.call_to_stage(call.house, call.principal, call.session, _member(call))


@handlers.on(f"GET {_HERE}/stage")
async def read_stage_place(call: Call) -> v.StagePlace:
    return await stage_places.read_place(call.house, call.principal, call.session, call.language)


@handlers.on(f"DELETE {_HERE}/members/{{member}}/stage")
async def leave_stage(call: Call) -> None:
    await stage_calls.leave_stage(call.house, call.principal, call.session, _member(call))


@handlers.on(f"POST {_HERE}/me-too")
async def say_me_too(call: Call) -> v.MeTooView:
    return await _me_too(call, wanted=True)


@handlers.on(f"DELETE {_HERE}/me-too")
async def take_me_too_back(call: Call) -> v.MeTooView:
    return await _me_too(call, wanted=False)


async def _me_too(call: Call, *, wanted: bool) -> v.MeTooView:
    await _spend(call, "me_too", NAMES_A_MINUTE)
    view, token = await hands.say_me_too(call.house, call.principal, call.session, wanted=wanted)
    if token:
        call.keep_cookie("visitor", token)
    return view
