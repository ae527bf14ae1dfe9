"""The routes of broadcasts for agents and those on stage. Part of the registry."""

from server.api import broadcast_requests as b
from server.api import requests as r
from server.api.door import Route, Shape, Thing, Who
from server.api.routes import API, get, page, plain_bytes, post
from server.domain.pictures import PICTURE_BYTES
from server.service.broadcast_views import AnswerPlaces, BroadcastsView, BroadcastView
from server.service.views import ConsentView, Entry

_ONE = f"{API}/broadcasts/{{session}}"
_TEXT_BYTES = 50 * 1024
_WORDS_BYTES = 256 * 1024


def _step(name: str, summary: str, body: type[r.Request] | None = None) -> Route:
    return post(f"{_ONE}/{name}", Who.AGENT, summary, body, BroadcastView, Thing.SESSION, cost=5)


def _poster(method: str, summary: str) -> Route:
    shape = Shape.UPLOAD if method == "PUT" else Shape.JSON
    path = f"{_ONE}/poster"
    return Route(
        method,
        path,
        Who.AGENT,
        summary,
        answer=BroadcastView,
        thing=Thing.SESSION,
        cost=10,
        limit_bytes=PICTURE_BYTES,
        shape=shape,
    )


BROADCASTS = [
    page("/desk/broadcasts", "Broadcasts, and planning one", Who.AGENT),
    get(f"{API}/broadcasts", Who.AGENT, "All broadcasts, newest first", BroadcastsView, cost=2),
    post(
        f"{API}/broadcasts",
        Who.AGENT,
        "Plan a broadcast, with a case of its own",
        b.PlanBroadcast,
        BroadcastView,
        status=201,
        cost=10,
        limit_bytes=_TEXT_BYTES,
    ),
    post(
        f"{API}/sessions/{{session}}/broadcast",
        Who.AGENT,
        "Give a running session an audience",
        b.OpenBroadcast,
        BroadcastView,
        Thing.SESSION,
        status=201,
        cost=10,
        limit_bytes=_TEXT_BYTES,
    ),
    get(_ONE, Who.AGENT, "A broadcast, those on stage, and what is in its way", BroadcastView, Thing.SESSION),
    Route(
        "PATCH",
        _ONE,
        Who.AGENT,
        "Change what is known of a broadcast, and who may watch it",
        b.ChangeBroadcast,
        BroadcastView,
        Thing.SESSION,
        cost=3,
        limit_bytes=_WORDS_BYTES,
    ),
    _step("rehearse", "Compose for agents alone; ask those on stage"),
    _step("countdown", "Let the audience in, and go live when the time is over", b.CountDown),
    _step("live", "Show those who agreed"),
    _step("pause", "Show a card, and let nobody be heard"),
    _step("resume", "Go on after a pause"),
    _step("end", "End it; the recording is there"),
    Route("PUT", f"{_ONE}/scene", Who.AGENT, "What the audience sees", b.SetScene, BroadcastView, Thing.SESSION),
    _step("consent/ask", "Ask everybody on stage whether the audience may see them"),
    post(
        f"{_ONE}/consent",
        Who.VISITOR,
        "Answer whether the audience may see and hear me",
        r.Consent,
        ConsentView,
        Thing.SESSION,
    ),
    get(
        f"{API}/cases/{{case}}/answers",
        Who.AGENT,
        "Where a case may have been answered before an audience",
        AnswerPlaces,
        Thing.CASE,
        cost=2,
    ),
    post(
        f"{API}/cases/{{case}}/answers",
        Who.AGENT,
        "What was said before an audience answers this case",
        b.MarkAnswer,
        Entry,
        Thing.CASE,
        status=201,
    ),
    _poster("PUT", "The picture that stands for it, sent as it is"),
    _poster("DELETE", "No picture stands for it any more"),
    plain_bytes("/posters/{session}/{name}", "The picture that stands for a broadcast", Who.AUDIENCE, Thing.SESSION),
    _step("cases", "A case was answered before the audience", b.LinkCase),
]
