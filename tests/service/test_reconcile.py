"""The worker's line failed for a moment: afterwards it does what the database says."""

import asyncio

import pytest

from server.domain.words import ConsentAnswer, EntryKind, Outcome, PersonKind, RecordingState, SessionState
from server.errors import DatabaseAway, MediaAway, OaseError, SessionEnded
from server.media.protocol import Answer, Offer, Seat
from server.service import cases, consent, links, queue, recordings, sessions, timeline
from server.service.media_events import sweep_once
from server.service.reconcile import EMPTY_LIMIT
from server.store import recordings as store
from server.store.rows import RecordingRow
from tests.desk import Customer, Desk, client_id
from tests.service.test_consent import recorded_call, seat
from tests.worker_double import until


async def row_of(desk: Desk, customer: Customer) -> RecordingRow:
    async with desk.house.db.read() as db:
        return (await store.list_recordings(db, customer.case))[0]


async def test_yes_taken_back_while_the_line_was_away_is_told_by_the_sweep(desk: Desk) -> None:
    customer = await recorded_call(desk)
    desk.worker.failure = MediaAway()
    with pytest.raises(MediaAway):
        await desk.answers(customer.principal, customer.session, ConsentAnswer.WITHDRAWN)
    assert desk.heard.of("entry")[-1][1].kind is EntryKind.CONSENT_WITHDRAWN
    desk.worker.failure = None
    await sweep_once(desk.house)
    taped = next(iter(desk.worker.recordings.values()))
    assert taped.participants == [await seat(desk, customer, PersonKind.AGENT)]


async def test_stopped_while_the_line_was_away_is_stopped_at_the_worker_and_only_then_finished(desk: Desk) -> None:
    customer = await recorded_call(desk)
    row = await row_of(desk, customer)
    desk.worker.failure = MediaAway()
    await recordings.stop_recording(desk.house, await desk.agent("ann"), row.id)
    with pytest.raises(MediaAway):
        await sweep_once(desk.house)
    async with desk.house.db.write() as db:
        now = desk.house.now()
        assert await store.lease_finishing(db, "finisher", now, now) is None
    desk.worker.failure = None
    await sweep_once(desk.house)
    assert desk.worker.recordings == {}
    async with desk.house.db.write() as db:
        leased = await store.lease_finishing(db, "finisher", now, now)
    assert leased is not None
    assert leased.id == row.id


async def test_session_ended_while_the_line_was_away_ends_at_the_worker(desk: Desk) -> None:
    customer = await recorded_call(desk)
    desk.worker.failure = MediaAway()
    await desk.ends(customer, Outcome.SOLVED)
    assert customer.session in desk.worker.sessions
    desk.worker.failure = None
    await sweep_once(desk.house)
    assert desk.worker.sessions == {}
    assert desk.worker.recordings == {}


async def test_hello_of_the_same_worker_mends_too(desk: Desk) -> None:
    customer = await recorded_call(desk)
    desk.worker.failure = MediaAway()
    await desk.ends(customer, Outcome.SOLVED)
    desk.worker.failure = None
    await desk.worker.stop()
    await desk.worker.start()
    await until(lambda: desk.worker.sessions == {} and desk.worker.recordings == {})


async def test_start_and_end_at_once_leave_no_row_recording(desk: Desk) -> None:
    for _ in range(5):
        customer = await recorded_call(desk)
        ann = await desk.agent("ann")
        first = await row_of(desk, customer)
        await recordings.stop_recording(desk.house, ann, first.id)
        start = recordings.start_recording(desk.house, ann, customer.session)
        await asyncio.gather(start, desk.ends(customer, Outcome.SOLVED), return_exceptions=True)
        async with desk.house.db.read() as db:
            assert await store.list_in_state(db, RecordingState.RECORDING) == []


async def test_recording_of_an_ended_session_is_closed_by_the_sweep(desk: Desk) -> None:
    customer = await recorded_call(desk)
    row = await row_of(desk, customer)
    await desk.ends(customer, Outcome.SOLVED)
    async with desk.house.db.write() as db:
        await store.step_recording(db, row.id, [RecordingState.FINISHING], state=RecordingState.RECORDING)
    await sweep_once(desk.house)
    assert (await row_of(desk, customer)).state is RecordingState.FINISHING


