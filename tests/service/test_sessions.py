"""Joining, coming back, leaving, ending."""

import asyncio
from pathlib import Path

import pytest

from server.domain.principal import Anonymous
from server.domain.words import CaseState, EntryKind, Outcome, PersonKind, SessionState
from server.errors import Busy, Conflict, MediaAway, NotFound, SessionEnded, SessionFull
from server.service import cases, links, sessions
from server.service.presence import GRACE, sweep_left
from server.service.views import SourcesView
from tests.desk import Desk, open_desk
from tests.worker_double import until


async def test_waiting_customer_is_connected_off_stage_and_on_it_when_taken(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    mine = await desk.connects(customer.principal, customer.session)
    ann = await desk.agent("ann")
    standby = await sessions.connect_standby(desk.house, ann, "v=0", {})
    await desk.worker.come(standby.connection)
    seat = desk.worker.people(customer.session)[str(mine.participant)]
    assert (seat["connection"], seat["on_stage"]) == (mine.connection, False)
    view = await cases.take_case(desk.house, ann, customer.case, standby.connection)
    assert view.session is not None
    assert view.session.state is SessionState.RUNNING
    assert {one.kind: (one.here, one.on_stage) for one in view.session.participants} == {
        PersonKind.CUSTOMER: (True, True),
        PersonKind.AGENT: (True, True),
    }
    joined = [one.actor.name for one in await desk.entries(customer.case) if one.kind is EntryKind.JOINED]
    assert sorted(joined) == ["Carla", "ann"]


async def test_anothers_standby_connection_cannot_be_taken_along(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    standby = await sessions.connect_standby(desk.house, await desk.agent("bob"), "v=0", {})
    with pytest.raises(NotFound):
        await cases.take_case(desk.house, await desk.agent("ann"), customer.case, standby.connection)
    view = await cases.read_case(desk.house, customer.principal, customer.case)
    assert view.state is CaseState.WAITING


async def test_agent_cannot_join_before_the_case_is_taken(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    with pytest.raises(Conflict):
        await sessions.admit(desk.house, await desk.agent("ann"), customer.session)


async def test_twenty_reloads_are_one_person_and_one_line(desk: Desk) -> None:
    customer = await desk.call()
    for _ in range(20):
        await desk.connects(customer.principal, customer.session)
    view = await sessions.read_session(desk.house, customer.principal, customer.session)
    assert sorted(one.kind for one in view.participants) == [PersonKind.AGENT, PersonKind.CUSTOMER]
    await until(lambda: len(desk.heard.of("gone")) == 20)
    await sweep_left(desk.house)
    kinds = await desk.kinds(customer.case)
    assert (kinds.count(EntryKind.JOINED), kinds.count(EntryKind.LEFT)) == (2, 0)


async def test_who_does_not_come_back_has_left_after_the_grace(desk: Desk) -> None:
    customer = await desk.call()
    again = await desk.connects(customer.principal, customer.session)
    await until(lambda: len(desk.heard.of("gone")) == 1)
    await desk.worker.lose(again.connection)
    await until(lambda: len(desk.heard.of("gone")) == 2)
    await sweep_left(desk.house)
    assert EntryKind.LEFT not in await desk.kinds(customer.case)
    desk.clock.move(seconds=GRACE.total_seconds() + 1)
    await sweep_left(desk.house)
    await sweep_left(desk.house)
    assert (await desk.kinds(customer.case)).count(EntryKind.LEFT) == 1
    await desk.connects(customer.principal, customer.session)

    async def joined_again() -> bool:
        return (await desk.kinds(customer.case)).count(EntryKind.JOINED) == 3

    await until(joined_again)


async def test_leaving_says_so_at_once_and_only_once(desk: Desk) -> None:
    customer = await desk.call()

    async def both_joined() -> bool:
        return (await desk.kinds(customer.case)).count(EntryKind.JOINED) == 2

    await until(both_joined)
    await sessions.leave_session(desk.house, customer.principal, customer.session)
    await sessions.leave_session(desk.house, customer.principal, customer.session)
    assert (await desk.kinds(customer.case)).count(EntryKind.LEFT) == 1
    admission = await sessions.admit(desk.house, customer.principal, customer.session)
    assert admission.on_stage


async def test_full_stage_refuses_new_people_and_keeps_those_who_come_back(postgres_url: str, tmp_path: Path) -> None:
    async with open_desk(postgres_url, tmp_path, seats=2) as desk:
        customer = await desk.call()
        guest = await desk.guest(customer.session)
        with pytest.raises(SessionFull):
            await sessions.connect_session(desk.house, guest, customer.session, "v=0", {})
        await desk.connects(customer.principal, customer.session)
        await sessions.leave_session(desk.house, await desk.agent("ann"), customer.session)
        await desk.connects(guest, customer.session)


async def test_the_last_seat_goes_to_one(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path, seats=3) as desk:
        customer = await desk.call()
        guests = [await desk.guest(customer.session, f"Guest {number}") for number in range(8)]
        tries = [sessions.connect_session(desk.house, one, customer.session, "v=0", {}) for one in guests]
        results = await asyncio.gather(*tries, return_exceptions=True)
        full = [one for one in results if isinstance(one, SessionFull)]
        assert len(full) == 7, results
        assert len(desk.worker.people(customer.session)) == 3


async def test_ended_session_lets_nobody_in(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session)
    await desk.ends(customer, Outcome.SOLVED)
    for principal in (customer.principal, guest, await desk.agent("ann")):
        with pytest.raises(SessionEnded):
            await sessions.connect_session(desk.house, principal, customer.session, "v=0", {})
    with pytest.raises(SessionEnded):
        await desk.ends(customer, Outcome.SOLVED)
    assert desk.worker.sessions == {}
    view = await cases.read_case(desk.house, customer.principal, customer.case)
    assert (view.state, view.outcome) == (CaseState.CLOSED, Outcome.SOLVED)
    kinds = await desk.kinds(customer.case)
    assert kinds[-2:] == [EntryKind.ENDED, EntryKind.CLOSED]


async def test_agents_summary_at_the_end_is_a_note(desk: Desk) -> None:
    customer = await desk.call()
    ann = await desk.agent("ann")
    await sessions.end_session(desk.house, ann, customer.session, Outcome.NOT_SOLVED, "Neuer Zähler bestellt")
    notes = [one.text for one in await desk.entries(customer.case) if one.kind is EntryKind.NOTE]
    assert notes == ["Neuer Zähler bestellt"]
    view = await cases.read_case(desk.house, customer.principal, customer.case)
    assert view.state is CaseState.OPEN


async def test_state_of_microphone_and_camera_is_passed_on(desk: Desk) -> None:
    customer = await desk.call()
    shown = SourcesView(microphone=True, camera=False, screen=True)
    view = await sessions.set_state(desk.house, customer.principal, customer.session, shown)
    assert next(one.state for one in view.participants if one.id == view.me) == shown


async def test_stranger_finds_no_session(desk: Desk) -> None:
    customer = await desk.call()
    stranger = await desk.customer_opens_case("Stranger")
    mine = await desk.connects(customer.principal, customer.session)
    for principal in (stranger.principal, Anonymous()):
        with pytest.raises(NotFound):
            await sessions.connect_session(desk.house, principal, customer.session, "v=0", {})
        with pytest.raises(NotFound):
            await sessions.read_session(desk.house, principal, customer.session)
        with pytest.raises(NotFound):
            await sessions.restart_connection(desk.house, principal, mine.connection, "v=0")
        with pytest.raises(NotFound):
            await sessions.close_connection(desk.house, principal, mine.connection)
    restarted = await sessions.restart_connection(desk.house, customer.principal, mine.connection, "v=0")
    assert restarted.sdp == "v=0 restarted"


async def test_failed_join_leaves_no_connection_behind(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    desk.worker.failure = Busy()
    with pytest.raises(Busy):
        await sessions.connect_session(desk.house, customer.principal, customer.session, "v=0", {})
    desk.worker.failure = None
    assert desk.worker.connections == {}


async def test_case_can_be_taken_while_the_worker_is_away(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    await desk.worker.stop()
    view = await desk.agent_takes(customer, "ann")
    assert view.state is CaseState.TAKEN
    with pytest.raises(MediaAway):
        await sessions.connect_session(desk.house, customer.principal, customer.session, "v=0", {})
    await desk.worker.start()
    await desk.connects(customer.principal, customer.session)


async def test_new_worker_finds_everybody_gone(desk: Desk) -> None:
    customer = await desk.call()
    await until(lambda: len(desk.heard.of("roster")) >= 0)
    await desk.worker.restart()
    await until(lambda: desk.heard.of("media") == [("back", 0)])

    async def nobody_here() -> bool:
        view = await sessions.read_session(desk.house, customer.principal, customer.session)
        return not any(one.here for one in view.participants)

    await until(nobody_here)
    await desk.connects(customer.principal, customer.session)
    await sweep_left(desk.house)
    kinds = await desk.kinds(customer.case)
    assert (kinds.count(EntryKind.JOINED), kinds.count(EntryKind.LEFT)) == (2, 0)


async def test_revoked_guest_is_out_of_the_call(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session)
    view = await desk.connects(guest, customer.session)
    await links.revoke_link(desk.house, await desk.agent("ann"), guest.links[0].link_id)
    assert view.connection not in desk.worker.connections
    assert desk.heard.of("visitor_revoked") == [(None, guest.links[0].link_id)]
