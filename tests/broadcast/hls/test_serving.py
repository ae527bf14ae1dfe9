"""Viewers get what there is, wait for what comes next, and hear no about the rest."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.broadcast.hls.answer import Answer
from server.broadcast.hls.packager import Packager
from server.broadcast.hls.samples import TICKS, Sample
from server.broadcast.hls.serving import WAITERS, Broadcast
from server.broadcast.hls.timing import Timing
from server.tasks import Tasks
from tests.broadcast.hls.material import Show, broadcast, packager
from tests.broadcast.hls.rules import parse, violations

LIVE = "stream.m3u8"
PART_S = 0.26
"""A little less than one: the next one ends behind it."""


class Stage:
    """A broadcast that goes on when the test says so, and a web process that watches its folder."""

    def __init__(self, directory: Path, writer: Packager, waiters: int = WAITERS, is_public: bool = True) -> None:
        self.writer, self.samples = writer, self._endless()
        self.shown = Broadcast(directory, 300_000, is_public, waiters)
        self.tasks = Tasks("stage")

    def _endless(self) -> Iterator[Sample]:
        for turn in range(20):
            yield from Show(6, at_s=6 * turn).samples()

    def play(self, duration_s: float) -> None:
        """So much more is sent, at once."""
        end = self.writer.tape.stream.end + round(duration_s * TICKS)
        while self.writer.tape.stream.end < end:
            self.writer.write(next(self.samples))

    async def get(self, name: str, **query: int | str) -> Answer:
        async with asyncio.timeout(10):
            return await self.shown.answer(name, {f"_HLS_{key}": str(value) for key, value in query.items()})

    async def waiting(self, count: int) -> None:
        async with asyncio.timeout(5):
            while self.shown.waiting != count:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def stage(directory: Path, timing: Timing | None = None, **options: int) -> AsyncIterator[Stage]:
    made = Stage(directory, packager(directory, timing=timing), **options)
    made.tasks.start(made.shown.follow(), "follow")
    try:
        yield made
    finally:
        await made.tasks.close()
        await made.shown.close()


async def test_next_part_is_waited_for_by_everybody_together(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.play(4)
        await made.get(LIVE, msn=1)
        viewers = [made.tasks.start(made.get(LIVE, msn=2, part=0, skip="YES"), "viewer") for _ in range(500)]
        await made.waiting(500)
        made.play(PART_S)
        answers = await asyncio.gather(*viewers)
        assert len({id(one) for one in answers}) == 1, "written once for all of them"
        text = answers[0].body.decode()
        assert violations(text) == []
        growing = parse(text).growing
        assert growing is not None
        assert [part.uri for part in growing.parts] == ["p16.m4s"]


async def test_whole_segment_is_waited_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.play(4 + PART_S)
        viewer = made.tasks.start(made.get(LIVE, msn=2), "viewer")
        await made.waiting(1)
        for _ in range(6):
            made.play(PART_S)
            await made.get(LIVE, msn=2, part=len(made.writer.tape.stream.parts) - 1)
        assert not viewer.done()
        made.play(PART_S)
        assert len(parse((await viewer).body.decode()).segments) == 3


async def test_hinted_part_comes_with_its_own_bytes(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.play(4)
        hint = parse((await made.get(LIVE, msn=1)).body.decode()).hints[0]["URI"]
        viewers = [made.tasks.start(made.get(hint), "viewer") for _ in range(50)]
        await made.waiting(50)
        made.play(PART_S)
        answers = await asyncio.gather(*viewers)
        assert {one.body for one in answers} == {(tmp_path / hint).read_bytes()}
        assert answers[0].headers == {
            "Content-Type": "video/mp4",
            "Cache-Control": "public, max-age=3600, immutable",
        }


async def test_everything_that_a_playlist_names_is_there(tmp_path: Path) -> None:
    broadcast(tmp_path, Show(6), Show(4, (320, 180), at_s=6), Show(4, at_s=12))
    shown = Broadcast(tmp_path, 300_000, is_public=True)
    await shown.refresh()
    for name in ("stream.m3u8", "recording.m3u8"):
        found = parse((await shown.answer(name, {})).body.decode())
        for one in found.segments:
            wanted = 404 if one.is_gap else 200
            assert one.uri is not None
            assert one.map is not None
            assert (await shown.answer(one.uri, {})).status == wanted
            assert (await shown.answer(one.map, {})).status == 200
            assert {(await shown.answer(part.uri, {})).status for part in one.parts} <= {wanted}
    await shown.close()


@pytest.mark.parametrize(
    "name",
    [
        "p99.m4s",
        "s3.m4s",
        "i1.mp4",
        "i0.m4s",
        "p0.mp4",
        "p00.m4s",
        "../index.jsonl",
        "index.jsonl",
        "p0.m4s.part",
        "",
        "recording.m3u8",
        f"p{'9' * 4000}.m4s",
        "p\u0661.m4s",
    ],
)
async def test_what_no_playlist_names_is_missing_at_once(tmp_path: Path, name: str) -> None:
    async with stage(tmp_path) as made:
        made.play(5)
        await made.get(LIVE, msn=1)
        assert (await made.get(name)).status == 404


async def test_wrong_directives_are_refused_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.play(4 + PART_S)
        await made.get(LIVE, msn=1)
        for query in ({"part": 1}, {"msn": "x"}, {"msn": 4}, {"msn": 2, "part": 30}):
            answer = await made.get(LIVE, **query)
            assert (answer.status, answer.headers["Cache-Control"]) == (400, "no-store")


async def test_who_waits_for_three_target_durations_hears_503(tmp_path: Path) -> None:
    quick = Timing(segment_least=TICKS // 2, segment_most=TICKS * 14 // 10, target_duration_s=1)
    async with stage(tmp_path, timing=quick) as made:
        made.play(4)
        await made.get(LIVE, msn=1)
        loop = asyncio.get_running_loop()
        before = loop.time()
        answer = await made.get(LIVE, msn=len(made.shown.stream.segments))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert loop.time() - before == pytest.approx(3, abs=0.5)


async def test_full_house_says_so_and_lets_the_next_in(tmp_path: Path) -> None:
    async with stage(tmp_path, waiters=3) as made:
        made.play(4)
        await made.get(LIVE, msn=1)
        waiting = [made.tasks.start(made.get(LIVE, msn=2, part=0), "viewer") for _ in range(3)]
        await made.waiting(3)
        assert (await made.get(LIVE, msn=2, part=0)).status == 503
        assert (await made.get(LIVE)).status == 200, "who need not wait is no burden"
        waiting[0].cancel()
        await made.waiting(2)
        late = made.tasks.start(made.get(LIVE, msn=2, part=0), "viewer")
        await made.waiting(3)
        made.play(PART_S)
        assert [(await one).status for one in (*waiting[1:], late)] == [200, 200, 200]


async def test_first_viewers_wait_for_two_segments(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        viewers = [made.tasks.start(made.get(name), name) for name in ("index.m3u8", LIVE)]
        await made.waiting(2)
        made.play(4 - 2 * PART_S)
        while made.shown.stream.last_part < made.writer.tape.stream.last_part:
            await made.shown.refresh()
        assert made.shown.waiting == 2
        made.play(2 * PART_S)
        index, playlist = [(await one).body.decode() for one in viewers]
        assert index.splitlines()[-1] == LIVE
        assert violations(playlist) == []


async def test_caches_hear_how_long_each_answer_is_good(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.play(4)
        await made.get(LIVE, msn=1)
        lives = {
            LIVE: (await made.get(LIVE)).headers["Cache-Control"],
            "awaited": (await made.get(LIVE, msn=1)).headers["Cache-Control"],
            "index": (await made.get("index.m3u8")).headers["Cache-Control"],
            "missing": (await made.get("p99.m4s")).headers["Cache-Control"],
        }
        assert lives == {
            LIVE: "public, max-age=1",
            "awaited": "public, max-age=24",
            "index": "public, max-age=1",
            "missing": "public, max-age=1",
        }


async def test_nothing_of_a_closed_circle_stays_in_caches(tmp_path: Path) -> None:
    async with stage(tmp_path, is_public=False) as made:
        made.play(4)
        await made.get(LIVE, msn=1)
        for name in (LIVE, "index.m3u8", "s0.m4s", "i0.mp4", "p0.m4s", "p99.m4s"):
            assert (await made.get(name)).headers["Cache-Control"] == "private, no-store"


async def test_end_is_told_to_all_who_wait_and_is_the_recording(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.play(4)
        await made.get(LIVE, msn=1)
        next_part = f"p{made.writer.tape.stream.last_part + 1}.m4s"
        viewers = [made.tasks.start(made.get(LIVE, msn=3), "viewer"), made.tasks.start(made.get(next_part), "hint")]
        await made.waiting(2)
        made.writer.finish()
        answer, hinted = [await one for one in viewers]
        assert "ENDLIST" in parse(answer.body.decode()).tags
        assert hinted.status in (200, 404)
        recording = await made.get("recording.m3u8")
        assert violations(recording.body.decode()) == []
        assert recording.headers["Cache-Control"] == "public, max-age=60"
        assert (await made.get("index.m3u8")).body.decode().splitlines()[-1] == "recording.m3u8"
        assert (await made.get(LIVE, msn=99, part=99)).status == 200


async def test_stream_that_never_began_is_missing(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.writer.finish()
        for name in (LIVE, "index.m3u8", "recording.m3u8", "p0.m4s"):
            assert (await made.get(name)).status == 404


async def test_playlists_are_packed_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        made.play(8)
        answer = await made.get(LIVE, msn=3)
        first, second = await asyncio.gather(answer.packed(), answer.packed())
        assert first is second
        assert gzip.decompress(first) == answer.body
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.may_be_packed
        assert not (await made.get("s0.m4s")).may_be_packed
