"""From the audience to a case of one's own, and on stage and back, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.domain.principal import Agent, Anonymous, Visitor
from server.domain.words import (
    BroadcastState,
    CaseState,
    ConsentAnswer,
    EntryKind,
    Language,
    Openness,
    QuestionState,
    SessionState,
)
from server.errors import Banned, BroadcastEnded, Conflict, ConsentNeeded, Forbidden, NotFound, SessionFull
from server.service import broadcast_cases, broadcasts, cases, consent, queue, sessions, timeline
from server.service.audience import (
    hands,
    helping,
    invitations,
    members,
    questions,
    reading,
    stage_calls,
    stage_places,
)
from server.service.audience.views import AudienceChange, Invitations
from server.service.consent import Said
from server.service.house import House
from server.service.links import find_visitor
from server.service.views import ConsentView
from server.store import broadcasts as store
from tests.audience import Fan, ask, join
from tests.broadcasts import answered, kept_broadcast, made_broadcast
from tests.desk import Desk, client_id, open_desk
from tests.studio_desk import opened_call, rehearsed, row_of, says
from tests.worker_double import until

NOTHING = Invitations(None, None)


@dataclass
class Hall:
    """A live explainer with ann on stage and one member."""

    desk: Desk
    session: str
    bo: Fan
    ann: Agent

    @property
    def house(self) -> House:
        return self.desk.house

    async def now(self, fan: Fan) -> Visitor:
        """The same browser, with the links that it holds now."""
        found = await find_visitor(self.house, fan.token)
        assert found is not None
        return found

    async def offered(self, fan: Fan) -> Invitations:
        return await invitations.read_invitations(self.house, await self.now(fan), self.session)

    async def asked(self, fan: Fan, session: str = "") -> ConsentView:
        """What the called one is asked about being seen."""
        place = await stage_places.read_place(self.house, await self.now(fan), session or self.session, Language.EN)
        assert place.broadcast is not None
        assert place.broadcast.consent is not None
        return place.broadcast.consent

    async def agrees(self, fan: Fan, answer: ConsentAnswer = ConsentAnswer.GIVEN, session: str = "") -> None:
        said = Said(answer, (await self.asked(fan, session)).wording_version)
        await consent.answer_public(self.house, await self.now(fan), session or self.session, said)

    async def comes(self, fan: Fan) -> Visitor:
        """Called, agreed, and on stage."""
        await stage_calls.call_to_stage(self.house, self.ann, self.session, fan.id)
        await self.agrees(fan)
        await self.desk.connects(await self.now(fan), self.session)
        return await self.now(fan)

    def invited(self) -> list[str]:
        changes: list[AudienceChange] = [change for _, change in self.desk.heard.of("audience")]
        return [member for change in changes for member in change.invited]


@pytest.fixture
async def hall(database_url: str, tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_desk(database_url, tmp_path) as desk:
        session = await rehearsed(desk)
        ann = await desk.agent("ann")
        await broadcasts.go_live(desk.house, ann, session)
        yield Hall(desk, session, await join(desk.house, session), ann)


async def test_question_becomes_a_case_that_waits_and_only_its_member_holds(hall: Hall) -> None:
    al = await join(hall.house, hall.session, "Al", "10.0.0.9")
    asked = await ask(hall.house, hall.session, hall.bo, "Why is it red?")
    opened = await helping.help_asker(hall.house, hall.ann, hall.session, asked.id)
    view = await cases.read_case(hall.house, await hall.now(hall.bo), opened.case)
    assert (view.summary, view.name, view.state) == ("Why is it red?", "Bo", CaseState.WAITING)
    assert view.session is not None
    assert (view.session.state, view.queue and view.queue.place) == (SessionState.WAITING, 1)
    offer = (await hall.offered(hall.bo)).help
    assert offer is not None
    assert (offer.case, offer.number, offer.place) == (opened.case, opened.number, 1)
    assert await hall.offered(al) == NOTHING
    with pytest.raises(NotFound):
        await cases.read_case(hall.house, await hall.now(al), opened.case)
    assert hall.invited() == [hall.bo.id]


async def test_nothing_of_the_case_is_seen_by_the_audience(hall: Hall) -> None:
    asked = await ask(hall.house, hall.session, hall.bo)
    before = await reading.read_events(hall.house, Anonymous(), hall.session, 0)
    opened = await helping.help_asker(hall.house, hall.ann, hall.session, asked.id)
    after = await reading.read_events(hall.house, Anonymous(), hall.session, 0)
    assert after == before
    assert opened.case not in repr(after)
    assert await invitations.read_invitations(hall.house, Anonymous(), hall.session) == NOTHING


async def test_clicked_twice_and_asked_twice_is_one_case(hall: Hall) -> None:
    first, second = [await ask(hall.house, hall.session, hall.bo, text) for text in ("One?", "Two?")]
    both = await asyncio.gather(
        *(helping.help_asker(hall.house, hall.ann, hall.session, first.id) for _ in range(2)),
    )
    other = await helping.help_asker(hall.house, hall.ann, hall.session, second.id)
    again = await helping.help_member(hall.house, hall.ann, hall.session, hall.bo.id)
    assert len({one.case for one in (*both, other, again)}) == 1
    kinds = await hall.desk.kinds(other.case)
    assert kinds.count(EntryKind.OPENED) == 1
    view = await broadcasts.read_broadcast(hall.house, hall.ann, hall.session)
    assert [(one.case, one.member) for one in view.cases] == [(other.case, hall.bo.id)]


async def test_closed_case_is_offered_no_more_and_the_next_one_is_new(hall: Hall) -> None:
    first = await helping.help_member(hall.house, hall.ann, hall.session, hall.bo.id)
    await queue.withdraw_case(hall.house, await hall.now(hall.bo), first.case)
    assert await hall.offered(hall.bo) == NOTHING
    second = await helping.help_member(hall.house, hall.ann, hall.session, hall.bo.id)
    assert second.case != first.case


async def test_case_knows_the_minute_and_the_answer_too(hall: Hall) -> None:
    asked = await ask(hall.house, hall.session, hall.bo, "Why is it red?")
    opened = await helping.help_asker(hall.house, hall.ann, hall.session, asked.id)
    came = next(one for one in await hall.desk.entries(opened.case) if one.kind is EntryKind.PUBLIC_QUESTION)
    assert (came.text, came.data["broadcast"]) == ("Why is it red?", hall.session)
    with pytest.raises(Conflict):
        await broadcast_cases.mark_answer(hall.house, hall.ann, opened.case, hall.session, asked.id)
    await questions.moderate_question(hall.house, hall.ann, hall.session, asked.id, QuestionState.ANSWERED)
    for _ in range(2):
        said = await broadcast_cases.mark_answer(hall.house, hall.ann, opened.case, hall.session, asked.id)
    assert (said.kind, said.text) == (EntryKind.PUBLIC_ANSWER, "Why is it red?")
    later = await broadcast_cases.mark_answer(hall.house, hall.ann, opened.case, hall.session, second=75.0)
    assert later.data["at_s"] == 75.0
    assert (await hall.desk.kinds(opened.case)).count(EntryKind.PUBLIC_ANSWER) == 2


async def test_answers_are_chosen_among_what_the_customer_may_watch(hall: Hall) -> None:
    """Those of the case's topic first; what nobody may watch is not offered."""
    for title, more in {
        "About power": {"topic": "strom"},
        "About the internet": {},
        "For invited people": {"visibility": Openness.PRIVATE},
        "Taken down": {"removed_at": hall.house.now()},
    }.items():
        row = await kept_broadcast(hall.house, title, **more)
        await answered(hall.house, row.session_id, f"{title}?", 75.0)
    await made_broadcast(hall.house, "Next week", state=BroadcastState.PLANNED, live_at=None)
    case = (await hall.desk.customer_opens_case()).case
    found = (await broadcast_cases.list_answers(hall.house, hall.ann, case, Language.EN)).broadcasts
    about = [one.topic.slug for one in found if one.own_topic]
    assert about == ["strom"] * 2
    assert [one.own_topic for one in found] == sorted((one.own_topic for one in found), reverse=True)
    assert {one.title for one in found} >= {"About power", "About the internet"}
    assert not {one.title for one in found} & {"For invited people", "Taken down", "Next week"}
    power = next(one for one in found if one.title == "About power")
    assert ([(one.text, one.at_s) for one in power.questions], power.live) == ([("About power?", 75.0)], False)
    assert [one.live for one in found if one.session == hall.session] == [True]


