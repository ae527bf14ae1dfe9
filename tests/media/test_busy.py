"""When a worker takes nobody new: its own load and its own lateness decide."""

import dataclasses
from pathlib import Path

import pytest

from server.errors import Busy
from server.media.load import FULL_LATE_S, FULL_SHARE, Lateness, Load, is_full
from tests.media.rig import open_rig
from tests.media.wire_peer import WirePeer, joined


def test_start_of_a_worker_is_no_load() -> None:
    late = Lateness()
    for _ in range(20):
        late.note(1.0)
    assert late.usual_s() == 0.0
    load = Load()
    began_s = load.cpu_s()
    while load.cpu_s() - began_s < 0.05:  # What a start does: nothing but work.
        sum(range(1000))
    assert load.share() < 0.5


def test_share_and_lateness_make_it_full() -> None:
    assert not is_full(FULL_SHARE - 0.01, FULL_LATE_S - 0.001)
    assert is_full(FULL_SHARE, 0.0)
    assert is_full(0.0, FULL_LATE_S)


def test_one_late_round_is_nothing_and_one_in_ten_is() -> None:
    late = Lateness()
    for _ in range(200):
        late.note(0.001)
    for _ in range(20):
        late.note(1.0)
    assert late.usual_s() == 0.001
    late.note(1.0)
    assert late.usual_s() == 1.0


async def test_late_worker_takes_nobody_new_and_everybody_who_comes_back(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        rig.house.counts_load = True
        here = await joined(rig.client.connect, WirePeer())
        assert not (await rig.client.health()).is_full
        for _ in range(200):
            rig.house.lateness.note(2 * FULL_LATE_S)
        assert (await rig.client.health()).is_full
        with pytest.raises(Busy) as refused:
            await rig.client.connect(WirePeer().offer())
        assert refused.value.facts["retry_after_s"] == 10
        assert (await rig.client.connect(dataclasses.replace(WirePeer().offer(), returns=True))).connection
        assert here.is_up
        assert (await rig.client.stats()).gauges["full"] == 1.0
        for _ in range(200):
            rig.house.lateness.note(0.0)
        assert (await rig.client.connect(WirePeer().offer())).connection
        await here.close()
