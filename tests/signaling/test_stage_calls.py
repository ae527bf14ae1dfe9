"""The socket of somebody who was called from an audience: it hears the stage as the audience may know it, and no case."""

from server.domain.principal import Person
from server.domain.words import CaseId, ConsentAnswer, MemberId, PersonKind, SessionId
from server.service.agents import find_agent
from server.service.audience.stage_calls import call_to_stage
from server.service.presence import seat_person
from server.service.roster import announce_roster
from server.store import sessions as session_store
from tests.shows import plan_broadcast
from tests.site import Site


async def test_called_member_follows_the_stage_without_the_case(site: Site) -> None:
    session = SessionId(await plan_broadcast(site))
    one = f"/api/v1/broadcasts/{session}"
    fan, ann = site.browser(), await site.agent()
    agent = await find_agent(site.house, ann.cookies().partition("=")[2])
    assert agent is not None
    member = await fan.ok("POST", f"{one}/members", {"name": "Fan"})
    assert (await fan.get(f"{one}/stage")).status == 404
    await call_to_stage(site.house, agent, session, MemberId(member["id"]))
    assert (await fan.get(f"/s/{session}")).headers["Location"] == f"/watch/{session}"
    place = await fan.ok("GET", f"{one}/stage")
    question = place["broadcast"]["consent"]
    said = {"answer": str(ConsentAnswer.GIVEN), "wording_version": question["wording_version"]}
    await fan.ok("POST", f"{one}/consent", said)
    async with site.house.db.write() as db:
        case = await _case(site, session)
        await seat_person(db, session, Person(PersonKind.CUSTOMER, case, "Carla"), site.house.now())
        await seat_person(db, session, Person(PersonKind.AGENT, agent.agent_id, "Ann"), site.house.now())
    line, desk = await fan.line(), await ann.line()
    assert (await line.ask("watch", {"case": case, "after": 0}))["code"] == "not_found"
    assert (await line.ask("watch_stage", {"session": session}))["ok"]
    assert (await desk.ask("watch", {"case": case, "after": 0}))["ok"]
    await announce_roster(site.house, session, None)
    names = [[person["name"] for person in (await one.until("roster"))[0]["participants"]] for one in (desk, line)]
    assert names == [["Carla", "Ann"], ["Ann"]]
    assert (await (await site.browser().line(audience=True)).ask("watch_stage", {"session": session}))["ok"] is False


async def _case(site: Site, session: SessionId) -> CaseId:
    async with site.house.db.read() as db:
        return (await session_store.list_cases_of(db, session))[0]