async def test_only_agents_open_cases_call_and_mark(hall: Hall) -> None:
    asked = await ask(hall.house, hall.session, hall.bo)
    bo = hall.bo.principal
    for work in (
        helping.help_asker(hall.house, bo, hall.session, asked.id),
        helping.help_member(hall.house, bo, hall.session, hall.bo.id),
        stage_calls.call_to_stage(hall.house, bo, hall.session, hall.bo.id),
        broadcast_cases.mark_answer(hall.house, bo, "x", hall.session),
    ):
        with pytest.raises(Forbidden):
            await work
    for missing in (
        helping.help_asker(hall.house, hall.ann, hall.session, "nothing"),
        stage_calls.call_to_stage(hall.house, hall.ann, hall.session, "nobody"),
        stage_calls.leave_stage(hall.house, hall.ann, hall.session, "nobody"),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_called_member_comes_is_asked_and_not_shown_before_a_yes(hall: Hall) -> None:
    await hands.raise_hand(hall.house, hall.bo.principal, hall.session)
    for _ in range(2):
        await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)
    call = (await hall.offered(hall.bo)).stage
    assert call is not None
    assert (await reading.list_hands(hall.house, hall.ann, hall.session)).hands[0].called_at is not None
    assert call.raised
    bo = await hall.now(hall.bo)
    with pytest.raises(ConsentNeeded):
        await hall.desk.connects(bo, hall.session)
    asked = await hall.asked(hall.bo)
    assert (asked.asked, asked.answer, asked.wording_version) == (True, None, "2026-1c-public")
    assert "go on watching" in asked.wording
    await hall.agrees(hall.bo)
    await hall.desk.connects(bo, hall.session)
    view = await broadcasts.read_broadcast(hall.house, hall.ann, hall.session)
    assert {one.name: one.shown for one in view.people} == {"ann": True, "Bo": True}
    kinds = await hall.desk.kinds(view.case)
    assert [kinds.count(one) for one in (EntryKind.STAGE_CALLED, EntryKind.PUBLIC_ASKED)] == [1, 2]


