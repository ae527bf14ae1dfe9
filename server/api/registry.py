"""Every route and every socket event of this server, with who may use it. What is not here does not start.

Whether the thing a request names is the caller's own is decided by the service function behind it; the matrix in `tests/api` tries every entry
below with every kind of caller and every kind of id. OpenAPI (`openapi.py`) and `web/src/messages.ts` (`scripts/messages.py`) come from here.
"""

from collections.abc import Sequence

from server.api import answers as a
from server.api import requests as r
from server.api.audience_routes import AUDIENCE, AUDIENCE_EVENTS, AUDIENCE_TOLD
from server.api.broadcast_routes import BROADCASTS
from server.api.door import SDP, Route, Shape, SocketEvent, Thing, Told, Who
from server.api.reach_routes import ARCHIVE, REACH
from server.api.routes import API as _API
from server.api.routes import get as _get
from server.api.routes import page as _page
from server.api.routes import plain_bytes as _bytes
from server.api.routes import post as _post
from server.domain.captions import CAPTION_BYTES
from server.service import views as v
from server.service.broadcast_views import BroadcastChange
from server.service.media_views import KeyView, LinesTold, Speaking, TurnView
from server.service.watch_views import BroadcastPublic, Embedding

_CASE, _SESSION, _RECORDING, _CONNECTION = Thing.CASE, Thing.SESSION, Thing.RECORDING, Thing.CONNECTION
_ANYONE, _VISITOR, _AGENT, _ADMIN = Who.ANYONE, Who.VISITOR, Who.AGENT, Who.ADMIN


_TEXT_BYTES = 50 * 1024  # 4000 characters of any script; a program may escape each as two of \uXXXX, twelve bytes.

PAGES = [
    _page("/", "Help start: topics, and the form that opens a case"),
    Route(
        "POST",
        "/",
        _ANYONE,
        "The same form without JavaScript",
        status=303,
        cost=20,
        limit_bytes=16384,
        shape=Shape.PAGE,
    ),
    _page("/c/", "My case; the secret is in the fragment"),
    _page("/c/{case}", "My case", thing=_CASE),
    _page("/g/", "A guest's link; the secret is in the fragment"),
    _page("/s/{session}", "The call", _VISITOR, _SESSION),
    _page("/desk", "The agents' desk", _AGENT),
    _page("/desk/sign-in", "Agents sign in"),
    _page("/desk/agents", "Agents' accounts", _ADMIN),
    _page("/r/{recording}", "A recording", thing=_RECORDING),
    _page("/watch/{session}", "The audience's page of a broadcast", thing=_SESSION),
    _page("/embed/{session}", "Its player alone, for frames in other sites", thing=_SESSION),
    _bytes("/recordings/{recording}/files/{name}", "A file of a recording (Range)", _VISITOR, _RECORDING),
    _bytes("/static/{name}", "Scripts and styles under hashed names"),
    _bytes("/robots.txt", "What crawlers may read"),
    _bytes("/.well-known/security.txt", "Whom to tell about a hole (RFC 9116)"),
    _bytes("/healthz", "Alive: this process answers"),
    _bytes("/readyz", "Ready: database, bus and media worker answer"),
    _bytes("/metrics", "Numbers for Prometheus"),
    _bytes("/api/openapi.json", "This list as OpenAPI 3.1"),
]

