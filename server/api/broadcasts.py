"""Broadcasts: planning, the way to the end, what is seen, and being asked."""

from dataclasses import replace
from functools import partial

from server.api import broadcast_requests as b
from server.api import requests as r
from server.api.call import Call, Handlers
from server.domain.broadcasts import Banner, Card, Wish
from server.service import broadcast_cases, broadcast_reading, broadcasts, consent, planning
from server.service.broadcast_views import AnswerPlaces, BroadcastsView, BroadcastView
from server.service.views import ConsentView, Entry

handlers = Handlers()

_ONE = "/api/v1/broadcasts/{session}"


@handlers.on("GET /api/v1/broadcasts")
async def list_broadcasts(call: Call) -> BroadcastsView:
    before = b.when(call.text("before"))
    return await broadcast_reading.list_broadcasts(call.house, call.principal, before, call.language)


@handlers.on("POST /api/v1/broadcasts")
async def plan_broadcast(call: Call) -> BroadcastView:
    plan = planning.Plan(**call.body(b.PlanBroadcast).model_dump())
    return await planning.plan_broadcast(call.house, call.principal, plan)


@handlers.on("POST /api/v1/sessions/{session}/broadcast")
async def open_broadcast(call: Call) -> BroadcastView:
    plan = planning.Plan(**call.body(b.OpenBroadcast).model_dump(), topic="", client_id="")
    return await planning.open_broadcast(call.house, call.principal, call.session, plan)


@handlers.on(f"GET {_ONE}")
async def read_broadcast(call: Call) -> BroadcastView:
    return await broadcasts.read_broadcast(call.house, call.principal, call.session)


@handlers.on(f"PATCH {_ONE}")
async def change_broadcast(call: Call) -> BroadcastView:
    change = planning.Change(**call.body(b.ChangeBroadcast).model_dump())
    return await planning.change_broadcast(call.house, call.principal, call.session, change)


@handlers.on(f"POST {_ONE}/rehearse")
async def rehearse(call: Call) -> BroadcastView:
    return await broadcasts.rehearse(call.house, call.principal, call.session)


@handlers.on(f"POST {_ONE}/countdown")
async def count_down(call: Call) -> BroadcastView:
    seconds = call.body(b.CountDown).seconds
    return await broadcasts.count_down(call.house, call.principal, call.session, seconds)


@handlers.on(f"POST {_ONE}/live")
async def go_live(call: Call) -> BroadcastView:
    return await broadcasts.go_live(call.house, call.principal, call.session)


@handlers.on(f"POST {_ONE}/pause")
async def pause(call: Call) -> BroadcastView:
    return await broadcasts.pause(call.house, call.principal, call.session)


@handlers.on(f"POST {_ONE}/resume")
async def resume(call: Call) -> BroadcastView:
    return await broadcasts.resume(call.house, call.principal, call.session)


@handlers.on(f"POST {_ONE}/end")
async def end(call: Call) -> BroadcastView:
    return await broadcasts.end(call.house, call.principal, call.session)


@handlers.on(f"PUT {_ONE}/scene")
async def set_scene(call: Call) -> BroadcastView:
    said = call.body(b.SetScene)
    return await broadcasts.set_scene(call.house, call.principal, call.session, partial(_scene, said))


def _scene(said: b.SetScene, before: Wish) -> Wish:
    """What is left out stays as it is."""
    values = {name: getattr(said, name) for name in said.model_fields_set}
    if said.card:
        values["card"] = Card(**said.card.model_dump())
    if said.banner:
        values["banner"] = Banner(**said.banner.model_dump())
    return replace(before, **values)


@handlers.on(f"POST {_ONE}/consent/ask")
async def ask_to_be_seen(call: Call) -> BroadcastView:
    return await broadcasts.ask_to_be_seen(call.house, call.principal, call.session)


@handlers.on(f"POST {_ONE}/consent")
async def answer_public(call: Call) -> ConsentView:
    body = call.body(r.Consent)
    said = consent.Said(body.answer, body.wording_version, call.language)
    return await consent.answer_public(call.house, call.principal, call.session, said)


@handlers.on("GET /api/v1/cases/{case}/answers")
async def list_answers(call: Call) -> AnswerPlaces:
    return await broadcast_cases.list_answers(call.house, call.principal, call.case, call.language)


@handlers.on("POST /api/v1/cases/{case}/answers")
async def mark_answer(call: Call) -> Entry:
    said = call.body(b.MarkAnswer)
    return await broadcast_cases.mark_answer(
        call.house, call.principal, call.case, said.session, said.question, said.second
    )


@handlers.on(f"POST {_ONE}/cases")
async def link_case(call: Call) -> BroadcastView:
    body = call.body(b.LinkCase)
    return await broadcast_cases.link_answer(call.house, call.principal, call.session, body.case, body.at)
