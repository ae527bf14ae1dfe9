"""What a viewer of a live stream costs our server, alone and behind nginx; and thousands of sockets of those who take part."""
# Needs: nginx

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import report
from audience_sockets import measure_sockets
from report import say

from server.domain.words import SessionId
from server.store.database import Database
from tests.e2e.product import Product, running_product
from tests.nginx import nginx_path, running_nginx
from tests.shows import add_broadcast
from tests.site import client_id

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(report.ROOT)}
KEYS = ("ms_per_viewer_second", "nginx_ms_per_viewer_second", "viewers_per_core", "behind_nginx_ms_per_viewer_second")
METHOD = (
    "A stream of 2.5 Mbit/s in parts of 0.27 s; each viewer asks for the next playlist (blocking, with its update) and for each part when it is "
    "named, over two kept-alive connections. Server and nginx are alone on core 0, viewers and the writer of the stream on core 1. CPU time of the "
    "process, user and system, divided by viewers and seconds. A window counts only if the viewers got at least 97 % of the stream."
)
ENOUGH = 0.97


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Viewers who follow the playlist like hls.js, in turn at our server and at nginx before it."""
    runs: dict[str, list[dict[str, Any]]] = {"alone": [], "nginx": []}
    notes = [] if nginx_path() else ["nginx is not installed here."]
    with tempfile.TemporaryDirectory() as folder:
        async with running_product(Path(folder)) as product, broadcasting(product) as session:
            os.sched_setaffinity(product.pid, {0})
            for number in range(options.repeats):
                await _round(product, session, options, runs)
                say(
                    f"round {number + 1}: {_ms(runs['alone'], 'oase')} ms alone, {_ms(runs['nginx'], 'oase')} behind nginx"
                )
    sockets = await measure_sockets(options.sockets, options.socket_seconds) if options.sockets else {}
    return {**_figures(runs), **sockets, "method": METHOD, "notes": notes, "runs": runs}


async def _round(
    product: Product, session: str, options: argparse.Namespace, runs: dict[str, list[dict[str, Any]]]
) -> None:
    task = {"host": "127.0.0.1", "session": session, "viewers": options.viewers, "windows": options.windows}
    task |= {"window_s": options.seconds, "settle_s": 4.0, "oase_port": product.port}
    pids = {"oase": product.pid}
    runs["alone"] += await _watched({**task, "port": product.port, "pids": pids})
    if not nginx_path():
        return
    pinned = ("taskset", "-c", "0")
    async with running_nginx(product.folder / "nginx", f"127.0.0.1:{product.port}", pinned) as nginx:
        port = int(nginx.url.rpartition(":")[2])
        runs["nginx"] += await _watched({**task, "port": port, "pids": {**pids, "nginx": nginx.worker_pid}})


async def _watched(task: dict[str, Any]) -> list[dict[str, Any]]:
    """What the viewers counted, window by window."""
    process = await _spawn("viewers.py", task)
    try:
        assert process.stdout is not None
        lines = [await asyncio.wait_for(process.stdout.readline(), 120) for _ in range(task["windows"])]
        return [json.loads(line) for line in lines]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def broadcasting(product: Product) -> AsyncIterator[str]:
    """A public broadcast of this product that is on the air. Its session."""
    async with aiohttp.ClientSession(product.url, headers={"Origin": product.url}) as http:
        async with http.get("/api/v1/topics") as answer:
            topic = (await answer.json())["topics"][0]["id"]
        case = {"topic": topic, "summary": "x", "name": "Bo", "language": "en", "client_id": client_id()}
        async with http.post("/api/v1/cases", json=case) as answer:
            session = str((await answer.json())["session"])
    database = Database(f"sqlite+aiosqlite:///{product.folder / 'data' / 'oase.sqlite'}")
    async with database.write() as db:
        lease = {"composer_by": "the writer below", "composer_until": datetime.now(UTC) + timedelta(days=1)}
        await add_broadcast(
            db, SessionId(session), topic, **lease
        )  # Else the house would compose into the same folder.
    await database.close()
    writer = await _spawn("on_air.py", {"folder": str(product.recordings / f"live-{session}")})
    try:
        assert writer.stdout is not None
        await asyncio.wait_for(writer.stdout.readline(), 30)
        yield session
    finally:
        writer.kill()
        await writer.wait()


async def _spawn(script: str, task: dict[str, Any]) -> asyncio.subprocess.Process:
    command = ("taskset", "-c", "1", sys.executable, str(HERE / script), json.dumps(task))
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdout=pipe, cwd=report.ROOT, env=ENVIRONMENT)


def _figures(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    alone, behind, nginx = _ms(runs["alone"], "oase"), _ms(runs["nginx"], "oase"), _ms(runs["nginx"], "nginx")
    everything = [*runs["alone"], *runs["nginx"]]
    return {
        "ms_per_viewer_second": alone,
        "nginx_ms_per_viewer_second": nginx,
        "behind_nginx_ms_per_viewer_second": behind,
        "viewers_per_core": round(1000 / alone) if alone else None,
        "socket_bytes_per_viewer": None,
        "message_delay_ms_p95": None,
        "viewers": everything[0]["viewers"] if everything else None,
        "requests_per_viewer_second": _requests(runs["alone"]),
        "behind_nginx_requests_per_viewer_second": _requests(runs["nginx"]),
        "played_share_min": min((run["played_share_min"] for run in everything), default=None),
        "failures": sum(run["failures"] for run in everything),
        "spread": {
            "alone": report.spread(_each(runs["alone"], "oase"), 3),
            "behind_nginx": report.spread(_each(runs["nginx"], "oase"), 3),
            "nginx": report.spread(_each(runs["nginx"], "nginx"), 3),
        },
    }


def _each(runs: list[dict[str, Any]], who: str) -> list[float]:
    """Milliseconds of CPU for a viewer's second, of the windows that count."""
    good = [run for run in runs if run["played_share_mean"] >= ENOUGH]
    return [1000 * run["cpu_s"][who] / run["seconds"] / run["viewers"] for run in good]


def _requests(runs: list[dict[str, Any]]) -> float | None:
    """How often our server is asked, for a viewer's second."""
    values = [run["asked"] / run["seconds"] / run["viewers"] for run in runs]
    return round(statistics.median(values), 2) if values else None


def _ms(runs: list[dict[str, Any]], who: str) -> float | None:
    values = _each(runs, who)
    return round(statistics.median(values), 3) if values else None


if __name__ == "__main__":
    report.main(
        measure,
        ("--viewers", {"type": int, "default": 300}),
        ("--repeats", {"type": int, "default": 2}),
        ("--windows", {"type": int, "default": 3}),
        ("--seconds", {"type": float, "default": 8.0}),
        ("--sockets", {"type": int, "default": 5_000}),
        ("--socket-seconds", {"type": float, "default": 20.0}),
    )
