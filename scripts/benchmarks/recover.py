"""Kills of the media worker and of the web process, and reloads, in a running call: what is lost and how soon it is back."""
# Needs: chromium fonts

import argparse
import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

import report
from report import say

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.product import running_product
from tests.e2e.recovery import (
    Call,
    Killed,
    Restarted,
    entries_of_people,
    kill_web_while_talking,
    kill_worker_while_recording,
    people_seen,
    reload_in_call,
    starts_recording,
    talking,
)

LOST_LIMIT_S, BACK_LIMIT_S, RELOAD_LIMIT_S = 2.0, 5.0, 3.0


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One call of a customer and an agent in Chromium; each kind of accident many times."""
    if chromium_path() is None:
        nothing = dict.fromkeys(("recordings_ok", "back_s_max", "reload_s_max", "web_back_s_max"))
        return {**nothing, "notes": ["Chromium is not installed here."]}
    seed = options.seed or random.randrange(2**31)
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        async with running_product(Path(folder)) as product, running_chromium() as chromium:
            call = await talking(chromium, product)
            reloads, doubles = await _reload(call, options.rounds)
            restarts = [await _kill_web(call) for _ in range(options.restarts)]
            kills = await _kill_worker(call, options.rounds, random.Random(seed))
            ended = await _recording_ends(call)
            people = await entries_of_people(call)
    return {
        "seed": seed,
        **_of_kills(kills),
        **_of_reloads(reloads, doubles),
        **_of_restarts(restarts),
        "recording": ended,
        "people": people,
        "notes": [],
    }


async def _kill_worker(call: Call, rounds: int, generator: random.Random) -> list[Killed]:
    await starts_recording(call)
    found = []
    for number in range(rounds):
        found.append(await kill_worker_while_recording(call, generator))
        say(f"worker killed {number + 1}: back after {found[-1].back_s:.2f} s, {found[-1].lost_s:.2f} s lost")
    return found


async def _reload(call: Call, rounds: int) -> tuple[list[float], int]:
    """Seconds of each reload, and how often the agent saw another number of people than one afterwards."""
    found, doubles = [], 0
    for number in range(rounds):
        found.append(await reload_in_call(call))
        doubles += await people_seen(call.agent) != 1
        say(f"reload {number + 1}: back after {found[-1]:.2f} s")
    return found, doubles


async def _kill_web(call: Call) -> Restarted:
    restarted = await kill_web_while_talking(call)
    say(
        f"web process killed: back {restarted.back_s:.2f} s after it listened, {restarted.acknowledged} lines, {restarted.lost} lost"
    )
    return restarted


async def _recording_ends(call: Call) -> dict[str, Any]:
    """The agent stops the recording; what it has become once its files are finished."""
    await call.agent.page.click("#record")
    for _ in range(600):
        recordings = (await call.view())["recordings"]
        if recordings and all(one["state"] in {"ready", "failed"} for one in recordings):
            break
        await asyncio.sleep(0.5)
    return {"states": [one["state"] for one in recordings], "duration_s": [one["duration_s"] for one in recordings]}


def _of_kills(kills: list[Killed]) -> dict[str, Any]:
    good = [one for one in kills if one.lost_s < LOST_LIMIT_S]
    return {
        "recordings_ok": f"{len(good)} of {len(kills)}",
        "lost_s_max": round(max(one.lost_s for one in kills), 2),
        "back_s_max": round(max(one.back_s for one in kills), 2),
        "back_in_time": f"{sum(one.back_s < BACK_LIMIT_S for one in kills)} of {len(kills)}",
        "lost_s": report.spread([one.lost_s for one in kills]),
        "back_s": report.spread([one.back_s for one in kills]),
    }


def _of_reloads(reloads: list[float], doubles: int) -> dict[str, Any]:
    return {
        "reload_s_max": round(max(reloads), 2),
        "reloads_in_time": f"{sum(one < RELOAD_LIMIT_S for one in reloads)} of {len(reloads)}",
        "reload_s": report.spread(reloads),
        "reloads_with_another_number_of_people": doubles,
    }


def _of_restarts(restarts: list[Restarted]) -> dict[str, Any]:
    return {
        "web_back_s_max": round(max(one.back_s for one in restarts), 2),
        "media_went_on": all(one.media_went_on for one in restarts),
        "lines_acknowledged": sum(one.acknowledged for one in restarts),
        "lines_lost": sum(one.lost for one in restarts),
        "lines_doubled": sum(one.doubled for one in restarts),
    }


if __name__ == "__main__":
    report.main(
        measure,
        ("--rounds", {"type": int, "default": 20}),
        ("--restarts", {"type": int, "default": 3}),
        ("--seed", {"type": int, "default": 0}),
    )
