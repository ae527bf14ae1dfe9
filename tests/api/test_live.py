"""Streams by HTTP: who gets them, what caches hear, and that a crowd behind one address is no nuisance."""

import asyncio
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.domain.words import BroadcastState, Openness
from tests.broadcast.hls.material import Show
from tests.shows import change, folder_of, kept_stream, live_stream, plan_broadcast
from tests.site import Browser, Reply, Site, running_site, settings_for

INDEX = "index.m3u8"


async def ask(browser: Browser, session: str, name: str = INDEX, **headers: str) -> Reply:
    return await browser.get(f"/live/{session}/{name}", headers=headers)


async def test_everybody_gets_a_public_stream_and_all_that_it_names(site: Site) -> None:
    session = await plan_broadcast(site)
    kept_stream(site, session, Show(8), ends=False)
    viewer = site.browser()
    index = await ask(viewer, session)
    assert (index.status, index.body.decode().splitlines()[-1]) == (200, "stream.m3u8")
    playlist = await ask(viewer, session, "stream.m3u8")
    names = [line for line in playlist.body.decode().splitlines() if line and not line.startswith("#")]
    assert names
    for name in [*names, "i0.mp4"]:
        reply = await ask(viewer, session, name)
        assert reply.body == (folder_of(site, session) / name).read_bytes()
        assert reply.headers["Cache-Control"] == "public, max-age=3600, immutable"
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert not {"Server", "Set-Cookie", "Content-Security-Policy"} & set(reply.headers)


