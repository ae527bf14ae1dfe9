"""The pages that people see. Rendered by Jinja2 from `web/templates`; the scripts in `web/src/pages` make them live.

Template and script of each page (a template that is missing shows as an error page, not as a crash):

    GET /                    start.html.jinja       asset("start.js")      topics, and whether somebody is there
    GET /c/ and /c/{case}    case.html.jinja        asset("case.js")       one shell; the secret is in the fragment (`#…`)
    GET /g/                  guest.html.jinja       asset("guest.js")      swaps the secret in the fragment, then goes to /s/{session}
    GET /s/{session}         session.html.jinja     asset("session.js")    the call: customer, guest; asset("agent_session.js") for agents
    GET /desk                desk.html.jinja        asset("desk.js")       signed-in agents; others are sent to /desk/sign-in
    GET /desk/agents         agents.html.jinja      asset("agents.js")     accounts; admins only
    GET /desk/broadcasts     broadcasts.html.jinja  asset("broadcasts.js") broadcasts, and planning one; agents
    GET /desk/channel        channel.html.jinja     asset("channel.js")    who answers for broadcasts, and their reach; agents
    GET /desk/sign-in        sign_in.html.jinja     asset("sign_in.js")    form, or one-time secret in the fragment
    GET /r/{recording}       recording.html.jinja   asset("recording.js")  ?t=3m20s is read by the script
    any failure              error.html.jinja       no script              every status of 4xx and 5xx

What each template can use:

    _(msgid, **facts)        translated by web/locales/{de,en}.po; placeholders are %(name)s
    ngettext(one, many, num) translated with plural forms; %(num)s
    lang                     "de" or "en"; `other_lang` is the other one. Links to change it: ?lang=en (kept in the cookie oase-lang)
    asset(name)              "/static/<hashed name>" from web/dist/manifest.json: asset("oase.css"), asset("case.js")
    page                     the page's data, a dict. Write it into the page with {{ page_json }}, which is
                             <script type="application/json" id="page">…</script>, escaped. The strict CSP lets no other inline script pass.
    me                       None, or {"kind": "agent", "id", "name", "role"}, or {"kind": "visitor"}
    company, imprint_url, privacy_url    from the settings; the two addresses are "" where unset
    path                     the request's path without its query (for links that change the language)

    client_id                a fresh random id, for the hidden field of the form on `/` (sent twice, one case is opened)

Scripts: the CSP also asks for Trusted Types (`require-trusted-types-for 'script'`), so no innerHTML, no DOMParser of strings: text goes in by
textContent, and the QR picture as <img src="data:image/svg+xml;…">. A browser may hold both cookies, visitor and agent: pages of the customer's
send the header `Oase-As: visitor` with every API call and `auth: {as: "visitor"}` at the socket, pages of the desk `agent`; `page.as` says which.

`page` always holds {"name": <name of the page: "start", "case", …>, "lang", "me", "company", "as"}, and

    start      "topics": [{id, slug, name, words, is_open, …}] in the page's language (service/views.py), also as `topics` for the template;
               "form": what was typed into the form before an error came back, `error`: the sentence, or ""
    case       "case": id of the case, or None when only the fragment says which
    guest      nothing more
    session    "session": id, "case": id of the case it belongs to, "kind": "customer" | "guest" | "agent"; "hls" for agents, as below
    desk       "hls": where hls.js is, for the studio (the list comes from GET /api/v1/desk)
    broadcasts nothing more (GET /api/v1/broadcasts); `topics` for the template
    channel    nothing more (GET /api/v1/channels); `law` and `definition` for the template
    agents     nothing more (the list comes from GET /api/v1/admin/agents)
    sign_in    "next": path to go to after signing in ("/desk" or the page that asked)
    recording  "recording": id, "case": id, "hls": address, "title": of a broadcast; also `recording` (RecordingView) and `chapters` for the template
    error      "status", "code", "detail" (the sentence), also as template variables; `home`: "/" or "/desk";
               `sign_in`: path of the sign-in where an agent may have been meant, or ""

Without JavaScript: the form on `/` posts as application/x-www-form-urlencoded to `/` (fields topic, summary, name, email, phone, language, client_id)
and is answered with 303 to /c/{case}.
"""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError

from server.api import requests as r
from server.api.call import EDGE, Call, Handlers
from server.api.callers import describe, principal_of
from server.api.language import words
from server.api.people import open_with
from server.api.shell import SHELL
from server.api.static import FILES
from server.api.wire import to_plain
from server.domain.moments import clock_words, write_moment
from server.domain.principal import Agent
from server.domain.reach_words import DEFINITION, LAW
from server.domain.rights import grant_for, is_outsider
from server.domain.words import CaseId, Language, PersonKind
from server.errors import BadField, NotSignedIn, OaseError, Removed
from server.service import archive, recordings, sessions, topics, watching
from server.service.views import TopicsView

handlers = Handlers()

FORM_FIELDS = ("topic", "summary", "name", "email", "phone", "language", "client_id")


def _page(
    call: Call, name: str, as_whom: str, data: dict[str, Any] | None = None, more: dict[str, Any] | None = None
) -> web.Response:
    facts = {"as": as_whom, **(data or {})}
    me = describe(call.principal)
    return call.request.app[SHELL].page(name, call.language, call.request.path, me, facts, more)


@handlers.on("GET /")
async def start(call: Call) -> web.Response:
    """Topics, and whether somebody is there."""
    return await _start(call, {}, "", 200)


async def _start(call: Call, form: dict[str, str], error: str, status: int) -> web.Response:
    found = await topics.list_topics(call.house, call.principal, call.language)
    plain, shows = to_plain(found), await archive.has_archive(call.house)
    reply = _page(
        call,
        "start",
        "visitor",
        {**plain, "form": form, "error": error},
        {**_for_template(found, form, error), "shows": shows},
    )
    reply.set_status(status)
    return reply


def _for_template(found: TopicsView, form: dict[str, str], error: str) -> dict[str, Any]:
    return {"topics": found.topics, "there": found, "form": form, "error": error}


@handlers.on("POST /")
async def open_by_form(call: Call) -> web.StreamResponse:
    """The same form without JavaScript: to the new case, or back to the form with the sentence and what was typed."""
    posted = await call.request.post()
    form = {name: text.strip()[:4000] for name in FORM_FIELDS if isinstance(text := posted.get(name), str)}
    try:
        opened = await open_with(call, _parse_form(form, call.language))
    except OaseError as error:
        return await _start(call, form, words(call.language).sentence(error), error.status)
    return web.HTTPSeeOther(f"/c/{opened.case}")


def _parse_form(form: dict[str, str], language: Language) -> r.OpenCase:
    try:
        return r.OpenCase.model_validate({"language": language.value, **form})
    except ValidationError as error:
        raise BadField(field=str(error.errors()[0]["loc"][-1])) from None


@handlers.on("GET /c/")
async def my_case(call: Call) -> web.Response:
    return _page(call, "case", "visitor", {"case": None})


@handlers.on("GET /c/{case}")
async def one_case(call: Call) -> web.Response:
    """The shell only; what the case holds comes over the API, to those who may read it."""
    return _page(call, "case", "visitor", {"case": call.case})


@handlers.on("GET /g/")
async def guest(call: Call) -> web.Response:
    return _page(call, "guest", "visitor")


@handlers.on("GET /s/{session}")
async def session(call: Call) -> web.Response:
    """The call, for an agent, or with `?as=visitor` or without an agent's cookie for the customer or a guest."""
    call = await _as_wished(call)
    case = await sessions.case_of_session(call.house, call.principal, call.session)
    is_agent = isinstance(call.principal, Agent)
    if is_outsider(grant_for(call.principal, case, call.session)):
        # The audience's page turns into theirs, and back.
        return web.Response(status=302, headers={"Location": f"/watch/{call.session}"})
    kind = "agent" if is_agent else _kind_of_visitor(call, case)
    data = {"session": call.session, "case": case, "kind": kind, **(_player(call) if is_agent else {})}
    return _page(call, "session", "agent" if is_agent else "visitor", data)