async def test_start_without_an_answer_leaves_no_file_that_no_row_knows(desk: Desk) -> None:
    customer = await recorded_call(desk)
    ann = await desk.agent("ann")
    await recordings.stop_recording(desk.house, ann, (await row_of(desk, customer)).id)
    desk.worker.unanswered.add("_record")
    with pytest.raises(MediaAway):
        await recordings.start_recording(desk.house, ann, customer.session)
    assert len(desk.worker.recordings) == 1
    await sweep_once(desk.house)
    assert desk.worker.recordings == {}
    async with desk.house.db.read() as db:
        rows = await store.list_recordings(db, customer.case)
    assert [(one.state, one.parts, one.lease_by) for one in rows] == [(RecordingState.FINISHING, 1, None)] * 2


async def test_recording_of_an_empty_session_stops_by_itself(desk: Desk) -> None:
    customer = await recorded_call(desk)
    for connection in list(desk.worker.connections):
        await desk.worker.lose(connection)
    await until(lambda: len(desk.heard.of("gone")) == 2)
    await sweep_once(desk.house)
    assert (await row_of(desk, customer)).state is RecordingState.RECORDING
    desk.clock.move(seconds=EMPTY_LIMIT.total_seconds() + 30)
    await sweep_once(desk.house)
    desk.clock.move(seconds=EMPTY_LIMIT.total_seconds() + 30)
    await sweep_once(desk.house)
    assert (await row_of(desk, customer)).state is RecordingState.FINISHING
    assert EntryKind.RECORDING_STOPPED in await desk.kinds(customer.case)


async def test_session_that_ends_while_somebody_is_seated_stays_ended(desk: Desk) -> None:
    """Between the database's seat and the worker's."""
    customer = await desk.call()
    desk.worker.before["_seat"] = lambda: desk.ends(customer, Outcome.SOLVED)
    with pytest.raises(SessionEnded):
        await sessions.connect_session(desk.house, customer.principal, customer.session, "v=0", {})
    assert (desk.worker.sessions, desk.worker.connections) == ({}, {})


async def test_ghost_that_connects_is_ended(desk: Desk) -> None:
    customer = await desk.call()
    seated = dict(desk.worker.people(customer.session))
    await desk.ends(customer, Outcome.SOLVED)
    answer: Answer = await desk.house.media.connect(0, Offer("v=0", {}))
    await desk.house.media.seat(customer.session, next(iter(seated)), Seat(answer.connection, True))
    await desk.worker.come(answer.connection)
    await until(lambda: desk.worker.sessions == {})


async def test_revoked_and_expired_links_are_cut_by_the_sweep(desk: Desk) -> None:
    customer = await desk.call()
    guest = await desk.guest(customer.session)
    theirs = await desk.connects(guest, customer.session)
    desk.worker.failure = MediaAway()
    await links.revoke_link(desk.house, await desk.agent("ann"), guest.links[0].link_id)
    desk.worker.failure = None
    assert theirs.connection in desk.worker.connections
    await sweep_once(desk.house)
    assert theirs.connection not in desk.worker.connections
    assert len(desk.worker.connections) == 2
    desk.clock.move(days=31)
    await sweep_once(desk.house)
    assert len(desk.worker.connections) == 1
    assert desk.heard.of("visitor_revoked")[-1] == (None, customer.principal.links[0].link_id)


async def test_release_stops_the_recording_and_is_done_once(desk: Desk) -> None:
    customer = await recorded_call(desk)
    ann = await desk.agent("ann")
    tries = [cases.release_case(desk.house, ann, customer.case) for _ in range(3)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert len([one for one in results if isinstance(one, OaseError)]) == 2
    assert (await row_of(desk, customer)).state is RecordingState.FINISHING
    view = await sessions.read_session(desk.house, customer.principal, customer.session)
    assert view.state is SessionState.WAITING


async def test_everything_at_once_never_waits_in_a_circle(desk: Desk) -> None:
    for _ in range(6):
        customer = await recorded_call(desk)
        ann, guest = await desk.agent("ann"), await desk.guest(customer.session)
        work = (
            desk.connects(guest, customer.session),
            consent.ask_consent(desk.house, ann, customer.session),
            desk.answers(customer.principal, customer.session, ConsentAnswer.WITHDRAWN),
            timeline.say_chat(desk.house, customer.principal, customer.case, "Hallo", client_id()),
            cases.take_case(desk.house, ann, customer.case),
            sessions.leave_session(desk.house, ann, customer.session),
            desk.ends(customer, Outcome.FOLLOW_UP),
            queue.queue_case(desk.house, customer.principal, customer.case),
        )
        results = await asyncio.gather(*work, return_exceptions=True)
        assert [one for one in results if isinstance(one, DatabaseAway | TimeoutError)] == []