async def test_who_refuses_is_never_let_in(hall: Hall) -> None:
    await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)
    await hall.agrees(hall.bo, ConsentAnswer.REFUSED)
    bo = await hall.now(hall.bo)
    for come in (sessions.admit(hall.house, bo, hall.session), hall.desk.connects(bo, hall.session)):
        with pytest.raises(ConsentNeeded):
            await come
    assert len(hall.desk.worker.connections) == 1  # ann's
    view = await broadcasts.read_broadcast(hall.house, hall.ann, hall.session)
    assert [one.name for one in view.people] == ["ann"]


async def test_who_took_a_yes_back_may_come_back_unseen(hall: Hall) -> None:
    bo = await hall.comes(hall.bo)
    await hall.agrees(hall.bo, ConsentAnswer.WITHDRAWN)
    await hall.desk.connects(bo, hall.session)
    view = await broadcasts.read_broadcast(hall.house, hall.ann, hall.session)
    assert {one.name: one.shown for one in view.people} == {"ann": True, "Bo": False}


async def test_from_the_audience_one_sees_what_the_audience_sees(hall: Hall) -> None:
    """A help call that was opened: its customer has not agreed to be shown, then does."""
    desk, house = hall.desk, hall.house
    customer = await opened_call(desk)
    async with house.db.write() as db:
        await store.set_broadcast(db, customer.session, state="live", live_at=house.now())
    fan = await join(house, customer.session)
    await stage_calls.call_to_stage(house, hall.ann, customer.session, fan.id)
    bo = await hall.now(fan)
    await hall.agrees(fan, session=customer.session)
    await desk.connects(bo, customer.session)
    for unreadable in (
        cases.read_case(house, bo, customer.case),
        timeline.read_timeline(house, bo, customer.case),
        timeline.say_chat(house, bo, customer.case, "Hello", client_id()),
    ):
        with pytest.raises(NotFound):
            await unreadable
    place = await stage_places.read_place(house, bo, customer.session, Language.EN)
    session = await sessions.read_session(house, bo, customer.session)
    assert {one.name for one in place.session.participants} == {one.name for one in session.participants}
    assert {one.name for one in session.participants} == {"ann", "Bo"}
    assert "Carla" not in repr((place, session))
    assert "Carla" not in repr([told[2] for told in desk.heard.of("roster")])
    await until(lambda: len(desk.worker.shown_to_outsiders.get(customer.session, [])) == 2)
    await broadcasts.ask_to_be_seen(house, hall.ann, customer.session)
    await says(desk, customer.principal, customer.session, ConsentAnswer.GIVEN)
    session = await sessions.read_session(house, bo, customer.session)
    assert {one.name for one in session.participants} == {"ann", "Bo", "Carla"}
    assert len(desk.worker.shown_to_outsiders[customer.session]) == 3