PEOPLE = [
    _get(f"{_API}/topics", _ANYONE, "Topics, and whether somebody is there", v.TopicsView),
    _post(f"{_API}/cases", _ANYONE, "Open a case", r.OpenCase, v.CaseOpened, status=201, cost=20),
    _post(
        f"{_API}/links/exchange", _ANYONE, "Swap a link's secret for a cookie", r.ExchangeLink, v.LinkExchanged, cost=5
    ),
    _post(f"{_API}/sign-in", _ANYONE, "Sign in as an agent", r.SignIn, v.AgentView, cost=10),
    _post(f"{_API}/sign-in/link", _ANYONE, "Sign in with a one-time link", r.SignInLink, v.AgentView, cost=10),
    _post(f"{_API}/sign-out", _AGENT, "Sign out", None, None),
    _get(f"{_API}/me", _AGENT, "Who I am", v.AgentView),
    Route(
        "PUT",
        f"{_API}/me/password",
        _AGENT,
        "Set my password; all my other sign-ins end",
        r.SetPassword,
        v.AgentView,
        cost=10,
    ),
    _get(f"{_API}/admin/agents", _ADMIN, "All accounts", v.AgentsView),
    _post(f"{_API}/admin/agents", _ADMIN, "Add an account", r.AddAgent, v.AgentAdded, status=201, cost=10),
    Route("PATCH", f"{_API}/admin/agents/{{agent}}", _ADMIN, "Switch an account off or on", r.SwitchAgent, v.AgentView),
    Route("DELETE", f"{_API}/links/{{link}}", _AGENT, "Revoke a personal link", None, None, status=204),
]

CASES = [
    _get(f"{_API}/cases/{{case}}", _VISITOR, "A case as its reader may see it", v.CaseView, _CASE),
    _get(f"{_API}/cases/{{case}}/timeline", _VISITOR, "What happened, after a sequence number", v.Timeline, _CASE),
    _post(
        f"{_API}/cases/{{case}}/chat",
        _VISITOR,
        "Say something",
        r.Say,
        v.Entry,
        _CASE,
        status=201,
        limit_bytes=_TEXT_BYTES,
    ),
    _post(
        f"{_API}/cases/{{case}}/links",
        _VISITOR,
        "A link for another device",
        None,
        v.LinkView,
        _CASE,
        status=201,
        cost=5,
    ),
    _get(f"{_API}/cases/{{case}}/links", _AGENT, "The links to a case, to revoke one", v.LinksView, _CASE),
    _post(f"{_API}/cases/{{case}}/withdraw", _VISITOR, "Leave the queue; the case is closed", None, v.CaseView, _CASE),
    _post(
        f"{_API}/cases/{{case}}/queue", _VISITOR, "Come back: a new session, waiting", None, v.CaseView, _CASE, cost=10
    ),
    _get(f"{_API}/desk", _AGENT, "Cases by state, with search", v.DeskView, cost=2),
    _post(f"{_API}/cases/{{case}}/take", _AGENT, "Take a waiting case", r.TakeCase, v.CaseView, _CASE),
    _post(f"{_API}/cases/{{case}}/release", _AGENT, "Put a taken case back", None, v.CaseView, _CASE),
    _post(
        f"{_API}/cases/{{case}}/notes",
        _AGENT,
        "Write a note that only agents read",
        r.Say,
        v.Entry,
        _CASE,
        status=201,
        limit_bytes=_TEXT_BYTES,
    ),
    _post(f"{_API}/cases/{{case}}/close", _AGENT, "Close a case", r.CloseCase, v.CaseView, _CASE),
    _post(f"{_API}/cases/{{case}}/reopen", _AGENT, "Open a closed case again", None, v.CaseView, _CASE),
]

