"""Rows of broadcasts, on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from server.domain.words import BroadcastState, Language, Openness, SessionId, SessionState
from server.service.channels import seed_channel
from server.service.secrecy import make_id
from server.store import broadcasts as store
from server.store import channels, sessions, topics
from server.store.broadcast_rows import BroadcastRow
from server.store.rows import SessionRow
from tests.desk import Desk, open_desk


async def _broadcast(desk: Desk, **more: object) -> BroadcastRow:
    customer = await desk.customer_opens_case()
    now = desk.house.now()
    async with desk.house.db.write() as db:
        (channel,) = await channels.list_channels(db)
        topic = (await topics.list_topics(db))[0]
        session = SessionRow(SessionId(make_id()), SessionState.RUNNING, now)
        await sessions.add_session(db, session, customer.case)
        row = BroadcastRow(
            session.id, channel.id, topic.id, "Title", "", Language.DE, Openness.PUBLIC, BroadcastState.PLANNED, now,
            directory="here", opened_by="ann", words=["foo"], scene={"layout": "grid"},
        )  # fmt: skip
        row = replace(row, **more)  # type: ignore[arg-type]
        await store.add_broadcast(db, row)
    return row


async def test_a_broadcast_comes_back_as_it_was_written(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        row = await _broadcast(desk)
        async with desk.house.db.read() as db:
            assert await store.find_broadcast(db, row.session_id) == row
            assert await store.list_in_states(db, [BroadcastState.PLANNED]) == [row]
            assert await store.list_public(db, [BroadcastState.LIVE]) == []
            assert await store.list_newest(db, row.created_at, 9) == []
        with pytest.raises(IntegrityError):
            async with desk.house.db.write() as db:
                await store.add_broadcast(db, row)


async def test_numbers_of_what_the_audience_is_told_are_given_once(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        row = await _broadcast(desk)

        async def take(count: int) -> list[int]:
            async with desk.house.db.write() as db:
                first = await store.next_seq(db, row.session_id, count)
            return list(range(first, first + count))

        taken = await asyncio.gather(*(take(count) for count in (1, 3, 2, 1)))
        assert sorted(number for some in taken for number in some) == list(range(1, 8))


async def test_one_process_at_a_time_keeps_a_composer(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        row = await _broadcast(desk)
        now = desk.house.now()
        soon, later = now + timedelta(seconds=2), now + timedelta(seconds=3)

        async def keep(owner: str, at: timedelta) -> bool:
            async with desk.house.db.write() as db:
                return await store.keep_composer(db, row.session_id, owner, now + at, later + at)

        assert sum(await asyncio.gather(keep("one", timedelta()), keep("two", timedelta()))) == 1
        async with desk.house.db.write() as db:
            kept = await store.find_broadcast(db, row.session_id)
            assert kept is not None
            assert kept.composer_by in {"one", "two"}
            other = "two" if kept.composer_by == "one" else "one"
            assert not await store.keep_composer(db, row.session_id, other, soon, soon)
            await store.leave_composer(db, row.session_id, other)
        assert await keep(other, timedelta(seconds=4))


async def test_the_first_start_makes_one_channel(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        assert not await seed_channel(desk.house)
        async with desk.house.db.read() as db:
            (one,) = await channels.list_channels(db)
            assert await channels.find_channel(db, "main") == one
        assert (one.name, one.responsible_name, one.imprint_url) == ("Oase", None, None)
