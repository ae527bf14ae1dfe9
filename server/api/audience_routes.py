"""The registry's part for audiences. Who may watch may read, who said a name may take part, moderators and agents
may moderate: the services decide."""

from collections.abc import Sequence

from server.api import audience_requests as r
from server.api.answers import AudienceJoined
from server.api.door import Route, SocketEvent, Thing, Told, Who
from server.api.requests import Request
from server.api.routes import API, get, post
from server.service.audience import views as v

_HERE, _SESSION, _ANYONE = f"{API}/broadcasts/{{session}}", Thing.SESSION, Who.ANYONE
_TEXT_BYTES = 8 * 1024  # 500 characters of any script; a program may escape each as two of \uXXXX, twelve bytes.


def _change(
    method: str,
    path: str,
    summary: str,
    body: type[Request] | None,
    answer: object,
    cost: int = 2,
    size: int = 8 * 1024,
) -> Route:
    status = 200 if answer is not None else 204
    return Route(method, f"{_HERE}/{path}", _ANYONE, summary, body, answer, _SESSION, status, cost, size)


def _say(path: str, summary: str, body: type[Request], answer: object, cost: int = 2) -> Route:
    return post(
        f"{_HERE}/{path}", _ANYONE, summary, body, answer, _SESSION, status=201, cost=cost, limit_bytes=_TEXT_BYTES
    )


def _open(path: str, summary: str) -> Route:
    return post(f"{_HERE}/{path}", Who.AGENT, summary, None, v.MemberCase, _SESSION, status=201, cost=10)


AUDIENCE: Sequence[Route] = (
    get(f"{_HERE}/audience", _ANYONE, "Taking part, as the reader finds it", v.AudienceView, _SESSION),
    get(f"{_HERE}/events", _ANYONE, "What changed in an audience after a number", v.AudienceEvents, _SESSION, cost=2),
    _change("PATCH", "audience", "Slow mode, approval, word list", r.SetAudienceRules, v.AudienceView, size=128 * 1024),
    _say("members", "Take part under a name; again: another name", r.TakePart, v.MemberView, cost=10),
    get(f"{_HERE}/members", _ANYONE, "Who takes part, for moderators", v.MembersView, _SESSION, cost=2),
    _change("PATCH", "members/{member}", "Mute, ban, make a moderator, and back", r.ModerateMember, v.MemberView),
    _say("lines", "Say something in the audience's chat", r.SayLine, v.ChatLine),
    _change("PATCH", "lines/{line}", "Approve a line, take it away, bring it back", r.ModerateLine, v.ChatLine),
    _say("questions", "Ask a question", r.AskQuestion, v.QuestionView, cost=5),
    _change("PATCH", "questions/{question}", "Approve, pin, answer, reject", r.ModerateQuestion, v.QuestionView),
    _change("PUT", "questions/{question}/vote", "I want it answered", None, None, 1),
    _change("DELETE", "questions/{question}/vote", "No longer", None, None, 1),
    _say("polls", "Open a poll", r.OpenPoll, v.PollView, cost=5),
    _change("PATCH", "polls/{poll}", "Close a poll, or open it again", r.ClosePoll, v.PollView),
    _change("PUT", "polls/{poll}/vote", "Choose, or choose otherwise", r.VoteInPoll, None, 1),
    get(f"{_HERE}/hands", _ANYONE, "Raised hands in their order, for moderators", v.HandsView, _SESSION),
    _change("POST", "hands", "Raise one's hand", None, v.HandPlace),
    _change("DELETE", "hands", "Lower it", None, v.HandPlace),
    _change("PATCH", "hands/{member}", "Call somebody, or take it back", r.CallHand, v.HandsView),
    _change("DELETE", "hands/{member}", "Lower somebody's hand", None, v.HandPlace),
    get(f"{_HERE}/invitations", _ANYONE, "What is offered to the reader alone", v.Invitations, _SESSION),
    _open("questions/{question}/case", "Open a case for who asked, with a private session"),
    _open("members/{member}/case", "Open a case for a member, with a private session"),
    Route(
        "POST", f"{_HERE}/members/{{member}}/stage", Who.AGENT, "Call a member on stage", None, None, _SESSION, 204, 5
    ),
    get(f"{_HERE}/stage", _ANYONE, "The stage, for who was called to it from the audience", v.StagePlace, _SESSION),
    _change("DELETE", "members/{member}/stage", "Leave the stage, decline, or take a member off", None, None),
    _change("POST", "me-too", "I have this problem as well", None, v.MeTooView, 5),
    _change("DELETE", "me-too", "No longer", None, v.MeTooView),
)

AUDIENCE_EVENTS: Sequence[SocketEvent] = (
    SocketEvent(
        "audience", _ANYONE, "Hear what changes in an audience", r.JoinAudience, AudienceJoined, _SESSION, cost=3
    ),
    SocketEvent("watch_stage", Who.VISITOR, "Follow a stage as one from the audience", r.WatchStage, None, _SESSION),
    SocketEvent("react", _ANYONE, "Clap, laugh, …: counted, kept of nobody", r.React, None, _SESSION),
)

AUDIENCE_TOLD: Sequence[Told] = (
    Told("stage", "What changed in an audience, at most four times a second", v.StageTold),
    Told("invited", "The reader is offered help or the stage, or no longer", v.InvitedTold),
    Told("member", "What became of the reader as a member of an audience", v.MemberTold),
)
