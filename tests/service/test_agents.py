"""Accounts: signing in, being throttled, signing out."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from sqlalchemy import delete

from server.domain.principal import Agent
from server.domain.words import Role
from server.errors import BadField, BadLink, Conflict, Forbidden, TooManyRequests, WrongPassword
from server.service import agents, topics
from server.service import desk as desk_service
from server.service.throttle import begin_try
from server.store import agents as store
from server.store import tables
from tests.desk import Desk, open_desk

PASSWORD = "correct horse battery"
HOME, AWAY = "192.0.2.7", "203.0.113.9"


async def with_password(desk: Desk, name: str = "ann") -> Agent:
    agent = await desk.agent(name)
    await agents.set_password(desk.house, agent, PASSWORD)
    return agent


async def test_password_signs_in_and_wrong_ones_do_not(desk: Desk) -> None:
    ann = await with_password(desk)
    view, token = await agents.sign_in(desk.house, HOME, " Ann@Example.org ", PASSWORD)
    assert (view.id, view.has_password) == (ann.agent_id, True)
    assert (await agents.find_agent(desk.house, token)) is not None
    for email, password in (("ann@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("", "")):
        with pytest.raises(WrongPassword):
            await agents.sign_in(desk.house, HOME, email, password)


async def test_guessing_is_slowed_down_and_locks_nobody_else_out(small_desk: Desk) -> None:
    await with_password(small_desk)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await agents.sign_in(small_desk.house, AWAY, "ann@example.org", "guess")
    with pytest.raises(TooManyRequests) as failure:
        await agents.sign_in(small_desk.house, AWAY, "ann@example.org", PASSWORD)
    assert 800 < int(failure.value.facts["retry_after_s"]) <= 901
    await agents.sign_in(small_desk.house, HOME, "ann@example.org", PASSWORD)
    small_desk.clock.move(minutes=16)
    await agents.sign_in(small_desk.house, AWAY, "ann@example.org", PASSWORD)


async def test_many_guessers_do_not_lock_the_owner_out_of_a_known_place(small_desk: Desk) -> None:
    await with_password(small_desk)
    await agents.sign_in(small_desk.house, HOME, "ann@example.org", PASSWORD)
    for number in range(50):  # Counted only: fifty Argon2 hashes would take a minute.
        await begin_try(small_desk.house, "ann@example.org", f"203.0.113.{number}")
    with pytest.raises(TooManyRequests):
        await agents.sign_in(small_desk.house, "203.0.113.200", "ann@example.org", PASSWORD)
    await agents.sign_in(small_desk.house, HOME, "ann@example.org", PASSWORD)


async def test_one_time_link_is_used_once_even_by_twenty_at_once(desk: Desk) -> None:
    added = await agents.make_agent(desk.house, "eve@example.org", "Eve", Role.AGENT)
    secret = added.link.partition("#")[2]
    uses = [agents.sign_in_by_link(desk.house, f"192.0.2.{n}", secret) for n in range(20)]
    results = await asyncio.gather(*uses, return_exceptions=True)
    assert [isinstance(one, tuple) for one in results].count(True) == 1
    assert [isinstance(one, BadLink) for one in results].count(True) == 19


async def test_sign_in_ends_by_idling_by_time_and_by_hand(small_desk: Desk) -> None:
    ann = await with_password(small_desk)
    house = small_desk.house
    _, token = await agents.sign_in(house, HOME, "ann@example.org", PASSWORD)
    small_desk.clock.move(hours=1, minutes=59)
    assert await agents.find_agent(house, token) is not None
    small_desk.clock.move(hours=2, minutes=1)
    assert await agents.find_agent(house, token) is None
    _, token = await agents.sign_in(house, HOME, "ann@example.org", PASSWORD)
    for _ in range(12):
        assert (found := await agents.find_agent(house, token)) is not None
        assert await agents.touch_agent(house, found)
        small_desk.clock.move(hours=1)
    assert await agents.find_agent(house, token) is None
    _, token = await agents.sign_in(house, HOME, "ann@example.org", PASSWORD)
    signed = await agents.find_agent(house, token)
    assert signed is not None
    await agents.sign_out(house, signed)
    assert await agents.find_agent(house, token) is None
    assert not await agents.touch_agent(house, signed)
    assert (ann.agent_id, signed.session_hash) in small_desk.heard.of("agent_signed_out")


async def test_new_password_ends_all_other_sign_ins(desk: Desk) -> None:
    ann = await with_password(desk)
    _, other = await agents.sign_in(desk.house, HOME, "ann@example.org", PASSWORD)
    await agents.set_password(desk.house, ann, "another long password")
    assert await agents.find_agent(desk.house, other) is None
    assert await agents.touch_agent(desk.house, ann)
    assert len(desk.heard.of("agent_signed_out")) == 1
    with pytest.raises(BadField):
        await agents.set_password(desk.house, ann, "short")


async def test_first_start_makes_one_admin_and_a_link_until_a_password_is_set(desk: Desk) -> None:
    first = await agents.first_sign_in_link(desk.house)
    second = await agents.first_sign_in_link(desk.house)
    assert first is not None
    assert second is not None
    with pytest.raises(BadLink):
        await agents.sign_in_by_link(desk.house, HOME, first.partition("#")[2])
    view, token = await agents.sign_in_by_link(desk.house, HOME, second.partition("#")[2])
    assert view.role is Role.ADMIN
    admin = await agents.find_agent(desk.house, token)
    assert admin is not None
    assert len((await agents.list_agents(desk.house, admin)).agents) == 1
    await agents.set_password(desk.house, admin, PASSWORD)
    assert await agents.first_sign_in_link(desk.house) is None


async def test_processes_that_start_at_once_make_one_admin_and_the_topics_once(
    database_url: str, tmp_path: Path
) -> None:
    async with contextlib.AsyncExitStack() as doors:
        folders = [tmp_path / str(number) for number in range(4)]
        for folder in folders:
            folder.mkdir()
        desks = [await doors.enter_async_context(open_desk(database_url, folder)) for folder in folders]
        async with desks[0].house.db.write() as db:
            await db.execute(delete(tables.topic))
        links = await asyncio.gather(*(agents.first_sign_in_link(desk.house) for desk in desks))
        made = await asyncio.gather(*(topics.seed_topics(desk.house) for desk in desks))
        assert sorted(made)[-2:] == [0, len(topics.EXAMPLES)]
        secrets = enumerate(str(link).partition("#")[2] for link in links)
        tries = (agents.sign_in_by_link(desks[0].house, f"192.0.2.{n}", secret) for n, secret in secrets)
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(one, BadLink) for one in results) == len(links) - 1
        async with desks[0].house.db.read() as db:
            assert len(await store.list_agents(db)) == 1


async def test_admins_make_accounts_and_switch_them_off(desk: Desk) -> None:
    boss = await desk.agent("boss", Role.ADMIN)
    ann = await desk.agent("ann")
    with pytest.raises(Forbidden):
        await agents.add_agent(desk.house, ann, "x@example.org", "X", Role.ADMIN)
    with pytest.raises(Conflict):
        await agents.add_agent(desk.house, boss, "ann@example.org", "Ann", Role.AGENT)
    off = await agents.set_agent_disabled(desk.house, boss, ann.agent_id, True)
    assert off.disabled
    assert not await agents.touch_agent(desk.house, ann)
    with pytest.raises(Conflict):
        await agents.set_agent_disabled(desk.house, boss, boss.agent_id, True)


async def test_agents_at_open_desks_count_as_here(small_desk: Desk) -> None:
    ann = await small_desk.agent("ann")
    assert (await desk_service.read_desk(small_desk.house, ann)).agents_here == 1
    small_desk.clock.move(seconds=95)
    assert (await desk_service.read_desk(small_desk.house, ann)).agents_here == 0
    assert await agents.touch_agent(small_desk.house, ann)
    assert (await desk_service.read_desk(small_desk.house, ann)).agents_here == 1
