"""A killed composer loses what was not written yet, and nothing else."""

import asyncio
import random
import sys
from pathlib import Path

import av
import pytest

from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.serving import Broadcast
from server.tasks import Tasks
from tests.broadcast.hls.material import STARTED_AT, Show, packager
from tests.broadcast.hls.reading import fragments
from tests.broadcast.hls.rules import changes, parse, violations

ROOT = Path(__file__).resolve().parents[3]
KILLS = 4


class Viewer:
    """Follows the playlist as players do, and fetches every part that it names at once."""

    def __init__(self, shown: Broadcast) -> None:
        self._shown, self.texts, self.parts = shown, [""], dict[str, bytes]()

    async def watch(self) -> None:
        query: dict[str, str] = {}
        while True:
            answer = await self._shown.answer("stream.m3u8", query)
            assert answer.status == 200
            text = answer.body.decode()
            assert violations(text) == []
            assert changes(self.texts[-1], text) == [] or not self.texts[-1]
            self.texts.append(text)
            found = parse(text)
            await self._fetch([part.uri for part in (found.growing.parts if found.growing else []) if not part.is_gap])
            if "ENDLIST" in found.tags:
                return
            count = len(found.growing.parts) if found.growing else 0
            query = {"_HLS_msn": str(len(found.segments)), "_HLS_part": str(count)}

    async def _fetch(self, names: list[str]) -> None:
        for name in names:
            if name not in self.parts:
                answer = await self._shown.answer(name, {})
                assert answer.status == 200
                self.parts[name] = answer.body


async def lives_for(directory: Path, wall_at: float, seconds: float) -> None:
    """A composer that is killed after so much time of writing."""
    command = [sys.executable, "-m", "tests.broadcast.hls.child", str(directory), str(wall_at)]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    async with asyncio.timeout(20):
        assert await child.stdout.readline() == b"ready\n"
    await asyncio.sleep(seconds)  # How long it lives is the experiment, not a wait for something.
    child.kill()
    await child.wait()


@pytest.mark.chaos
async def test_killed_composers_leave_a_stream_that_goes_on(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    dice, tasks = random.Random(seed), Tasks("crash")
    shown = Broadcast(tmp_path, 300_000, is_public=True)
    viewer = Viewer(shown)
    tasks.start(shown.follow(), "follow")
    watching = tasks.start(viewer.watch(), "watch")
    for turn in range(KILLS):
        await lives_for(tmp_path, STARTED_AT + 30 * turn, dice.uniform(0.1, 0.8))
    writer = packager(tmp_path, STARTED_AT + 30 * KILLS)
    for sample in Show(4).samples():
        await asyncio.to_thread(writer.write, sample)
    writer.finish()
    async with asyncio.timeout(10):
        await watching
    stream = shown.stream
    assert len(stream.runs) >= 2
    for segment in stream.segments:
        if not segment.is_gap:
            assert len(fragments((tmp_path / segment.name).read_bytes())) >= 1
    for name, data in viewer.parts.items():
        path = tmp_path / name
        assert not path.exists() or path.read_bytes() == data, "a name that means two things"
    (tmp_path / "recording.m3u8").write_bytes((await shown.answer("recording.m3u8", {})).body)
    with av.open(str(tmp_path / "recording.m3u8")) as container:
        times = [packet.pts * packet.time_base for packet in container.demux(video=0) if packet.pts is not None]
    assert times == sorted(times)
    assert float(times[-1]) == pytest.approx(stream.end / TICKS, abs=0.05)
    await tasks.close()
    await shown.close()
