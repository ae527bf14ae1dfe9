"""WHEP without a key: everybody may watch what is open to everybody, and nothing else."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server.domain.words import BroadcastState, Openness, SessionId, TopicId
from server.service.airing import show_audience
from server.store import broadcasts as store
from tests.media.rig import until
from tests.media.wire_peer import WirePeer
from tests.shows import add_broadcast
from tests.whip.studio import Machine, Studio, Watcher, open_studio


async def open_to(studio: Studio, **facts: Any) -> None:
    topics = await studio.bo.ok("GET", "/api/v1/topics")
    async with studio.site.house.db.write() as db:
        await add_broadcast(db, SessionId(studio.session), TopicId(topics["topics"][0]["id"]), **facts)
    studio.site.house.streams.forget(SessionId(studio.session))


async def change(studio: Studio, **values: Any) -> None:
    async with studio.site.house.db.write() as db:
        await store.set_broadcast(db, SessionId(studio.session), **values)
    studio.site.house.streams.forget(SessionId(studio.session))


async def knocks(studio: Studio) -> tuple[int, str]:
    """What somebody hears whom nobody knows; who was let in leaves again."""
    player, machine = Watcher(), Machine(studio.site)
    reply = await machine.call("POST", f"/whep/{studio.session}", await player.offer())
    if reply.status == 201:
        assert (await machine.call("DELETE", reply.headers["Location"], kind="")).status == 200
    await player.close()
    return reply.status, reply.code


@pytest.mark.parametrize("visibility", list(Openness))
async def test_nobody_known_watches_what_is_open(tmp_path: Path, visibility: Openness) -> None:
    async with open_studio(tmp_path) as studio:
        assert await knocks(studio) == (401, "bad_key"), "a help call"
        await open_to(studio, visibility=visibility)
        assert await knocks(studio) == ((401, "bad_key") if visibility is Openness.PRIVATE else (201, ""))
        if visibility is not Openness.PUBLIC:
            return
        for values in (
            {"state": BroadcastState.ENDED},
            {"state": BroadcastState.REHEARSAL},
            {"state": BroadcastState.LIVE, "removed_at": datetime.now(UTC)},
        ):
            await change(studio, **values)
            assert await knocks(studio) == (401, "bad_key"), values


async def test_stranger_is_of_the_audience_until_the_broadcast_ends(tmp_path: Path) -> None:
    """What is shown is the stream's own programme, whose picture says when there is a pause. The help call goes on after it."""
    async with open_studio(tmp_path) as studio:
        await open_to(studio)
        player, machine = Watcher(), Machine(studio.site)
        reply = await machine.call("POST", f"/whep/{studio.session}", await player.offer())
        assert reply.status == 201
        await player.accept(reply.body.decode())
        session = studio.rig.house.sessions[studio.session]
        (seat,) = session.participants.values()
        assert (seat.watches, seat.is_audience, seat.on_stage) == (True, True, False)
        assert await studio.people() == {}
        await until(lambda: player.state == "connected")
        async with studio.site.house.db.read() as db:
            row = await store.find_broadcast(db, SessionId(studio.session))
        assert row is not None
        for state in (BroadcastState.COUNTDOWN, BroadcastState.PAUSED, BroadcastState.LIVE):
            await change(studio, state=state)
            await show_audience(studio.site.house, SessionId(studio.session))
            assert session._shown_programme == row.directory
        await studio.ann.ok("POST", f"/api/v1/broadcasts/{studio.session}/end")
        await until(lambda: player.state == "closed")
        assert session._shown_programme is None
        assert (await machine.call("DELETE", reply.headers["Location"], kind="")).status == 401
        await player.close()


async def test_player_without_h264_is_told_so(tmp_path: Path) -> None:
    async with open_studio(tmp_path) as studio:
        await open_to(studio)
        reply = await Machine(studio.site).call("POST", f"/whep/{studio.session}", WirePeer(1, 1).offer().sdp)
        assert (reply.status, reply.code) == (400, "no_common_codec")
        await until(lambda: not studio.rig.house.connections)


async def test_view_ends_when_not_everybody_may_watch_any_more(tmp_path: Path) -> None:
    async with open_studio(tmp_path) as studio:
        await open_to(studio)
        player, machine = Watcher(), Machine(studio.site)
        reply = await machine.call("POST", f"/whep/{studio.session}", await player.offer())
        await player.accept(reply.body.decode())
        await until(lambda: player.state == "connected")
        change = {"visibility": "private"}
        await studio.ann.ok("PATCH", f"/api/v1/broadcasts/{studio.session}", change)
        await until(lambda: player.state == "closed")
        await player.close()
