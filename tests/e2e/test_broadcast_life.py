"""A whole broadcast with everything real but the people: web process, media worker, composer, stream, recording, and what a kill costs."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from server.config import Settings
from server.domain.words import SessionId
from server.media.robot import Robot
from server.service.airing import control_of
from tests.site import Browser, client_id
from tests.web_process import WebProcess

LIMIT_S = 60.0  # Of a machine that does much else; each of these takes a second or two alone.


async def until(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What `ask` answers once it answers something."""
    async with asyncio.timeout(LIMIT_S):
        while not (found := await ask()):
            await asyncio.sleep(0.1)
    return found


async def join(browser: Browser, session: str) -> Robot:
    """A robot presenter on stage, as this person."""
    robot = Robot(slots=(1, 1), codec="H264")
    offer = await robot.offer()
    body = {"sdp": offer.sdp, "sources": offer.sources}
    answer = await browser.ok("POST", f"/api/v1/sessions/{session}/connections", body)
    await robot.accept(answer["sdp"])
    await robot.connected(LIMIT_S)
    return robot


def composer_of(web: WebProcess, session: str) -> int | None:
    """The composer's process, by its note."""
    control = control_of(Settings(data=web.folder), SessionId(session))
    note = Path(control.removeprefix("unix:")).with_suffix(".json")
    try:
        pid = int(json.loads(note.read_text())["worker"]["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


@pytest.mark.chaos
async def test_a_broadcast_survives_kills_and_is_a_recording_at_its_end(tmp_path: Path) -> None:
    web = WebProcess(tmp_path, OASE_SUPERVISE="1")
    robot: Robot | None = None
    try:
        await web.start()
        await web.until("/readyz")
        ann, viewer = await web.agent(), web.browser()
        channel = (await ann.ok("GET", "/api/v1/channels"))["channels"][0]["channel"]["id"]
        named = {"responsible_name": "Rita", "imprint_url": "https://example.org/imprint"}
        await ann.ok("PATCH", f"/api/v1/channels/{channel}", named)
        wish = {"title": "Meters", "topic": "strom", "client_id": client_id()}
        planned = await ann.ok("POST", "/api/v1/broadcasts", wish)
        one = f"/api/v1/broadcasts/{planned['session']}"
        session = planned["session"]
        robot = await join(ann, session)
        rehearsed = await ann.ok("POST", f"{one}/rehearse")
        answer = {"answer": "given", "wording_version": rehearsed["me"]["wording_version"]}
        await ann.ok("POST", f"{one}/consent", answer)
        playlist = f"/live/{session}/stream.m3u8"

        async def preview() -> bool:
            return (await ann.get(f"/live/{session}/index.m3u8")).status == 200

        await until(preview)
        assert (await viewer.get(playlist)).status == 404
        live = await ann.ok("POST", f"{one}/live")

        async def segments(at_least: int) -> str:
            text = (await viewer.get(playlist)).body.decode()
            return text if text.count("#EXTINF") >= at_least else ""

        await until(lambda: segments(2))
        first = composer_of(web, session)
        assert first is not None
        os.kill(first, signal.SIGKILL)

        async def another() -> int | None:
            pid = composer_of(web, session)
            return pid if pid != first else None

        await until(another)

        async def goes_on() -> bool:
            return "#EXT-X-DISCONTINUITY" in (await viewer.get(playlist)).body.decode()

        await until(goes_on)
        second = composer_of(web, session)
        await web.kill()
        await web.start()
        await web.until("/readyz")
        assert composer_of(web, session) == second
        await ann.ok("POST", f"{one}/end")

        async def is_ready() -> Any:
            view = await viewer.get(f"/api/v1/recordings/{live['recording']}")
            return view.json if view.json["state"] == "ready" else None

        kept = await until(is_ready)
        film = await viewer.get(kept["files"][0]["url"])
        assert (film.status, film.body.decode().rstrip().endswith("#EXT-X-ENDLIST")) == (200, True)

        async def is_gone() -> bool:
            return composer_of(web, session) is None

        await until(is_gone)
    finally:
        if robot is not None:
            await robot.close()
        await web.close()
