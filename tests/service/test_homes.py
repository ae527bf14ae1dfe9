"""Two media workers: where sessions live, who is let in, and that the end of one worker is no matter of the other's calls."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.domain.words import ConnectionId, ConsentAnswer, EntryKind, Outcome, RecordingId, SessionId
from server.errors import Busy, MediaAway, NotFound
from server.service import cases, consent, desk, entering, recordings, sessions
from server.service.homes import GONE_FOR_S, open_media
from server.service.house import House
from server.service.media_events import sweep_once
from server.service.media_watch import MediaWatch
from server.service.views import ConnectionView
from server.store import sessions as store
from server.store.database import Database
from tests.desk import Customer, Desk, open_desk
from tests.worker_double import until


@pytest.fixture
async def pair(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(database_url, tmp_path, media_workers=2) as opened:
        yield opened


@pytest.fixture
async def small_pair(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(sqlite_url, tmp_path, media_workers=2) as opened:
        yield opened


async def look(of: Desk) -> None:
    """The house asks its workers how they are."""
    for number in of.house.media.numbers:
        await MediaWatch(of.house, number).look()


async def carry(of: Desk, *loads: float) -> None:
    for worker, load in zip(of.workers, loads, strict=True):
        worker.load = load
    await look(of)


async def fill(of: Desk, *full: bool) -> None:
    for worker, is_full in zip(of.workers, full, strict=True):
        worker.is_full = is_full
    await look(of)


async def home_of(of: Desk, session: SessionId) -> int | None:
    async with of.house.db.read() as db:
        return await store.find_home(db, session)


async def waits(of: Desk, name: str = "Carla") -> tuple[Customer, ConnectionView]:
    customer = await of.customer_opens_case(name)
    return customer, await of.connects(customer.principal, customer.session)


async def stands_by(of: Desk, name: str = "ann") -> ConnectionView:
    view = await sessions.connect_standby(of.house, await of.agent(name), "v=0", {})
    await of.workers[view.home].come(view.connection)
    return view


async def takes(of: Desk, customer: Customer, connection: ConnectionId, name: str = "ann") -> int | None:
    """The session's home, as the agent's page hears it."""
    view = await cases.take_case(of.house, await of.agent(name), customer.case, connection)
    assert view.session is not None
    return view.session.home


async def call_at(of: Desk, number: int, name: str = "ann") -> Customer:
    """A running call on the worker of this number."""
    await carry(of, *(0.0 if one == number else 0.7 for one in of.house.media.numbers))
    customer = await of.call(name)
    assert await home_of(of, customer.session) == number
    return customer


@contextlib.asynccontextmanager
async def second_process(of: Desk) -> AsyncIterator[House]:
    """Another web process over the same database and workers."""
    database = Database(of.house.settings.database)
    media = open_media(of.house.settings, database)
    try:
        yield dataclasses.replace(of.house, db=database, media=media)
    finally:
        await media.close()
        await database.close()


async def test_sessions_are_placed_by_load_and_stay(small_pair: Desk) -> None:
    await carry(small_pair, 0.5, 0.1)
    customer, view = await waits(small_pair)
    assert (view.home, await home_of(small_pair, customer.session)) == (1, 1)
    await carry(small_pair, 0.0, 0.7)
    assert (await small_pair.connects(customer.principal, customer.session)).home == 1
    assert (await waits(small_pair))[1].home == 0


async def test_a_little_less_is_no_reason(small_pair: Desk) -> None:
    await carry(small_pair, 0.09, 0.0)
    assert [(await waits(small_pair))[1].home for _ in range(3)] == [0, 0, 0]


async def test_burst_between_two_looks_is_spread(small_pair: Desk) -> None:
    await look(small_pair)
    homes = [(await stands_by(small_pair)).home for _ in range(130)]
    assert homes.count(1) > 30


async def test_two_web_processes_agree(pair: Desk) -> None:
    await carry(pair, 0.0, 0.0)
    async with second_process(pair) as there:
        there.media.standings[0].load = 0.9  # It believes something else.
        for _ in range(5):
            customer = await pair.customer_opens_case()
            wish = (customer.principal, customer.session, "v=0", {"0": "camera"})
            views = await asyncio.gather(
                *(sessions.connect_session(house, *wish) for house in (pair.house, there)), return_exceptions=True
            )
            homes = {view.home for view in views if isinstance(view, ConnectionView)}
            assert homes == {await home_of(pair, customer.session)}, views


async def test_agent_stands_by_where_the_first_in_the_queue_is(small_pair: Desk) -> None:
    await carry(small_pair, 0.5, 0.0)
    customer, _ = await waits(small_pair)
    await carry(small_pair, 0.0, 0.5)
    standby = await stands_by(small_pair)
    assert standby.home == 1
    assert (await desk.read_desk(small_pair.house, await small_pair.agent("ann"))).home == 1
    assert await takes(small_pair, customer, standby.connection) == 1
    on_stage = [one for one in small_pair.workers[1].people(customer.session).values() if one["on_stage"]]
    assert {one["connection"] for one in on_stage} >= {standby.connection}
    assert len(on_stage) == 2


async def test_connection_at_another_worker_is_not_used(small_pair: Desk) -> None:
    standby = await stands_by(small_pair)
    await carry(small_pair, 0.5, 0.0)
    customer, _ = await waits(small_pair)
    assert standby.home == 0
    assert await takes(small_pair, customer, standby.connection) == 1
    ann = await small_pair.agent("ann")
    assert standby.connection in small_pair.workers[0].connections
    anew = await small_pair.connects(ann, customer.session)
    assert anew.home == 1
    assert {one["connection"] for one in small_pair.workers[1].people(customer.session).values()} >= {anew.connection}


async def test_session_in_which_nobody_is_moves_to_the_agent(small_pair: Desk) -> None:
    customer = await small_pair.customer_opens_case()
    await carry(small_pair, 0.5, 0.0)
    standby = await stands_by(small_pair)
    assert await takes(small_pair, customer, standby.connection) == standby.home == 1


async def test_prepared_connection_of_a_session_that_moved_is_refused(small_pair: Desk) -> None:
    customer = await call_at(small_pair, 0)
    guest = await small_pair.guest(customer.session)
    prepared = await entering.prepare_session(small_pair.house, guest, customer.session, "v=0", {})
    async with small_pair.house.db.write() as db:
        assert await store.move_session(db, customer.session, 0, 1)
    with pytest.raises(NotFound):
        await entering.enter_session(small_pair.house, guest, customer.session, prepared.connection)


async def test_full_worker_takes_nobody_and_the_other_does(small_pair: Desk) -> None:
    await fill(small_pair, True, False)
    assert (await waits(small_pair))[1].home == 1
    await fill(small_pair, True, True)
    customer = await small_pair.customer_opens_case()
    with pytest.raises(Busy) as refused:
        await small_pair.connects(customer.principal, customer.session)
    assert refused.value.facts["retry_after_s"] == 10
    with pytest.raises(Busy):
        await stands_by(small_pair)


async def test_full_worker_is_noticed_before_anybody_looks(small_pair: Desk) -> None:
    small_pair.workers[0].is_full = True
    customer, view = await waits(small_pair)
    assert (view.home, await home_of(small_pair, customer.session)) == (1, 1)


async def test_who_is_in_a_call_comes_back_to_a_full_worker_and_a_newcomer_does_not(small_pair: Desk) -> None:
    customer = await call_at(small_pair, 0)
    guest = await small_pair.guest(customer.session)
    await fill(small_pair, True, False)
    assert (await small_pair.connects(customer.principal, customer.session)).home == 0
    with pytest.raises(Busy):
        await small_pair.connects(guest, customer.session)  # The call is where it is.


async def test_worker_that_does_not_come_back_is_given_up(small_pair: Desk) -> None:
    customer, _ = await waits(small_pair)
    await small_pair.workers[0].stop()
    await look(small_pair)
    with pytest.raises(MediaAway):
        await small_pair.connects(customer.principal, customer.session)
    standing = small_pair.house.media.standings[0]
    assert standing.gone_since is not None
    standing.gone_since -= GONE_FOR_S
    assert (await small_pair.connects(customer.principal, customer.session)).home == 1


async def test_end_of_one_worker_is_no_matter_of_the_others_calls(pair: Desk) -> None:
    first, second = await call_at(pair, 0), await call_at(pair, 1, "bob")
    pair.heard.all.clear()
    await pair.workers[0].restart()
    await until(lambda: pair.heard.of("media"))
    await until(lambda: pair.heard.of("media")[-1] == ("back", 0))
    async with pair.house.db.read() as db:
        await until(lambda: _all_gone(pair, first.session))
        people = await store.list_participants(db, second.session)
        kept = [await store.find_connection(db, ConnectionId(str(one.connection))) for one in people]
    assert all(one.gone_at is None for one in people)
    assert None not in kept
    assert not [told for told in pair.heard.of("media") if told[1] == 1]
    assert len(pair.workers[1].people(second.session)) == 2


async def _all_gone(of: Desk, session: SessionId) -> bool:
    async with of.house.db.read() as db:
        return not await store.list_here(db, [session])


async def test_each_worker_has_its_own_recordings(small_pair: Desk) -> None:
    calls = [await call_at(small_pair, 0), await call_at(small_pair, 1, "bob")]
    for customer, name in zip(calls, ("ann", "bob"), strict=True):
        agent = await small_pair.agent(name)
        await consent.ask_consent(small_pair.house, agent, customer.session)
        await small_pair.answers(agent, customer.session, ConsentAnswer.GIVEN)
        await recordings.start_recording(small_pair.house, agent, customer.session)
    assert [len(worker.recordings) for worker in small_pair.workers] == [1, 1]
    await small_pair.workers[1].restart()
    await until(lambda: _is_interrupted(small_pair, calls[1]))
    assert not await _is_interrupted(small_pair, calls[0])
    running = next(iter(small_pair.workers[0].recordings))
    await recordings.stop_recording(small_pair.house, await small_pair.agent("ann"), RecordingId(running))
    assert small_pair.workers[0].recordings == {}


async def _is_interrupted(of: Desk, customer: Customer) -> bool:
    return EntryKind.RECORDING_INTERRUPTED in await of.kinds(customer.case)


async def test_what_one_worker_missed_is_mended_while_the_other_is_away(small_pair: Desk) -> None:
    calls = [await call_at(small_pair, 0), await call_at(small_pair, 1, "bob")]
    for worker, customer in zip(small_pair.workers, calls, strict=True):
        worker.failure = MediaAway()
        await small_pair.ends(customer, Outcome.SOLVED)
    assert small_pair.workers[1].people(customer.session)
    small_pair.workers[1].failure = None
    await small_pair.workers[0].stop()
    with pytest.raises(MediaAway):
        await sweep_once(small_pair.house)
    assert not small_pair.workers[1].people(customer.session)
