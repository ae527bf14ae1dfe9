"""What the worker says of people's lines, measured on lines that lose as much as the test wants."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server.media.house import LINES_ROUNDS
from server.media.protocol import Seat
from server.media.rtp import rtcp
from server.media.rtp.rtcp import ReportBlock
from tests.media.rig import Rig, open_rig, until
from tests.media.wire_peer import WirePeer, joined, vp8


async def on_stage(rig: Rig, name: str) -> WirePeer:
    made = await joined(rig.client.connect, WirePeer())
    await rig.client.seat("s1", name, Seat(made.connection, on_stage=True))
    return made


async def look(rig: Rig) -> dict[str, dict[str, Any]]:
    """The lines by person, as the worker says them now."""
    count = sum(event.kind == "lines" for event in rig.events)
    rig.house.round(LINES_ROUNDS)
    await until(lambda: sum(event.kind == "lines" for event in rig.events) > count)
    event = [event for event in rig.events if event.kind == "lines"][count]
    assert event.data["session"] == "s1"
    return {line["participant"]: line for line in event.data["lines"]}


async def test_line_is_measured_in_both_directions(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        first = await look(rig)
        assert first["ann"]["up_loss"] is None
        assert first["bob"]["rtt_ms"] is None
        for seq in range(200):
            if seq % 10 != 5:  # A tenth is lost on ann's way to us.
                ann.send_rtp("0", seq, seq * 3000, vp8(seq == 0, seq, seq, b"x" * 500))
            await asyncio.sleep(0.001)
        await until(lambda: len(bob.of("2")) >= 170)
        newest = bob.of("2")[-1].seq
        blocks = [
            ReportBlock(bob.slots["2"], 0.0, 0, newest - 100, 0, 0, 0),
            ReportBlock(bob.slots["2"], 0.25, 25, newest, 0, 1, 0),
        ]
        for block in blocks:
            bob.send_rtcp(rtcp.receiver_report(9, [block]))
        meter = rig.house.connections[bob.connection].parts.meter
        await until(lambda: meter.has_heard)
        lines = await look(rig)
        assert lines["ann"]["up_loss"] == pytest.approx(0.1, abs=0.01)
        assert lines["ann"]["up_bps"] > 50_000
        assert lines["ann"]["down_bps"] == 0
        assert lines["bob"]["down_loss"] == pytest.approx(0.25, abs=0.01)
        assert lines["bob"]["down_bps"] > 50_000
        assert lines["bob"]["up_bps"] == 0
        assert (await look(rig))["bob"]["down_loss"] is None  # Nothing new was said of it.
        await ann.close()
        await bob.close()


async def test_only_lines_on_stage_are_told(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        await rig.client.seat("s1", "bob", Seat(on_stage=False))
        assert set(await look(rig)) == {"ann"}
        await ann.close()
        await bob.close()