async def _as_wished(call: Call) -> Call:
    wish = call.text("as")
    if wish in {"visitor", "agent"}:
        call.principal = await principal_of(call.house, call.request.app[EDGE], call.request, wish)
    return call


def _kind_of_visitor(call: Call, case: CaseId) -> str:
    grant = grant_for(call.principal, case, call.session)
    return grant.kind.value if grant else PersonKind.GUEST.value


@handlers.on("GET /desk")
async def desk(call: Call) -> web.Response:
    return _page(call, "desk", "agent", _player(call))


def _player(call: Call) -> dict[str, Any]:
    return {"hls": call.request.app[FILES].address("hls.js")}


@handlers.on("GET /desk/broadcasts")
async def broadcasts(call: Call) -> web.Response:
    found = await topics.list_topics(call.house, call.principal, call.language)
    return _page(call, "broadcasts", "agent", None, {"topics": found.topics})


@handlers.on("GET /desk/agents")
async def agents(call: Call) -> web.Response:
    return _page(call, "agents", "agent")


@handlers.on("GET /desk/channel")
async def channel(call: Call) -> web.Response:
    words = {"law": LAW[call.language], "definition": DEFINITION[call.language]}
    return _page(call, "channel", "agent", None, words)


@handlers.on("GET /desk/sign-in")
async def sign_in(call: Call) -> web.Response:
    return _page(call, "sign_in", "agent", {"next": local_path(call.text("next", 300))})


AGENT_PATHS = ("/desk?", "/desk/agents", "/desk/broadcasts", "/desk/channel", "/r/", "/s/")


def local_path(wish: str) -> str:
    """Where to go after signing in: one of our pages for agents, or the desk."""
    is_ours = wish.startswith(AGENT_PATHS) and "\\" not in wish and wish.isprintable()
    return wish if is_ours else "/desk"


def sign_in_path(request: web.Request) -> str:
    """The sign-in that leads back to what was asked for."""
    wish = local_path(request.rel_url.raw_path_qs)
    return "/desk/sign-in" if wish == "/desk" else f"/desk/sign-in?{urlencode({'next': wish})}"


@handlers.on("GET /r/{recording}")
async def recording(call: Call) -> web.StreamResponse:
    """A broadcast's recording is watched on its own page; agents also manage it here."""
    found = await recordings.read_recording(call.house, call.principal, call.recording)
    is_agent = isinstance(call.principal, Agent)
    if found.is_stream and not is_agent:
        query = call.request.rel_url.raw_query_string
        return web.HTTPFound(f"/watch/{found.session}{'?' if query else ''}{query}")
    chapters, title = [], ""
    if found.is_stream:
        chapters = await archive.list_chapters(call.house, found.session)
        title = (await watching.read_public(call.house, call.principal, found.session)).title
    hls = call.request.app[FILES].address("hls.js")
    data = {"recording": found.id, "case": found.case, "hls": hls, "title": title}
    more = {"recording": found, "chapters": chapters, "place": write_moment, "span": clock_words}
    return _page(call, "recording", "agent" if is_agent else "visitor", data, more)


def error_page(
    request: web.Request, error: OaseError, sentence: str, language: Language, headers: dict[str, str]
) -> web.Response:
    """The page for a failure; agents' pages lead to the sign-in instead of saying that somebody is unknown."""
    if type(error) is NotSignedIn and request.path in {"/desk", "/desk/agents", "/desk/broadcasts", "/desk/channel"}:
        return web.Response(status=303, headers={**headers, "Location": sign_in_path(request)})
    is_for_agents = type(error) is NotSignedIn and request.path.startswith(AGENT_PATHS)
    home = "/desk" if request.path.startswith(("/desk", "/r/")) else "/"
    home = "/watch" if type(error) is Removed else home
    facts = {"status": error.status, "code": error.code, "detail": sentence, "home": home}
    facts["sign_in"] = sign_in_path(request) if is_for_agents else ""
    reply = request.app[SHELL].page(
        "error", language, request.path, None, {**facts, "as": "visitor"}, facts, error.status
    )
    reply.headers.update(headers)
    return reply
