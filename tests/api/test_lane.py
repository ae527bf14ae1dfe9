"""The lane before aiohttp: it answers what everybody may see, and nothing else gets lost or mixed up on its connections."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from server.api.lane import Answers, LaneRunner
from server.app import make_app
from server.domain.words import Openness
from tests.broadcast.hls.material import Show
from tests.shows import change, kept_stream, live_stream, plan_broadcast
from tests.site import Site, settings_for


@dataclass
class Lanes:
    """A web process, and how many answers its lane gave."""

    site: Site
    port: int
    answers: Answers

    def dial(self) -> "Dial":
        return Dial(self.port)


class Dial:
    """One raw connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> "Dial":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    def send(self, path: str, *more: str) -> None:
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: test", *more, "", ""]
        self.writer.write("\r\n".join(lines).encode())

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(15):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            return int(head.split()[1]), await self.reader.readexactly(length)

    async def get(self, path: str, *more: str) -> tuple[int, bytes]:
        self.send(path, *more)
        return await self.answer()


@asynccontextmanager
async def lanes(folder: Path, made: Path, keepalive_s: float = 75.0) -> AsyncIterator[Lanes]:
    shutil.copyfile(made, folder / "oase.sqlite")
    app = make_app(settings_for(folder))
    runner = LaneRunner(app, access_log=None, shutdown_timeout=0.2, keepalive_timeout=keepalive_s)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = int(runner.addresses[0][1])
        site = Site(app, f"http://127.0.0.1:{port}")
        assert runner.answers is not None
        yield Lanes(site, port, runner.answers)
        for browser in site.browsers:
            await browser.close()
    finally:
        await runner.cleanup()


async def test_public_streams_go_by_the_lane_and_pages_between_them_do_not(
    tmp_path: Path, sqlite_with_tables: Path
) -> None:
    async with lanes(tmp_path, sqlite_with_tables) as made:
        session = await plan_broadcast(made.site)
        kept_stream(made.site, session, Show(6))
        async with made.dial() as line:
            for turn in range(1, 4):
                assert (await line.get(f"/live/{session}/s0.m4s"))[0] == 200
                assert (await line.get("/healthz"))[0] == 200
                status, playlist = await line.get(f"/live/{session}/stream.m3u8")
                assert (status, b"EXTM3U" in playlist) == (200, True)
                assert made.answers.given == 2 * turn
        assert made.site.house.viewers.look([], made.site.house.now()) is not None


async def test_what_is_not_for_everybody_or_not_there_goes_on_to_aiohttp(
    tmp_path: Path, sqlite_with_tables: Path
) -> None:
    async with lanes(tmp_path, sqlite_with_tables) as made:
        private = await plan_broadcast(made.site, visibility=Openness.PRIVATE)
        holder, public = made.site.browsers[0], await plan_broadcast(made.site)
        for session in (private, public):
            kept_stream(made.site, session, Show(6))
        async with made.dial() as line:
            assert (await line.get(f"/live/{private}/s0.m4s"))[0] == 404
            assert (await line.get(f"/live/{private}/s0.m4s", f"Cookie: {holder.cookies()}"))[0] == 200
            assert (await line.get(f"/live/{public}/p99.m4s"))[0] == 404
            assert (await line.get(f"/live/{public}/stream.m3u8?_HLS_part=1"))[0] == 400
            assert (await line.get(f"/live/{public}/../{public}/s0.m4s"))[0] == 404
            assert made.answers.given == 0
            assert (await line.get(f"/live/{public}/s0.m4s"))[0] == 200
            assert made.answers.given == 1
        await change(made.site, public, here=True, visibility=Openness.PRIVATE)
        async with made.dial() as line:
            assert (await line.get(f"/live/{public}/s0.m4s"))[0] == 404


@pytest.mark.parametrize("pieces", [1, 7, 40])
async def test_request_inside_of_another_one_is_not_answered(
    tmp_path: Path, sqlite_with_tables: Path, pieces: int
) -> None:
    """A body, or the rest of a head, that looks like a request for a stream, however it is cut into packets."""
    async with lanes(tmp_path, sqlite_with_tables) as made:
        session = await plan_broadcast(made.site)
        kept_stream(made.site, session, Show(6))
        inner = f"GET /live/{session}/s0.m4s HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        head = f"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: {len(inner)}\r\n\r\n".encode()
        split = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Fold: a\r\n"
        for first, second in ((head, inner), (split, inner.replace(b"GET ", b"X-More: GET "))):
            async with made.dial() as line:
                for data in (
                    first,
                    *(
                        second[n : n + len(second) // pieces + 1]
                        for n in range(0, len(second), len(second) // pieces + 1)
                    ),
                ):
                    line.writer.write(data)
                    await line.writer.drain()
                    await asyncio.sleep(0.002)  # So that each piece is a packet; nothing is waited for.
                assert (await line.answer())[0] in (200, 400, 403)
                line.writer.write_eof()
                async with asyncio.timeout(5):
                    assert await line.reader.read() == b""
        assert made.answers.given == 0


async def test_two_requests_at_once_are_answered_in_order(tmp_path: Path, sqlite_with_tables: Path) -> None:
    async with lanes(tmp_path, sqlite_with_tables) as made:
        session = await plan_broadcast(made.site)
        async with live_stream(made.site, session, [Show(30)]) as on_air, made.dial() as line:
            assert (await line.get(f"/live/{session}/stream.m3u8"))[0] == 200
            stream = on_air.writer.tape.stream
            line.send(f"/live/{session}/stream.m3u8?_HLS_msn={len(stream.segments)}&_HLS_part={len(stream.parts) + 1}")
            await asyncio.sleep(0.05)
            line.send("/healthz")
            line.send(f"/live/{session}/i0.mp4")
            first, second, third = [await line.answer() for _ in range(3)]
            assert b"EXTM3U" in first[1]
            assert second[0] == 200
            assert b"ftyp" in third[1]


async def test_who_waits_longer_than_idle_connections_may_is_answered(tmp_path: Path, sqlite_with_tables: Path) -> None:
    """aiohttp's own limit would close the connection."""
    async with lanes(tmp_path, sqlite_with_tables, keepalive_s=0.3) as made:
        session = await plan_broadcast(made.site)
        kept_stream(made.site, session, Show(2), ends=False).tape.close()
        async with made.dial() as line:
            line.send(f"/live/{session}/index.m3u8")
            await asyncio.sleep(1.0)  # More than three times as long.
            kept_stream(made.site, session, Show(8, at_s=6))
            assert (await line.answer())[0] == 200
        assert made.answers.given == 1
