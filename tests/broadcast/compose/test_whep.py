"""Who watches by WHEP: a real player of what a real composer hands to a real worker."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from server.broadcast.compose.scene import Banner, Card, Scene
from server.broadcast.sounds import RATE
from server.media.protocol import Offer, Seat
from server.media.robot import Received, Robot
from tests.broadcast.compose.rig import TONE_HZ, ComposeRig, red_picture, red_share, tone
from tests.media.rig import until


class Player(Robot):
    """Somebody of the audience. `reds` and `tones` are when something was seen and heard of the one who is so easily told from others."""

    def __init__(self) -> None:
        super().__init__(slots=(1, 1), sends=())
        self.sizes: set[tuple[int, int]] = set()
        self.reds: list[float] = []
        self.tones: list[float] = []
        self.clears: list[float] = []

    async def _receive(self, track: Any, received: Received) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            received.frames, received.last_at = received.frames + 1, time.monotonic()
            if track.kind == "audio":
                self._hear(frame.to_ndarray()[0, ::2] / 32768)
                continue
            self.sizes.add((frame.width, frame.height))
            (self.reds if red_share(frame) > 0.002 else self.clears).append(time.monotonic())

    def _hear(self, samples: np.ndarray) -> None:
        wave = np.exp(-2j * np.pi * TONE_HZ * np.arange(len(samples)) / RATE) * 2 / len(samples)
        if abs(np.dot(samples, wave)) > 0.05:
            self.tones.append(time.monotonic())

    def frames(self, kind: str) -> int:
        return sum(one.frames for one in self.received.values() if one.kind == kind)


@asynccontextmanager
async def watching(rig: ComposeRig) -> AsyncIterator[Player]:
    player, worker = Player(), rig.worker
    offer = await player.offer()
    answer = await worker.client.connect(Offer(offer.sdp, way="receive"))
    await player.accept(answer.sdp)
    seat = Seat(answer.connection, on_stage=False, watches=True, audience=True)
    await worker.client.seat(worker.session, answer.connection, seat)
    await worker.client.show(worker.session, rig.directory.name, [])
    try:
        await player.connected(30)
        yield player
    finally:
        await player.close()


async def test_player_sees_and_hears_the_composed_stage_and_nobody_who_refuses(tmp_path: Path) -> None:
    both, one = (Scene(layout="grid", agreed=names) for names in (["ann", "eve"], ["ann"]))
    async with ComposeRig(tmp_path) as rig:
        await rig.worker.join("ann")
        await rig.worker.join("eve", draw=red_picture, sound=tone())
        await rig.compose(both)
        await rig.health(lambda health: health.people == 2)
        async with watching(rig) as player:
            await until(lambda: len(player.reds) > 5 and len(player.tones) > 5, 30)
            assert player.sizes == {(1280, 720)}
            await rig.client.play(one)
            refused_at = time.monotonic()
            seen = len(player.clears)
            await until(lambda: len(player.clears) > seen + 30, 30)
            assert max(player.reds) < min(player.clears[seen:])
            assert max(player.reds) < refused_at + 1
            assert max(player.tones) < player.clears[-1] - 0.5
            await rig.client.play(Scene(agreed=["ann"], card=Card("pause", "Back soon")))
            shown, heard = player.frames("video"), player.frames("audio")
            await until(lambda: player.frames("video") > shown + 5 and player.frames("audio") > heard + 10, 30)
        await rig.end()


@pytest.mark.chaos
async def test_player_gets_what_passes_what_is_composed_and_what_the_next_composer_makes(tmp_path: Path) -> None:
    composed = Scene(agreed=["ann"], banner=Banner("Why is it red?", "Bob"))
    async with ComposeRig(tmp_path) as rig:
        await rig.worker.join("ann", codec="H264")
        await rig.compose(Scene(agreed=["ann"]))
        await rig.health(lambda health: health.state == "passing")
        async with watching(rig) as player:
            await until(lambda: player.sizes == {(320, 180)}, 30)
            await rig.client.play(composed)
            await until(lambda: (1280, 720) in player.sizes, 30)
            await rig.kill()
            shown, heard = player.frames("video"), player.frames("audio")
            await rig.compose(composed)
            await until(lambda: player.frames("video") > shown + 20 and player.frames("audio") > heard + 20, 30)
            assert player.state == "connected"
        await rig.end()
