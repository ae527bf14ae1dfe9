"""A picture without layers that no viewer's line carries: its page is told how much to send, and told when that is over."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.media.peer.ceiling import LEAST_BPS, PAUSE_S, SHARE, Ceiling
from tests.media.lossy_line import LossyLine
from tests.media.rig import Rig, open_rig
from tests.media.test_layers import on_stage
from tests.media.test_pauses import PlainCamera, on_stage_behind
from tests.media.wire_peer import WirePeer


def limits(rig: Rig, peer: WirePeer) -> list[int | None]:
    """What the page of `peer` was told of its camera, in turn."""
    told: list[dict[str, Any]] = [event.data for event in rig.events if event.kind == "layers"]
    return [data["sources"][0]["limit_bps"] for data in told if data["connection"] == peer.connection]


async def sends_until(camera: PlainCamera, condition: Callable[[], bool], limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end
        await camera.run(0.1)


async def test_page_is_told_how_much_the_only_viewers_line_carries_and_when_it_carries_all(tmp_path: Path) -> None:
    """800 kbit/s through a line of 400, and then of 8,000."""
    async with open_rig(tmp_path) as rig, LossyLine(rig.house.port, 0.0, 0.02, seed=7) as line:
        ann = await on_stage(rig, "ann")
        bob = await on_stage_behind(rig, line, "bob")
        camera = PlainCamera(ann, 3)
        await camera.run(1.5)
        assert limits(rig, ann) == []
        line.capacity_bps = 400_000
        await sends_until(camera, lambda: bool(limits(rig, ann)), 8.0)
        limit_bps = limits(rig, ann)[0]
        assert limit_bps is not None
        assert LEAST_BPS <= limit_bps < 400_000
        camera.packets = limit_bps / 8 / 1000 / 30 - 0.2  # The page obeys.
        await camera.run(2.0)
        assert None not in limits(rig, ann)
        line.capacity_bps = 8_000_000
        await sends_until(camera, lambda: limits(rig, ann)[-1] is None, 15.0)
        assert paused_nobody(rig)
        await ann.close()
        await bob.close()


def paused_nobody(rig: Rig) -> bool:
    return not any(slot["paused"] for event in rig.events if event.kind == "slots" for slot in event.data["slots"])


async def test_one_viewer_whose_line_carries_it_is_enough(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig, LossyLine(rig.house.port, 0.0, 0.02, seed=7) as line:
        ann, eve = await on_stage(rig, "ann"), await on_stage(rig, "eve")
        bob = await on_stage_behind(rig, line, "bob")
        line.capacity_bps = 400_000
        camera = PlainCamera(ann, 3)
        link = rig.house.connections[bob.connection].link
        await sends_until(camera, lambda: link.line.is_narrow(time.monotonic()), 8.0)
        await camera.run(0.5)
        assert limits(rig, ann) == []
        await rig.client.unseat("s1", "eve")
        await sends_until(camera, lambda: bool(limits(rig, ann)), 3.0)
        await asyncio.gather(*(peer.close() for peer in (ann, eve, bob)))


def test_small_changes_are_not_told_and_others_at_most_once_a_second() -> None:
    ceiling = Ceiling()
    assert not ceiling.changed(None, 800_000, 0.0)
    assert not ceiling.changed(900_000, 800_000, 1.0)  # It fits.
    assert ceiling.changed(500_000, 800_000, 2.0)
    assert ceiling.limit_bps == SHARE * 500_000
    assert not ceiling.changed(300_000, 450_000, 2.0 + PAUSE_S / 2)
    assert ceiling.changed(300_000, 450_000, 2.0 + PAUSE_S)
    assert not ceiling.changed(320_000, 270_000, 9.0)
    assert ceiling.changed(0, 270_000, 10.0)
    assert (ceiling.limit_bps, ceiling.full_bps) == (LEAST_BPS, 800_000)
    assert ceiling.changed(None, 100_000, 12.0)
    assert (ceiling.limit_bps, ceiling.full_bps) == (None, 0.0)
