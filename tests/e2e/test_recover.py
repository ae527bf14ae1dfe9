"""A call survives what happens to processes and pages. Five rounds each; `scripts/bench recover` does twenty."""

import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.product import running_product
from tests.e2e.recovery import (
    Call,
    entries_of_people,
    kill_web_while_talking,
    kill_worker_while_recording,
    people_seen,
    reload_in_call,
    starts_recording,
    talking,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.chaos,
    pytest.mark.timeout(240),
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]
ROUNDS = 5


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Call]:
    async with running_product(tmp_path / "oase") as product, running_chromium() as chromium:
        yield await talking(chromium, product)


async def test_killed_worker_costs_two_seconds_of_a_recording_and_five_of_the_call(call: Call) -> None:
    seed = random.randrange(2**31)
    sys.stdout.write(f"seed {seed}\n")
    generator = random.Random(seed)
    await starts_recording(call)
    for _ in range(ROUNDS):
        killed = await kill_worker_while_recording(call, generator)
        assert killed.tracks >= 4
        assert killed.lost_s < 2.0
        assert killed.back_s < 5.0
    assert sorted(await entries_of_people(call)) == ["agent", "customer"]


async def test_killed_web_process_loses_no_line_and_no_picture(call: Call) -> None:
    restarted = await kill_web_while_talking(call)
    assert restarted.media_went_on
    assert restarted.back_s < 5.0
    assert restarted.acknowledged > 5
    assert (restarted.lost, restarted.doubled) == (0, 0)


async def test_reload_brings_the_person_back_once(call: Call) -> None:
    for _ in range(ROUNDS):
        assert await reload_in_call(call) < 3.0
        assert await people_seen(call.agent) == 1
    assert sorted(await entries_of_people(call)) == ["agent", "customer"]
