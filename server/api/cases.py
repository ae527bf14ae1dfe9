"""Cases: reading, chatting, taking, closing; and the agents' lists."""

from server.api import requests as r
from server.api.call import Call, Handlers
from server.service import cases, links, queue, timeline
from server.service import views as v
from server.service.desk import DeskFilter
from server.service.desk import read_desk as read_desk_page

handlers = Handlers()

_CASE = "/api/v1/cases/{case}"
FAR = 10**9  # No case has as many entries.


@handlers.on(f"GET {_CASE}")
async def read_case(call: Call) -> v.CaseView:
    return await cases.read_case(call.house, call.principal, call.case, call.language)


@handlers.on(f"GET {_CASE}/timeline")
async def read_timeline(call: Call) -> v.Timeline:
    after, limit = call.number("after", 0, FAR), call.number("limit", 200, 200)
    return await timeline.read_timeline(call.house, call.principal, call.case, after, max(1, limit))


@handlers.on(f"POST {_CASE}/chat")
async def say_chat(call: Call) -> v.Entry:
    body = call.body(r.Say)
    return _said(call, await timeline.say_chat(call.house, call.principal, call.case, body.text, body.client_id))


@handlers.on(f"POST {_CASE}/notes")
async def write_note(call: Call) -> v.Entry:
    body = call.body(r.Say)
    return _said(call, await timeline.write_note(call.house, call.principal, call.case, body.text, body.client_id))


def _said(call: Call, said: v.Said) -> v.Entry:
    call.status = 201 if said.is_new else 200
    return said.entry


@handlers.on(f"POST {_CASE}/links")
async def make_case_link(call: Call) -> v.LinkView:
    return await links.make_case_link(call.house, call.principal, call.case)


@handlers.on(f"GET {_CASE}/links")
async def list_case_links(call: Call) -> v.LinksView:
    return await links.list_case_links(call.house, call.principal, call.case)


@handlers.on(f"POST {_CASE}/withdraw")
async def withdraw_case(call: Call) -> v.CaseView:
    return await queue.withdraw_case(call.house, call.principal, call.case)


@handlers.on(f"POST {_CASE}/queue")
async def queue_case(call: Call) -> v.CaseView:
    return await queue.queue_case(call.house, call.principal, call.case)


@handlers.on("GET /api/v1/desk")
async def read_desk(call: Call) -> v.DeskView:
    wish = call.text("state")
    state = DeskFilter(wish) if wish in {choice.value for choice in DeskFilter} else DeskFilter.WAITING
    after, limit = call.text("after") or None, max(1, call.number("limit", 50, 200))
    return await read_desk_page(call.house, call.principal, state, call.text("q"), after, limit, call.language)


@handlers.on(f"POST {_CASE}/take")
async def take_case(call: Call) -> v.CaseView:
    return await cases.take_case(call.house, call.principal, call.case, call.body(r.TakeCase).connection, call.language)


@handlers.on(f"POST {_CASE}/release")
async def release_case(call: Call) -> v.CaseView:
    return await cases.release_case(call.house, call.principal, call.case, call.language)


@handlers.on(f"POST {_CASE}/close")
async def close_case(call: Call) -> v.CaseView:
    outcome = call.body(r.CloseCase).outcome
    return await cases.close_case(call.house, call.principal, call.case, outcome, call.language)


@handlers.on(f"POST {_CASE}/reopen")
async def reopen_case(call: Call) -> v.CaseView:
    return await cases.reopen_case(call.house, call.principal, call.case, call.language)
