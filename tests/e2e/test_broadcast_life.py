"""A whole broadcast with everything real but the people: web process, media worker, composer, stream, recording, and what a kill costs."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.presenting import Studio, name_who_is_responsible, plans, until
from tests.site import Browser
from tests.web_process import WebProcess


@pytest.mark.chaos
async def test_a_broadcast_survives_kills_and_is_a_recording_at_its_end(tmp_path: Path) -> None:
    web = WebProcess(tmp_path, OASE_SUPERVISE="1")
    try:
        await web.start()
        await web.until("/readyz")
        ann, viewer = await web.agent(), web.browser()
        async with rehearsed(web, ann) as studio:
            assert (await viewer.get(playlist(studio))).status == 404
            await studio.goes_live()
            await until(lambda: shows(studio, viewer, "#EXTINF", 2))
            await lives_on_with_another_composer(studio, viewer)
            await lives_on_without_the_web_process(studio, web)
            await is_a_recording_at_its_end(studio, viewer)
    finally:
        await web.close()


@asynccontextmanager
async def rehearsed(web: WebProcess, ann: Browser) -> AsyncIterator[Studio]:
    """A broadcast in rehearsal, with one presenter who agreed."""
    await name_who_is_responsible(ann)
    studio = await plans(web.folder, ann)
    robot = await studio.comes(ann)
    try:
        await studio.do("rehearse")
        await studio.agrees(ann)
        yield studio
    finally:
        await robot.close()


async def lives_on_with_another_composer(studio: Studio, viewer: Browser) -> None:
    first = studio.composer()
    assert first is not None
    os.kill(first, signal.SIGKILL)

    async def another() -> bool:
        return studio.composer() not in (first, None)

    await until(another)
    await until(lambda: shows(studio, viewer, "#EXT-X-DISCONTINUITY", 1))


async def lives_on_without_the_web_process(studio: Studio, web: WebProcess) -> None:
    composer = studio.composer()
    await web.kill()
    await web.start()
    await web.until("/readyz")
    assert studio.composer() == composer


async def is_a_recording_at_its_end(studio: Studio, viewer: Browser) -> None:
    await studio.do("end")

    async def is_ready() -> Any:
        view = await viewer.get(f"/api/v1/recordings/{studio.recording}")
        return view.json if view.json["state"] == "ready" else None

    kept = await until(is_ready)
    film = await viewer.get(kept["files"][0]["url"])
    assert (film.status, film.body.decode().rstrip().endswith("#EXT-X-ENDLIST")) == (200, True)

    async def has_ended() -> bool:
        return studio.composer() is None

    await until(has_ended)


async def shows(studio: Studio, viewer: Browser, words: str, at_least: int) -> bool:
    return (await viewer.get(playlist(studio))).body.decode().count(words) >= at_least


def playlist(studio: Studio) -> str:
    return f"/live/{studio.session}/stream.m3u8"
