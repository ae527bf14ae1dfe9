"""Sessions and media connections: joining, switching things on, leaving, ending, being asked."""

from server.api import requests as r
from server.api.call import Call, Handlers
from server.domain.words import PersonKind
from server.service import consent, entering, keys, links, recordings, sessions
from server.service import views as v
from server.service.media_views import KeyView, TurnView

handlers = Handlers()

_SESSION = "/api/v1/sessions/{session}"
_CONNECTION = "/api/v1/connections/{connection}"


@handlers.on(f"POST {_SESSION}/connections")
async def connect_session(call: Call) -> v.ConnectionView:
    body = call.body(r.Connect)
    return await sessions.connect_session(call.house, call.principal, call.session, body.sdp, dict(body.sources))


@handlers.on(f"POST {_SESSION}/prepared")
async def prepare_session(call: Call) -> v.ConnectionView:
    body = call.body(r.Connect)
    return await entering.prepare_session(call.house, call.principal, call.session, body.sdp, dict(body.sources))


@handlers.on(f"POST {_SESSION}/connections/{{connection}}/enter")
async def enter_session(call: Call) -> v.SessionView:
    return await entering.enter_session(call.house, call.principal, call.session, call.connection)


@handlers.on("POST /api/v1/connections")
async def connect_standby(call: Call) -> v.ConnectionView:
    body = call.body(r.Connect)
    return await sessions.connect_standby(call.house, call.principal, body.sdp, dict(body.sources))


@handlers.on(f"PATCH {_CONNECTION}")
async def restart_connection(call: Call) -> v.RestartView:
    sdp = call.body(r.Reconnect).sdp
    return await sessions.restart_connection(call.house, call.principal, call.connection, sdp)


@handlers.on(f"GET {_CONNECTION}/turn")
async def renew_turn(call: Call) -> TurnView:
    return await sessions.renew_turn(call.house, call.principal, call.connection)


@handlers.on(f"DELETE {_CONNECTION}")
async def close_connection(call: Call) -> None:
    await sessions.close_connection(call.house, call.principal, call.connection)


@handlers.on(f"PUT {_SESSION}/state")
async def set_state(call: Call) -> v.SessionView:
    body = call.body(r.DeviceState)
    state = v.SourcesView(microphone=body.microphone, camera=body.camera, screen=body.screen)
    return await sessions.set_state(call.house, call.principal, call.session, state)


@handlers.on(f"POST {_SESSION}/leave")
async def leave_session(call: Call) -> None:
    await sessions.leave_session(call.house, call.principal, call.session)


@handlers.on(f"POST {_SESSION}/end")
async def end_session(call: Call) -> v.SessionView:
    body = call.body(r.EndSession)
    return await sessions.end_session(call.house, call.principal, call.session, body.outcome, body.text)


@handlers.on(f"POST {_SESSION}/invitations")
async def invite_guest(call: Call) -> v.LinkView:
    return await links.invite_guest(call.house, call.principal, call.session, call.body(r.Invite).name)


@handlers.on(f"POST {_SESSION}/sources")
async def make_source_key(call: Call) -> KeyView:
    return await keys.make_key(call.house, call.principal, call.session, PersonKind.SOURCE, call.body(r.NewKey).name)


@handlers.on(f"GET {_SESSION}/sources")
async def list_source_keys(call: Call) -> v.LinksView:
    return await keys.list_keys(call.house, call.principal, call.session, PersonKind.SOURCE)


@handlers.on(f"POST {_SESSION}/viewers")
async def make_watch_key(call: Call) -> KeyView:
    return await keys.make_key(call.house, call.principal, call.session, PersonKind.VIEWER, call.body(r.NewKey).name)


@handlers.on(f"GET {_SESSION}/viewers")
async def list_watch_keys(call: Call) -> v.LinksView:
    return await keys.list_keys(call.house, call.principal, call.session, PersonKind.VIEWER)


@handlers.on(f"POST {_SESSION}/consent/ask")
async def ask_consent(call: Call) -> v.SessionView:
    return await consent.ask_consent(call.house, call.principal, call.session)


@handlers.on(f"POST {_SESSION}/consent")
async def answer_consent(call: Call) -> v.ConsentView:
    body = call.body(r.Consent)
    return await consent.answer_consent(
        call.house, call.principal, call.session, body.answer, body.wording_version, call.language
    )


@handlers.on(f"POST {_SESSION}/recordings")
async def start_recording(call: Call) -> v.RecordingView:
    return await recordings.start_recording(call.house, call.principal, call.session)