SESSIONS = [
    _post(
        f"{_API}/sessions/{{session}}/invitations",
        _AGENT,
        "Invite a third person",
        r.Invite,
        v.LinkView,
        _SESSION,
        status=201,
    ),
    _post(
        f"{_API}/sessions/{{session}}/end",
        _AGENT,
        "End a session with an outcome",
        r.EndSession,
        v.SessionView,
        _SESSION,
        limit_bytes=_TEXT_BYTES,
    ),
    _post(
        f"{_API}/sessions/{{session}}/consent/ask",
        _AGENT,
        "Ask everybody whether one may record",
        None,
        v.SessionView,
        _SESSION,
    ),
    _post(f"{_API}/sessions/{{session}}/consent", _VISITOR, "Answer that question", r.Consent, v.ConsentView, _SESSION),
    _post(
        f"{_API}/sessions/{{session}}/recordings",
        _AGENT,
        "Start to record",
        None,
        v.RecordingView,
        _SESSION,
        status=201,
        cost=10,
    ),
    _post(
        f"{_API}/sessions/{{session}}/connections",
        _VISITOR,
        "Join with a browser's offer",
        r.Connect,
        v.ConnectionView,
        _SESSION,
        status=201,
        cost=20,
        limit_bytes=SDP,
    ),
    _post(
        f"{_API}/sessions/{{session}}/prepared",
        _VISITOR,
        "Connect before coming in; nobody sees or hears it",
        r.Connect,
        v.ConnectionView,
        _SESSION,
        status=201,
        cost=20,
        limit_bytes=SDP,
    ),
    _post(
        f"{_API}/sessions/{{session}}/connections/{{connection}}/enter",
        _VISITOR,
        "Come in with a prepared connection",
        None,
        v.SessionView,
        _SESSION,
        cost=10,
    ),
    Route(
        "PUT",
        f"{_API}/sessions/{{session}}/state",
        _VISITOR,
        "What I have switched on",
        r.DeviceState,
        v.SessionView,
        _SESSION,
    ),
    _post(f"{_API}/sessions/{{session}}/leave", _VISITOR, "Leave the session", None, None, _SESSION),
    _post(
        f"{_API}/connections",
        _AGENT,
        "A standby connection, before there is a session",
        r.Connect,
        v.ConnectionView,
        status=201,
        cost=20,
        limit_bytes=SDP,
    ),
    Route(
        "PATCH",
        f"{_API}/connections/{{connection}}",
        _VISITOR,
        "Restart ICE",
        r.Reconnect,
        v.RestartView,
        _CONNECTION,
        cost=10,
        limit_bytes=SDP,
    ),
    _get(
        f"{_API}/connections/{{connection}}/turn",
        _VISITOR,
        "New credentials of the TURN server",
        TurnView,
        _CONNECTION,
        cost=2,
    ),
    Route("DELETE", f"{_API}/connections/{{connection}}", _VISITOR, "Close a connection", None, None, _CONNECTION, 204),
]

KEYS = [
    route
    for things, what in (("sources", "key for OBS, FFmpeg or a camera"), ("viewers", "key to watch the stage"))
    for path in (f"{_API}/sessions/{{session}}/{things}",)
    for route in (
        _post(path, _AGENT, f"A {what}; shown once", r.NewKey, KeyView, _SESSION, status=201, cost=5),
        _get(path, _AGENT, f"Each {what}, without its secret", v.LinksView, _SESSION),
    )
]


def _machine(path: str, what: str, whose: Who) -> list[Route]:
    """The routes of RFC 9725; the same for those who watch."""

    def route(method: str, path: str, summary: str, thing: Thing, status: int, cost: int, who: Who = whose) -> Route:
        return Route(method, path, who, summary, None, None, thing, status, cost, SDP, Shape.SDP)

    one = f"{path}/{{connection}}"
    return [
        route("POST", path, f"{what}: an offer, answered", _SESSION, 201, 20),
        route("PATCH", one, f"{what}: trickled candidates, or an ICE restart", _CONNECTION, 200, 5),
        route("DELETE", one, f"{what}: the end", _CONNECTION, 200, 2),
        route("OPTIONS", path, f"{what}: what may be posted, for any origin", Thing.NOTHING, 204, 1, _ANYONE),
        route("OPTIONS", one, f"{what}: what may be changed, for any origin", Thing.NOTHING, 204, 1, _ANYONE),
    ]


MACHINES = [
    *_machine("/whip/{session}", "Machine on stage (WHIP)", Who.KEY),
    *_machine("/whep/{session}", "Viewer (WHEP)", Who.AUDIENCE),
]

WATCHING = [
    *(
        Route(method, path, _ANYONE, summary + what, thing=_SESSION, shape=Shape.STREAM)
        for path, what in (("/live/{session}/{name}", ""), ("/live/{session}/small/{name}", ", as a smaller picture"))
        for method, summary in (
            ("GET", "A playlist or part of a broadcast, live or kept"),
            ("HEAD", "Whether a playlist or part is there"),
        )
    ),
    _get(f"{_API}/broadcasts/{{session}}/public", _ANYONE, "A broadcast for its audience", BroadcastPublic, _SESSION),
    _get("/oembed", _ANYONE, "How other sites show a broadcast (oEmbed)", Embedding),
]

