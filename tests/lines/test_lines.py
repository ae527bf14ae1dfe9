"""Real namespaces and the real relay: packets meet what was asked for, and nothing is left behind."""

import subprocess

import pytest

from tests.lines.condition import Condition
from tests.lines.echo import probe
from tests.lines.lines import PREFIX, Unavailable, open_lines

pytestmark = pytest.mark.net
SEED = 11


async def test_line_has_the_loss_and_round_trip_that_were_asked_for() -> None:
    try:
        async with open_lines(2, SEED) as lines:
            bad = Condition(loss=0.3, delay_ms=40)
            await lines.set(1, bad, bad)
            probed = await probe(lines[1], 4)
            told = await lines.tell()
            good = await probe(lines[2], 1)
    except Unavailable as why:
        pytest.skip(str(why))
    counts = {way: told[f"1/{way}"]["counts"] for way in ("up", "down")}
    lost = sum(one["lost"] for one in counts.values()) / sum(one["taken"] for one in counts.values())
    assert abs(lost - 0.3) < 0.15  # About 70 packets.
    assert abs(probed.median_ms - 80) < 16
    assert len(probed.round_trips_s) < len(probed.sent)
    assert good.median_ms < 20
    assert len(good.round_trips_s) == len(good.sent)
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert PREFIX not in left
