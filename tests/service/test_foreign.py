"""Every service function, asked by people whose business it is not."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable

import pytest

from server import service
from server.domain.principal import Agent, Anonymous, Principal, Visitor
from server.domain.words import ConsentAnswer, Language, Outcome, PersonKind, Role
from server.errors import Forbidden, NotFound, NotSignedIn
from server.media.protocol import Fragment, Offer
from server.service import (
    agents,
    captions,
    cases,
    consent,
    desk,
    entering,
    keys,
    links,
    planning,
    queue,
    reading,
    recordings,
    sessions,
    timeline,
    whip,
)
from server.service.house import House as ServiceHouse
from server.service.views import SourcesView
from tests.desk import Customer, client_id
from tests.desk import Desk as House
from tests.service.broadcast_calls import agents_calls, audience_calls, plan
from tests.service.test_consent import recorded_call

MODULES = [importlib.import_module(one.name) for one in pkgutil.walk_packages(service.__path__, "server.service.")]
OPEN_TO_ALL = {"list_topics", "open_case", "exchange_link"}  # They lead to nobody else's case.
BEHIND = {
    "owns_connection",
    "decide",
    "my_seat",
    "give_to_browser",
    "case_for",
    "case_for_customer",
    "list_visible_recordings",
    "find_own",
    "me_too_view",
    "moderator",
    "see_broadcast",
    "speaker",
    "visible_broadcast",
    "voice_of",
    "voice_on",
}  # Asked by other functions, and answered without telling anything.
Call = Callable[[Principal], Awaitable[object]]


def calls(house: House, customer: Customer, recording: str, connection: str) -> dict[str, Call]:
    """Each function with a principal, called with things of `customer`'s."""
    h, case, session = house.house, customer.case, customer.session
    link = customer.principal.links[0].link_id
    said = (ConsentAnswer.WITHDRAWN, "2026-1")
    return {
        "view_case": lambda who: reading.view_case(h, who, case),
        "read_case": lambda who: cases.read_case(h, who, case),
        "take_case": lambda who: cases.take_case(h, who, case),
        "release_case": lambda who: cases.release_case(h, who, case),
        "close_case": lambda who: cases.close_case(h, who, case, Outcome.SOLVED),
        "reopen_case": lambda who: cases.reopen_case(h, who, case),
        "withdraw_case": lambda who: queue.withdraw_case(h, who, case),
        "queue_case": lambda who: queue.queue_case(h, who, case),
        "read_desk": lambda who: desk.read_desk(h, who),
        "read_timeline": lambda who: timeline.read_timeline(h, who, case),
        "say_chat": lambda who: timeline.say_chat(h, who, case, "Hallo", client_id()),
        "write_note": lambda who: timeline.write_note(h, who, case, "Hallo", client_id()),
        "make_case_link": lambda who: links.make_case_link(h, who, case),
        "invite_guest": lambda who: links.invite_guest(h, who, session, "Eve"),
        "list_case_links": lambda who: links.list_case_links(h, who, case),
        "revoke_link": lambda who: links.revoke_link(h, who, link),
        "make_key": lambda who: keys.make_key(h, who, session, PersonKind.SOURCE, "Camera"),
        "list_keys": lambda who: keys.list_keys(h, who, session, PersonKind.SOURCE),
        "owner_of": lambda who: whip.owner_of(h, who, PersonKind.VIEWER, session),
        "check_own": lambda who: whip.check_own(h, who, PersonKind.VIEWER, session, connection),
        "publish": lambda who: whip.publish(h, who, session, "v=0"),
        "view": lambda who: whip.view(h, who, session, "v=0"),
        "patch": lambda who: whip.patch(h, who, PersonKind.SOURCE, session, connection, Fragment("", "*")),
        "end": lambda who: whip.end(h, who, PersonKind.VIEWER, session, connection),
        "admit": lambda who: sessions.admit(h, who, session),
        "connect_session": lambda who: sessions.connect_session(h, who, session, "v=0", {}),
        "join_session": lambda who: sessions.join_session(h, who, session, Offer("v=0")),
        "prepare_session": lambda who: entering.prepare_session(h, who, session, "v=0", {}),
        "enter_session": lambda who: entering.enter_session(h, who, session, connection),
        "connect_standby": lambda who: sessions.connect_standby(h, who, "v=0", {}),
        "restart_connection": lambda who: sessions.restart_connection(h, who, connection, "v=0"),
        "renew_turn": lambda who: sessions.renew_turn(h, who, connection),
        "close_connection": lambda who: sessions.close_connection(h, who, connection),
        "read_session": lambda who: sessions.read_session(h, who, session),
        "case_of_session": lambda who: sessions.case_of_session(h, who, session),
        "set_state": lambda who: sessions.set_state(h, who, session, SourcesView()),
        "leave_session": lambda who: sessions.leave_session(h, who, session),
        "end_session": lambda who: sessions.end_session(h, who, session, Outcome.SOLVED),
        "ask_consent": lambda who: consent.ask_consent(h, who, session),
        "answer_consent": lambda who: consent.answer_consent(h, who, session, *said),
        "start_recording": lambda who: recordings.start_recording(h, who, session),
        "sign_out": lambda who: agents.sign_out(h, who),
        "read_me": lambda who: agents.read_me(h, who),
        "set_password": lambda who: agents.set_password(h, who, "x" * 20),
        "list_agents": lambda who: agents.list_agents(h, who),
        "add_agent": lambda who: agents.add_agent(h, who, "x@example.org", "X", Role.ADMIN),
        "set_agent_disabled": lambda who: agents.set_agent_disabled(h, who, "x", True),
        **recording_calls(h, recording),
        **agents_calls(h, case, session),
        **audience_calls(h, session),
    }


