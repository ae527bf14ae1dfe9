"""The real nginx with our file before the live streams: asked once for each part, nothing stale, nothing private kept, nobody delayed."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from server.api.metrics import METRICS
from server.domain.words import Openness
from tests.broadcast.hls.material import Show
from tests.broadcast.hls.rules import parse
from tests.nginx import nginx_path, running_nginx, write_configuration
from tests.shows import OnAir, change, kept_stream, live_stream, plan_broadcast
from tests.site import Browser, Site

MANY = 350
pytestmark = pytest.mark.skipif(nginx_path() is None, reason="nginx is not installed here")


@asynccontextmanager
async def cached(site: Site, folder: Path) -> AsyncIterator[str]:
    async with running_nginx(folder, site.url.removeprefix("http://")) as nginx:
        yield nginx.url


def asked_of_oase() -> float:
    """How many answers of streams this process has given."""
    found = METRICS.requests.collect()[0].samples
    return sum(
        one.value for one in found if one.labels["route"].startswith("GET /live/") and one.name.endswith("_total")
    )


def test_nginx_accepts_the_file(tmp_path: Path) -> None:
    configuration = write_configuration(tmp_path, "127.0.0.1:9", 9)
    command = [str(nginx_path()), "-t", "-e", str(tmp_path / "error.log"), "-c", str(configuration)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


async def test_crowd_costs_one_request_for_each_part(site: Site, tmp_path: Path) -> None:
    session = await plan_broadcast(site)
    kept_stream(site, session, Show(6), ends=False)
    async with cached(site, tmp_path / "nginx") as url, aiohttp.ClientSession(url) as http:

        async def viewer(number: int) -> bytes:
            async with http.get(
                f"/live/{session}/s0.m4s", headers={"Accept-Encoding": f"gzip, x{number % 3}"}
            ) as answer:
                assert answer.status == 200
                return await answer.read()

        async with http.get(f"/live/{session}/stream.m3u8"):
            before = asked_of_oase()  # The stream is open: from now on answers take a millisecond.
        bodies = await asyncio.gather(*(viewer(number) for number in range(60)))
        assert len(set(bodies)) == 1
        assert asked_of_oase() - before <= 5  # One, and whom a busy machine kept waiting for more than 40 ms.
        middle = asked_of_oase()
        await asyncio.gather(*(viewer(number) for number in range(60)))
        assert asked_of_oase() == middle


async def edge_of(on_air: OnAir) -> tuple[int, int]:
    stream = on_air.writer.tape.stream
    return len(stream.segments), len(stream.parts)


async def test_playlist_of_the_next_part_is_awaited_and_not_late(site: Site, tmp_path: Path) -> None:
    """What was asked for is in it, whatever else stands behind the question mark, and it comes as soon as it is there."""
    session = await plan_broadcast(site)
    async with (
        live_stream(site, session, [Show(60)]) as on_air,
        cached(site, tmp_path / "nginx") as url,
        aiohttp.ClientSession(url) as http,
    ):
        late = []
        for turn in range(2):
            segment, part = await edge_of(on_air)
            query = f"_HLS_msn={segment}&_HLS_part={part + 1}&turn={turn}"
            async with asyncio.timeout(5):
                answers = await asyncio.gather(*(fetch(http, session, query) for _ in range(20)))
            arrived = time.monotonic()
            late.append(arrived - min(one for one, _ in answers))
            for _, text in answers:
                found = parse(text)
                growing = found.growing.parts if found.growing else []
                assert (len(found.segments), len(growing)) >= (segment, part + 2)
        assert min(late) < 0.3, "nobody waits for nginx to look again"


async def test_connections_of_those_who_wait_are_kept(site: Site, tmp_path: Path) -> None:
    """A crowd that waits for the same part would open them all anew for the next one, and cost Oase twice as much."""
    session = await plan_broadcast(site)
    async with (
        live_stream(site, session, [Show(60)]) as on_air,
        cached(site, tmp_path / "nginx") as url,
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        seen: list[set[str]] = []
        for turn in range(4):
            segment, part = await edge_of(on_air)
            query = f"_HLS_msn={segment}&_HLS_part={part + 1}&turn={turn}"
            await asyncio.gather(*(fetch(http, session, query) for _ in range(MANY)))
            seen.append(connections_to(site))
        assert len(seen[-1]) > MANY / 2, "they wait at Oase"
        assert len(seen[-1] - seen[-2]) < MANY / 10


def connections_to(site: Site) -> set[str]:
    """The open connections to the web process, by the other side's address."""
    port = f":{int(site.url.rpartition(':')[2]):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[1] for row in rows if row[2].endswith(port) and row[3] == "01"}


async def fetch(http: aiohttp.ClientSession, session: str, query: str) -> tuple[float, str]:
    async with http.get(f"/live/{session}/stream.m3u8?{query}") as answer:
        assert answer.status == 200
        text = await answer.text()
    return time.monotonic(), text


async def test_plain_playlist_is_never_older_than_two_seconds(site: Site, tmp_path: Path) -> None:
    session = await plan_broadcast(site)
    async with (
        live_stream(site, session, [Show(60)]) as on_air,
        cached(site, tmp_path / "nginx") as url,
        aiohttp.ClientSession(url) as http,
    ):
        await fetch(http, session, "")
        written = on_air.writer.tape.stream.last_part
        await asyncio.sleep(2.2)  # The age that is promised.
        assert f"p{written + 1}.m4s" in (await fetch(http, session, ""))[1]


async def test_nothing_private_is_kept_and_what_is_taken_away_is_gone(site: Site, tmp_path: Path) -> None:
    private = await plan_broadcast(site, visibility=Openness.PRIVATE)
    holder = site.browsers[0]
    public = await plan_broadcast(site)
    for session in (private, public):
        kept_stream(site, session, Show(5))
    async with cached(site, tmp_path / "nginx") as url:
        mine, nobody = Browser(url), Browser(url)
        mine.carried = holder.cookies()
        for name in ("s0.m4s", "index.m3u8", "recording.m3u8"):
            assert (await mine.get(f"/live/{private}/{name}")).status == 200
            assert (await nobody.get(f"/live/{private}/{name}")).status == 404
        assert (await nobody.get(f"/live/{public}/index.m3u8")).status == 200
        await change(site, public, here=True, removed_at=datetime.now(UTC))
        async with asyncio.timeout(70):
            while (await nobody.get(f"/live/{public}/stream.m3u8")).status != 404:
                await asyncio.sleep(0.2)
        assert (await nobody.get("/api/v1/topics")).status == 404, "this nginx has streams only"
        await mine.close()
        await nobody.close()