_CAPTIONS = f"{_API}/recordings/{{recording}}/captions/{{name}}"
_CAPTION_COST = 5

RECORDINGS = [
    Route(
        "PUT",
        _CAPTIONS,
        _AGENT,
        "Captions in a language, as a WebVTT file",
        answer=v.RecordingView,
        thing=_RECORDING,
        cost=_CAPTION_COST,
        limit_bytes=CAPTION_BYTES,
        shape=Shape.UPLOAD,
    ),
    Route(
        "DELETE",
        _CAPTIONS,
        _AGENT,
        "No captions in this language any more",
        answer=v.RecordingView,
        thing=_RECORDING,
        cost=_CAPTION_COST,
    ),
    _bytes("/recordings/{recording}/captions/{name}", "Captions of a recording (WebVTT)", Who.AUDIENCE, _RECORDING),
    _get(f"{_API}/recordings/{{recording}}", _ANYONE, "A recording and its files", v.RecordingView, _RECORDING),
    _post(f"{_API}/recordings/{{recording}}/stop", _AGENT, "Stop recording", None, v.RecordingView, _RECORDING),
    _post(
        f"{_API}/recordings/{{recording}}/share",
        _AGENT,
        "Let the customer see it, or not",
        r.Share,
        v.RecordingView,
        _RECORDING,
    ),
    Route(
        "DELETE", f"{_API}/recordings/{{recording}}", _AGENT, "Delete it with its files", None, None, _RECORDING, 204, 5
    ),
]

ROUTES: Sequence[Route] = (
    *PAGES,
    *PEOPLE,
    *CASES,
    *SESSIONS,
    *KEYS,
    *MACHINES,
    *WATCHING,
    *REACH,
    *ARCHIVE,
    *RECORDINGS,
    *BROADCASTS,
    *AUDIENCE,
)

EVENTS: Sequence[SocketEvent] = (
    SocketEvent(
        "watch", _VISITOR, "Follow a case: what was missed, then what comes", r.Watch, a.Watching, _CASE, cost=3
    ),
    SocketEvent("unwatch", _VISITOR, "Follow it no longer", r.Unwatch, None, _CASE),
    SocketEvent("watch_desk", _AGENT, "Hear that the desk's lists changed", r.WatchDesk, None),
    SocketEvent("hold", _VISITOR, "This page owns that media connection", r.Hold, None, _CONNECTION),
    SocketEvent("tiles", _VISITOR, "How large the pictures of a held connection are shown", r.Tiles, None, _CONNECTION),
    SocketEvent("looked", _VISITOR, "What a page saw of its own line", r.Looked, None, _CONNECTION),
    *AUDIENCE_EVENTS,
)

TOLD: Sequence[Told] = (
    Told("entry", "A line of a case's timeline, in order, each once", v.Entry),
    Told("queue", "The place of a waiting case", a.QueueTold),
    Told("case", "A case's state changed: fetch it again", v.CaseChange),
    Told("roster", "Who is in a session", v.Roster),
    Told("slots", "Who is in which slot of the connection this page holds", a.SlotsTold),
    Told("speaking", "Who speaks in the session of the connection this page holds", Speaking),
    Told("layers", "Which layers of its camera the page should send", a.LayersTold),
    Told("lines", "How the lines in the session are: of all for agents, of one's own for the others", LinesTold),
    Told("gone", "A connection of this page is closed", a.GoneTold),
    Told("media", "The media worker is away, or back", a.MediaTold),
    Told("consent", "The reader is asked for consent", a.ConsentTold),
    Told("recording", "How a recording stands", v.RecordingProgress),
    Told("session_ended", "A session is over", a.SessionEndedTold),
    Told("broadcast", "A broadcast stands otherwise: fetch it again", BroadcastChange),
    Told("desk", "The agents' lists changed: fetch them again", a.DeskTold),
    Told("bye", "The socket is about to be closed", a.Bye),
    *AUDIENCE_TOLD,
)