def recording_calls(h: ServiceHouse, recording: str) -> dict[str, Call]:
    """What is done with a recording that is there."""
    return {
        "stop_recording": lambda who: recordings.stop_recording(h, who, recording),
        "read_recording": lambda who: recordings.read_recording(h, who, recording),
        "find_file": lambda who: recordings.find_file(h, who, recording, "view.mp4"),
        "share_recording": lambda who: recordings.share_recording(h, who, recording, True),
        "set_captions": lambda who: captions.set_captions(h, who, recording, "de", b""),
        "remove_captions": lambda who: captions.remove_captions(h, who, recording, "de"),
        "read_captions_of": lambda who: captions.read_captions_of(h, who, recording, "de.vtt"),
        "delete_recording": lambda who: recordings.delete_recording(h, who, recording),
    }


async def test_no_function_is_forgotten(small_desk: House) -> None:
    customer = await small_desk.customer_opens_case()
    found = {
        name
        for module in MODULES
        for name, one in inspect.getmembers(module, inspect.iscoroutinefunction)
        if one.__module__ == module.__name__ and "principal" in inspect.signature(one).parameters and name[0] != "_"
    }
    known = set(calls(small_desk, customer, "", "")) | OPEN_TO_ALL | BEHIND
    assert found - known == set()


async def test_others_case_is_neither_read_nor_changed(desk: House) -> None:
    customer = await opened_call(desk)
    connection = next(iter(desk.worker.connections))
    recording = next(iter(desk.worker.recordings))
    stranger = await desk.customer_opens_case("Stranger")
    old = await desk.call("bob")
    guest = await desk.guest(old.session, "Guest", by="bob")
    before = await desk.entries(customer.case)
    told = len(desk.heard.all)
    strangers: dict[str, Principal] = {
        "nobody": Anonymous(),
        "another customer": stranger.principal,
        "a guest of another session": guest,
        "a browser whose links have ended": Visitor(stranger.principal.visitor_id, ()),
    }
    for who, principal in strangers.items():
        for name, call in calls(desk, customer, recording, connection).items():
            assert await _answer(call, principal), f"{who} may {name}"
    assert await desk.entries(customer.case) == before
    changes = [one for one in desk.heard.all[told:] if one[0] in {"entry", "case_changed", "recording"}]
    assert [one for one in changes if one[1][0] != old.case] == []  # Bob's own joining may come this late.
    assert (await cases.read_case(desk.house, await desk.agent("ann"), customer.case, Language.DE)).outcome is None


async def opened_call(desk: House) -> Customer:
    """A recorded call that was opened to who is invited."""
    customer = await recorded_call(desk)
    await planning.open_broadcast(desk.house, await desk.agent("ann"), customer.session, plan())
    return customer


async def test_others_and_missing_get_the_same_answer(desk: House) -> None:
    customer = await opened_call(desk)
    recording = next(iter(desk.worker.recordings))
    stranger = await desk.customer_opens_case("Stranger")
    missing = Customer(customer.principal, type(customer.opened)("no", "no", "no", ""), "")
    theirs = calls(desk, customer, recording, next(iter(desk.worker.connections)))
    nobodys = calls(desk, missing, "no", "no")
    for principal in (Anonymous(), stranger.principal):
        for name, call in theirs.items():
            assert await _answer(call, principal) == await _answer(nobodys[name], principal), name


async def _answer(call: Call, principal: Principal) -> tuple[type[BaseException], object] | None:
    """How it was refused; None when it was not."""
    try:
        await call(principal)
    except (NotFound, Forbidden, NotSignedIn) as failure:
        return type(failure), failure.facts
    return None


async def test_guest_does_not_what_customers_and_agents_do(desk: House) -> None:
    customer = await recorded_call(desk)
    guest = await desk.guest(customer.session)
    made = calls(desk, customer, next(iter(desk.worker.recordings)), next(iter(desk.worker.connections)))
    may = {
        "read_case",
        "view_case",
        "read_timeline",
        "say_chat",
        "admit",
        "connect_session",
        "prepare_session",
        "read_session",
        "case_of_session",
    }
    may |= {"set_state", "leave_session", "answer_consent", "owner_of", "view", "join_session"}
    for name in made.keys() - may:
        assert await _answer(made[name], guest), f"a guest may {name}"


async def test_customer_does_not_what_agents_do(desk: House) -> None:
    customer = await recorded_call(desk)
    made = calls(desk, customer, next(iter(desk.worker.recordings)), next(iter(desk.worker.connections)))
    agents_only = {
        "take_case", "release_case", "close_case", "reopen_case", "read_desk", "write_note", "invite_guest", "revoke_link",
        "connect_standby", "end_session", "ask_consent", "start_recording", "share_recording", "delete_recording", "set_captions", "remove_captions",
        "list_agents", "add_agent", "set_agent_disabled", "stop_recording", "sign_out", "read_me", "set_password",
        "make_key", "list_keys", *agents_calls(desk.house, customer.case, customer.session),
    }  # fmt: skip
    for name in agents_only:
        with pytest.raises(Forbidden):
            await made[name](customer.principal)
    ann = await desk.agent("ann")
    assert isinstance(ann, Agent)
    for name in ("list_agents", "add_agent", "set_agent_disabled"):
        with pytest.raises(Forbidden):
            await made[name](ann)
