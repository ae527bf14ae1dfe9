"""Half an hour on air with everything that happens: other publishers and sizes, a pause, killed processes; then its recording from any minute."""
# Needs: chromium firefox h264 webkit fonts

import argparse
import asyncio
import os
import random
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import report
from report import say
from show_film import first_picture_s, lost_before_s, play_to_the_end
from show_watch import Watch

from server.media.robot import Robot
from server.media.scene import Scenery
from server.tasks import Tasks
from tests.e2e.product import Product, running_product
from tests.presenting import Studio, is_there, name_who_is_responsible, plans, until
from tests.site import Browser

COMPOSED = {"layout": "grid", "lower_thirds": True}
PASSED = {"layout": "speaker", "lower_thirds": False, "logo": False}
PAUSE_S = 10.0
KILLED_AFTER_S = 40.0
Happening = Callable[[], Awaitable[None]]


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """A real broadcast in real time: web process, worker, composer and robots on stage, and an audience that checks all it is given."""
    with tempfile.TemporaryDirectory() as folder:
        async with running_product(Path(folder)) as product, agents(product) as (ann, ben):
            figures = await _long(product, ann, ben, options.minutes * 60.0)
            return {**figures, **await _killed(product, ann), "notes": []}


@asynccontextmanager
async def agents(product: Product) -> AsyncIterator[tuple[Browser, Browser]]:
    """Two agents, signed in, and a channel that names who is responsible."""
    ann, ben = Browser(product.url, "agent"), Browser(product.url, "agent")
    try:
        for browser, link in ((ann, product.link), (ben, product.add_agent("ben@example.org", "Ben"))):
            await browser.ok("POST", "/api/v1/sign-in/link", {"secret": link.partition("#")[2]})
        await name_who_is_responsible(ann)
        yield ann, ben
    finally:
        await ann.close()
        await ben.close()


async def on_air(product: Product, ann: Browser) -> tuple[Studio, Robot]:
    """A broadcast that is live, with one presenter who agreed."""
    studio = await plans(product.folder / "data", ann)
    await studio.set(PASSED)
    robot = await studio.comes(ann)
    await studio.do("rehearse")
    await studio.agrees(ann)
    await studio.goes_live()
    return studio, robot


async def _long(product: Product, ann: Browser, ben: Browser, length_s: float) -> dict[str, Any]:
    """Half an hour with everything that happens, watched all along."""
    studio, robot = await on_air(product, ann)
    viewer, tasks, began = Browser(product.url), Tasks("show"), time.monotonic()
    await until(lambda: is_there(viewer, f"/live/{studio.session}/stream.m3u8"))
    watch = Watch(viewer, studio.session)
    watching = tasks.start(watch.run(), "watch")
    for share, name, happening in _happenings(studio, ben, robot):
        await asyncio.sleep(began + share * length_s - time.monotonic())
        say(f"{(time.monotonic() - began) / 60:.1f} min, {watch.parts} parts, {len(watch.wrong)} violations: {name}")
        await happening()
    ending = time.monotonic()
    await studio.do("end")
    first_s = await first_picture_s(viewer, studio.recording, random.random(), ending)
    later_s = [await first_picture_s(viewer, studio.recording, random.random(), time.monotonic()) for _ in range(5)]
    await watching
    await tasks.close()
    played = await play_to_the_end(viewer, product.folder, studio.recording)
    await viewer.close()
    return {
        "minutes": round(length_s / 60, 1),
        "parts": watch.parts,
        "playlists": watch.playlists,
        "violations": len(watch.wrong),
        "what_was_wrong": watch.wrong[:20],
        "end_to_recording_s": round(first_s, 2),
        "any_minute_s_max": round(max(later_s), 2),
        "played_to_the_end": played,
    }


def _happenings(studio: Studio, ben: Browser, robot: Robot) -> list[tuple[float, str, Happening]]:
    """When (as a share of the whole), what, and how."""
    faces = {"ann": robot}

    async def another_publisher() -> None:
        faces["ben"] = await studio.comes(ben, Scenery(320, 180).draw)
        await studio.agrees(ben)
        await studio.goes(studio.ann, faces.pop("ann"))

    async def a_pause() -> None:
        await studio.do("pause")
        await asyncio.sleep(PAUSE_S)
        await studio.do("resume")

    async def composer_dies() -> None:
        os.kill(running(studio.composer()), signal.SIGKILL)

    async def everybody_goes() -> None:
        await studio.goes(ben, faces.pop("ben"))

    return [
        (0.2, "another publisher, with another size", another_publisher),
        (0.35, f"a pause of {PAUSE_S:.0f} s", a_pause),
        (0.5, "names on the picture: it is composed from here on", lambda: studio.set(COMPOSED)),
        (0.65, "the composer is killed", composer_dies),
        (0.8, "no names: the picture goes through as it is", lambda: studio.set(PASSED)),
        (1.0, "the end", everybody_goes),
    ]


async def _killed(product: Product, ann: Browser) -> dict[str, Any]:
    """A short broadcast whose processes are all killed at once: what is missing in its recording of the time before."""
    studio, robot = await on_air(product, ann)
    await asyncio.sleep(KILLED_AFTER_S)
    killed_at = time.time()
    for pid in (product.pid, product.worker_pid, running(studio.composer())):
        os.kill(pid, signal.SIGKILL)
    await product.kill_web()
    await robot.close()
    await product.start()
    ending = time.monotonic()
    await studio.do("end")
    first_s = await first_picture_s(ann, studio.recording, 0.5, ending)
    lost_s = await lost_before_s(ann, studio.recording, killed_at)
    return {"after_kill_end_to_recording_s": round(first_s, 2), "after_kill_lost_s": round(lost_s, 2)}


def running(pid: int | None) -> int:
    """Raises LookupError where there is none."""
    if pid is None:
        raise LookupError("no composer runs")
    return pid


if __name__ == "__main__":
    report.main(measure, ("--minutes", {"type": float, "default": 30.0, "help": "of the long broadcast"}))
