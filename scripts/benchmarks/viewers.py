"""A process of N viewers who follow a live stream as hls.js does; prints one JSON line a window. Started by audience.py."""

import asyncio
import json
import re
import sys
import time
import zlib
from typing import Any

import aiohttp
import report

ASKED = re.compile(r'^oase_http_requests_total\{route="GET /live/[^"]*".*\} (\S+)$', re.MULTILINE)
PART = re.compile(rb'#EXT-X-PART:DURATION=([0-9.]+),URI="(p\d+\.m4s)"')
SKIPPED = re.compile(rb"SKIPPED-SEGMENTS=(\d+)")
HEAD = "\r\n".join(
    (
        "GET {path} HTTP/1.1",
        "Host: {host}",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate, br",
        "User-Agent: viewer",
        "",
        "",
    )
)
SINK = bytearray(1 << 18)


class Line(asyncio.BufferedProtocol):
    """One connection: asks, and reads the answer; `keeps` its body, or only counts it."""

    def __init__(self, keeps: bool) -> None:
        self._keeps = keeps
        self._head = bytearray()
        self._body = bytearray()
        self._missing = -1
        self._done: asyncio.Future[bytes] | None = None
        self._transport: Any = None
        self.packed = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        return SINK

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError("closed"))

    def buffer_updated(self, nbytes: int) -> None:
        if self._missing >= 0:
            self._take(memoryview(SINK)[:nbytes])
            return
        self._head += SINK[:nbytes]
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return
        head, rest = bytes(self._head[:end]).lower(), bytes(self._head[end + 4 :])
        if not head.startswith(b"http/1.1 200"):
            self._finish(ValueError(head.split(b"\r\n")[0].decode()))
            return
        self._missing = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        self.packed = b"content-encoding: gzip" in head
        self._take(rest)

    def _take(self, data: Any) -> None:
        self._missing -= len(data)
        if self._keeps:
            self._body += data
        if self._missing <= 0:
            self._finish(None)

    def _finish(self, failure: Exception | None) -> None:
        body = bytes(self._body)
        self._head.clear()
        self._body.clear()
        self._missing = -1
        if self._done is not None and not self._done.done():
            self._done.set_exception(failure) if failure else self._done.set_result(body)

    async def ask(self, head: bytes) -> bytes:
        self._done = asyncio.get_running_loop().create_future()
        self._transport.write(head)
        body = await self._done
        return zlib.decompress(body, 31) if self.packed and body else body


class Viewer:
    """One player: the next playlist and the part that was just named are asked for at the same time, over two connections."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._task = task
        self.played_s = 0.0
        self.failures = 0

    async def watch(self) -> None:
        loop, where = asyncio.get_running_loop(), (self._task["host"], self._task["port"])
        _, lists = await loop.create_connection(lambda: Line(True), *where)
        _, media = await loop.create_connection(lambda: Line(False), *where)
        await lists.ask(self._head("index.m3u8"))
        text = await lists.ask(self._head("stream.m3u8"))
        fetched = self._news(text, -1)[0]
        while True:
            segments, parts = edge(text)
            query = f"stream.m3u8?_HLS_msn={segments}&_HLS_part={parts}&_HLS_skip=YES"
            try:
                text = await lists.ask(self._head(query))
                last, news = self._news(text, fetched)
                for name, duration_s in news:
                    await media.ask(self._head(name))
                    self.played_s += duration_s
                fetched = last
            except ValueError:
                self.failures += 1
                await asyncio.sleep(0.2)

    def _head(self, name: str) -> bytes:
        host = f"{self._task['host']}:{self._task['port']}"
        return HEAD.format(path=f"/live/{self._task['session']}/{name}", host=host).encode()

    @staticmethod
    def _news(text: bytes, fetched: int) -> tuple[int, list[tuple[str, float]]]:
        """The last part, and those behind the one that was fetched last."""
        found = [(int(name[1:-4]), name.decode(), float(duration)) for duration, name in PART.findall(text)]
        return found[-1][0], [(name, duration) for number, name, duration in found if number > fetched]


def edge(text: bytes) -> tuple[int, int]:
    """The segment and part that come next."""
    skipped = SKIPPED.search(text)
    segments = text.count(b"#EXTINF") + (int(skipped[1]) if skipped else 0)
    return segments, text.rpartition(b"#EXTINF")[2].count(b"#EXT-X-PART:")


async def window(viewers: list[Viewer], task: dict[str, Any]) -> dict[str, Any]:
    """CPU seconds of each server's process, and what the viewers got meanwhile."""
    before = [viewer.played_s for viewer in viewers]
    failed = sum(viewer.failures for viewer in viewers)
    asked = await asked_of_oase(task)
    cpu = {name: report.cpu_s(pid) for name, pid in task["pids"].items()}
    began, own = time.monotonic(), time.process_time()
    await asyncio.sleep(task["window_s"])
    took = time.monotonic() - began
    played = [viewer.played_s - was for viewer, was in zip(viewers, before, strict=True)]
    used = {name: round(report.cpu_s(pid) - cpu[name], 3) for name, pid in task["pids"].items()}
    return {
        "seconds": round(took, 3),
        "cpu_s": used,
        "asked": await asked_of_oase(task) - asked,
        "viewers": len(viewers),
        "played_share_min": round(min(played) / took, 3),
        "played_share_mean": round(sum(played) / len(played) / took, 3),
        "failures": sum(viewer.failures for viewer in viewers) - failed,
        "own_core": round((time.process_time() - own) / took, 2),
    }


async def asked_of_oase(task: dict[str, Any]) -> float:
    """How many answers of streams our server has given; what nginx answers from its cache never comes there."""
    where = f"http://{task['host']}:{task['oase_port']}/metrics"
    async with aiohttp.ClientSession() as http, http.get(where) as answer:
        return sum(map(float, ASKED.findall(await answer.text())))


async def main() -> None:
    task = json.loads(sys.argv[1])
    viewers = [Viewer(task) for _ in range(task["viewers"])]
    running = []
    for viewer in viewers:
        running.append(asyncio.ensure_future(viewer.watch()))
        await asyncio.sleep(2.0 / len(viewers))  # People come one after the other.
    await asyncio.sleep(task["settle_s"])
    for _ in range(task["windows"]):
        print(json.dumps(await window(viewers, task)), flush=True)
    for one in running:
        one.cancel()


if __name__ == "__main__":
    asyncio.run(main())