async def test_own_case_of_the_called_knows_the_minute(hall: Hall) -> None:
    opened = await helping.help_member(hall.house, hall.ann, hall.session, hall.bo.id)
    await hall.comes(hall.bo)
    await stage_calls.leave_stage(hall.house, hall.ann, hall.session, hall.bo.id)
    found = [one for one in await hall.desk.entries(opened.case) if one.kind in {"stage_called", "stage_left"}]
    assert [(one.kind, one.data["name"], one.data["broadcast"]) for one in found] == [
        (EntryKind.STAGE_CALLED, "Bo", hall.session),
        (EntryKind.STAGE_LEFT, "Bo", hall.session),
    ]


@pytest.mark.parametrize("by_agent", [True, False])
async def test_off_the_stage_is_off_for_good(hall: Hall, by_agent: bool) -> None:
    await hands.raise_hand(hall.house, hall.bo.principal, hall.session)
    await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)
    await hall.agrees(hall.bo)
    bo = await hall.now(hall.bo)
    connection = await hall.desk.connects(bo, hall.session)
    who = hall.ann if by_agent else bo
    for _ in range(2):
        await stage_calls.leave_stage(hall.house, who, hall.session, hall.bo.id)
    assert connection.connection not in hall.desk.worker.connections
    assert await hall.offered(hall.bo) == NOTHING
    with pytest.raises(NotFound):
        await sessions.admit(hall.house, await hall.now(hall.bo), hall.session)
    assert (await reading.list_hands(hall.house, hall.ann, hall.session)).hands == []
    view = await broadcasts.read_broadcast(hall.house, hall.ann, hall.session)
    assert (await hall.desk.kinds(view.case)).count(EntryKind.STAGE_LEFT) == 1
    assert [one.name for one in view.people] == ["ann"]
    await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)
    assert (await hall.offered(hall.bo)).stage is not None


async def test_who_declines_never_left_the_stage(hall: Hall) -> None:
    await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)
    al = await join(hall.house, hall.session, "Al", "10.0.0.9")
    with pytest.raises(Forbidden):
        await stage_calls.leave_stage(hall.house, al.principal, hall.session, hall.bo.id)
    await stage_calls.leave_stage(hall.house, hall.bo.principal, hall.session, hall.bo.id)
    view = await broadcasts.read_broadcast(hall.house, hall.ann, hall.session)
    assert EntryKind.STAGE_LEFT not in await hall.desk.kinds(view.case)
    assert hall.invited() == [hall.bo.id, hall.bo.id]


async def test_banned_member_is_off_the_stage_and_not_called(hall: Hall) -> None:
    await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)
    await members.moderate_member(hall.house, hall.ann, hall.session, hall.bo.id, banned=True)
    with pytest.raises(NotFound):
        await sessions.admit(hall.house, await hall.now(hall.bo), hall.session)
    with pytest.raises(Banned):
        await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)


async def test_nobody_is_called_when_the_stage_is_full(hall: Hall) -> None:
    for number in range(hall.house.settings.seats - 1):
        fan = await join(hall.house, hall.session, f"Fan {number}", f"10.0.1.{number}")
        await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, fan.id)
    with pytest.raises(SessionFull):
        await stage_calls.call_to_stage(hall.house, hall.ann, hall.session, hall.bo.id)


async def test_help_call_goes_on_without_those_who_came_from_the_audience(hall: Hall) -> None:
    desk = hall.desk
    customer = await opened_call(desk)
    async with desk.house.db.write() as db:
        await store.set_broadcast(db, customer.session, state="live", live_at=desk.house.now())
    fan = await join(desk.house, customer.session)
    await stage_calls.call_to_stage(desk.house, hall.ann, customer.session, fan.id)
    await hall.agrees(fan, session=customer.session)
    await sessions.admit(desk.house, await hall.now(fan), customer.session)
    await broadcasts.end(desk.house, hall.ann, customer.session)
    assert (await row_of(desk, customer.session)).visibility is Openness.PUBLIC
    with pytest.raises(NotFound):
        await sessions.admit(desk.house, await hall.now(fan), customer.session)
    with pytest.raises(BroadcastEnded):
        await stage_calls.call_to_stage(desk.house, hall.ann, customer.session, fan.id)
    await sessions.admit(desk.house, customer.principal, customer.session)