async def test_playlist_is_small_on_the_wire(site: Site) -> None:
    session = await plan_broadcast(site)
    kept_stream(site, session, Show(20))
    path = f"/live/{session}/stream.m3u8"
    async with site.browser().http.get(path, headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as answer:
        packed = await answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"] == "Accept-Encoding"
    async with site.browser().http.get(path, headers={"Accept-Encoding": "identity"}) as answer:
        assert gzip.decompress(packed) == await answer.read()


async def test_head_says_the_same_without_the_bytes(site: Site) -> None:
    session = await plan_broadcast(site)
    kept_stream(site, session, Show(6))
    for name in (INDEX, "stream.m3u8", "p0.m4s", "p9999.m4s"):
        whole = await ask(site.browser(), session, name)
        head = await site.browser().call("HEAD", f"/live/{session}/{name}")
        assert (head.status, head.body) == (whole.status, b"")
        for header in ("Content-Type", "Cache-Control"):
            assert head.headers[header] == whole.headers[header], (name, header)


async def test_viewers_wait_for_the_next_part_together(site: Site) -> None:
    session = await plan_broadcast(site)
    async with live_stream(site, session, [Show(30)]) as on_air:
        viewer = site.browser()
        await ask(viewer, session)
        part = on_air.writer.tape.stream.last_part + 2
        number, first = len(on_air.writer.tape.stream.segments), on_air.writer.tape.stream.parts
        name = f"stream.m3u8?_HLS_msn={number}&_HLS_part={len(first) + 1}"
        async with asyncio.timeout(5):
            replies = await asyncio.gather(*(ask(viewer, session, name) for _ in range(40)))
        assert {reply.status for reply in replies} == {200}
        assert f"p{part - 1}.m4s".encode() in replies[0].body
        assert (await ask(viewer, session, f"p{on_air.writer.tape.stream.last_part + 1}.m4s")).status == 200


async def test_address_with_a_secret_kind_of_visibility_is_no_public_file(site: Site) -> None:
    """Unlisted: who knows the address gets it, and pages of other sites cannot read it."""
    session = await plan_broadcast(site, visibility=Openness.UNLISTED)
    kept_stream(site, session, Show(5))
    reply = await ask(site.browser(), session)
    assert reply.status == 200
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_private_stream_is_for_agents_and_holders_of_a_link(site: Site) -> None:
    session = await plan_broadcast(site, visibility=Openness.PRIVATE)
    kept_stream(site, session, Show(5))
    agent = await site.agent()
    for who in (agent, site.browsers[0], await site.guest(agent, session)):
        reply = await ask(who, session, "s0.m4s")
        assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, no-store")
    stranger = await site.customer()
    for who in (site.browser(), stranger):
        missing, theirs = await ask(who, "nobodys", "s0.m4s"), await ask(who, session, "s0.m4s")
        assert (theirs.status, theirs.body, theirs.headers["Cache-Control"]) == (404, b"", "no-store")
        assert (missing.status, missing.body, missing.headers["Cache-Control"]) == (404, b"", "no-store")


@pytest.mark.parametrize("state", [BroadcastState.PLANNED, BroadcastState.REHEARSAL])
async def test_nobody_sees_a_rehearsal_but_agents(site: Site, state: BroadcastState) -> None:
    session = await plan_broadcast(site, state=state)
    kept_stream(site, session, Show(5), ends=False)
    assert (await ask(site.browser(), session, "s0.m4s")).status == 404
    assert (await ask(await site.agent(), session, "s0.m4s")).status == 200


async def test_what_is_taken_away_is_gone_within_two_seconds(site: Site) -> None:
    session = await plan_broadcast(site)
    kept_stream(site, session, Show(5))
    viewer = site.browser()
    assert (await ask(viewer, session)).status == 200
    await change(site, session, removed_at=datetime.now(UTC))
    async with asyncio.timeout(5):
        while (await ask(viewer, session)).status != 404:
            await asyncio.sleep(0.1)


async def test_same_address_is_the_recording_after_the_end(site: Site) -> None:
    session = await plan_broadcast(site)
    async with live_stream(site, session, [Show(30)]) as on_air:
        viewer = site.browser()
        assert "EXT-X-ENDLIST" not in (await ask(viewer, session, "stream.m3u8")).body.decode()
        await on_air.end()
        async with asyncio.timeout(2):
            while b"recording.m3u8" not in (await ask(viewer, session)).body:
                await asyncio.sleep(0.05)
        recording = await ask(viewer, session, "recording.m3u8")
        assert "EXT-X-PLAYLIST-TYPE:VOD" in recording.body.decode()
        assert "EXT-X-ENDLIST" in (await ask(viewer, session, "stream.m3u8")).body.decode()


async def test_smaller_picture_is_the_players_choice(site: Site) -> None:
    session = await plan_broadcast(site)
    kept_stream(site, session, Show(6, (320, 180)))
    viewer = site.browser()
    assert b"small/" not in (await ask(viewer, session)).body
    other = await plan_broadcast(site)
    kept_stream(site, f"{other}/small", Show(6))
    kept_stream(site, other, Show(6, (320, 180)))
    lines = (await ask(viewer, other)).body.decode().splitlines()
    assert lines[-1] == "small/recording.m3u8"
    assert ["RESOLUTION=320x180" in lines[2], "RESOLUTION=160x90" in lines[4]] == [True, True]
    for name in ("recording.m3u8", "s0.m4s"):
        small, large = await ask(viewer, other, f"small/{name}"), await ask(viewer, other, name)
        assert (small.status, large.status) == (200, 200)
    assert small.body == (folder_of(site, other) / "small" / "s0.m4s").read_bytes() != large.body
    assert (await ask(viewer, session, "small/s0.m4s")).status == 404
    assert (await ask(viewer, other, "other/s0.m4s")).status == 404


async def test_broken_stream_is_away_and_mended_is_there(site: Site) -> None:
    session = await plan_broadcast(site)
    kept_stream(site, session, Show(5))
    index = folder_of(site, session) / "index.jsonl"
    whole = index.read_bytes()
    index.write_bytes(b'{"kind": "part"}\n')
    reply = await ask(site.browser(), session)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    index.write_bytes(whole)
    assert (await ask(site.browser(), session)).status == 200


async def test_office_behind_one_address_is_served_and_a_guesser_is_not(tmp_path: Path) -> None:
    async with running_site(settings_for(tmp_path, rate=1.0)) as site:
        session = await plan_broadcast(site)
        kept_stream(site, session, Show(5))
        viewer = site.browser()
        for _ in range(15):
            replies = await asyncio.gather(*(ask(viewer, session, "stream.m3u8") for _ in range(100)))
            assert {reply.status for reply in replies} == {200}
        guesses = [(await ask(viewer, session, f"p{number}.m4s")).status for number in range(1000, 1700)]
        assert guesses[0] == 404
        assert guesses[-1] == 429
        assert (await ask(viewer, session, "stream.m3u8")).status == 200, "who plays goes on playing"
        assert (await viewer.get("/api/v1/topics")).status == 200, "and has lost nothing elsewhere"
