"""Topics, links and accounts: who people are and how they come in."""

from server.api import requests as r
from server.api.call import LIMITS, Call, Handlers
from server.domain.words import AgentId, LinkId
from server.errors import BadLink
from server.service import agents, cases, links, topics
from server.service import views as v

handlers = Handlers()


@handlers.on("GET /api/v1/topics")
async def list_topics(call: Call) -> v.TopicsView:
    return await topics.list_topics(call.house, call.principal, call.language)


@handlers.on("POST /api/v1/cases")
async def open_case(call: Call) -> v.CaseOpened:
    body = call.body(r.OpenCase)
    return await open_with(call, body)


async def open_with(call: Call, body: r.OpenCase) -> v.CaseOpened:
    """Opens a case for a form or a JSON body, and keeps the visitor's cookie."""
    wish = cases.OpenCase(
        topic=body.topic,
        summary=body.summary,
        name=body.name,
        language=body.language,
        client_id=body.client_id,
        email=body.email or None,
        phone=body.phone or None,
    )
    opened, token = await cases.open_case(call.house, call.principal, wish)
    if token:
        call.keep_cookie("visitor", token)
    return opened


@handlers.on("POST /api/v1/links/exchange")
async def exchange_link(call: Call) -> v.LinkExchanged:
    limits = call.request.app[LIMITS]
    await limits.check_guesses(call.address)
    try:
        exchanged, token = await links.exchange_link(call.house, call.principal, call.body(r.ExchangeLink).secret)
    except BadLink:
        await limits.count_guess(call.address)
        raise
    if token:
        call.keep_cookie("visitor", token)
    return exchanged


@handlers.on("DELETE /api/v1/links/{link}")
async def revoke_link(call: Call) -> None:
    await links.revoke_link(call.house, call.principal, LinkId(call.request.match_info["link"]))


@handlers.on("POST /api/v1/sign-in")
async def sign_in(call: Call) -> v.AgentView:
    body = call.body(r.SignIn)
    agent, token = await agents.sign_in(call.house, call.address, body.email, body.password)
    call.keep_cookie("agent", token)
    return agent


@handlers.on("POST /api/v1/sign-in/link")
async def sign_in_by_link(call: Call) -> v.AgentView:
    agent, token = await agents.sign_in_by_link(call.house, call.address, call.body(r.SignInLink).secret)
    call.keep_cookie("agent", token)
    return agent


@handlers.on("POST /api/v1/sign-out")
async def sign_out(call: Call) -> None:
    await agents.sign_out(call.house, call.principal)
    call.keep_cookie("agent", "")


@handlers.on("GET /api/v1/me")
async def read_me(call: Call) -> v.AgentView:
    return await agents.read_me(call.house, call.principal)


@handlers.on("PUT /api/v1/me/password")
async def set_password(call: Call) -> v.AgentView:
    return await agents.set_password(call.house, call.principal, call.body(r.SetPassword).password)


@handlers.on("GET /api/v1/admin/agents")
async def list_agents(call: Call) -> v.AgentsView:
    return await agents.list_agents(call.house, call.principal)


@handlers.on("POST /api/v1/admin/agents")
async def add_agent(call: Call) -> v.AgentAdded:
    body = call.body(r.AddAgent)
    return await agents.add_agent(call.house, call.principal, body.email, body.name, body.role)


@handlers.on("PATCH /api/v1/admin/agents/{agent}")
async def switch_agent(call: Call) -> v.AgentView:
    agent = AgentId(call.request.match_info["agent"])
    return await agents.set_agent_disabled(call.house, call.principal, agent, call.body(r.SwitchAgent).disabled)
