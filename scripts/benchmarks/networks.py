"""A help call in real Chromium over bad lines, row by row: loss, bursts, narrow places, outages, other networks."""
# Needs: chromium fonts namespaces

import argparse
import random
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import report
from company import SMALL, bad_receiver
from kept import recorded_mixed_up
from outages import narrow_place, other_network, outages
from playwright.async_api import Error as PlaywrightError
from quality import BAD_LINES, BadLine, measure_bad_line
from reaching import small_packets, without_udp
from report import say
from verdict import Row

from tests.e2e.browsers import chromium_path
from tests.lines.camera import Camera
from tests.lines.lines import Unavailable, netem_works
from tests.lines.stand import Stand, open_stand

Measured = Callable[[Stand, float], Awaitable[Row]]


def _bad_line(bad: BadLine) -> Measured:
    return lambda stand, short: measure_bad_line(stand, bad, short)


ROWS: dict[str, Measured] = {
    **{bad.name: _bad_line(bad) for bad in BAD_LINES},
    "N6": narrow_place,
    "N7": outages,
    "N8": other_network,
    "N9": without_udp,
    "N10": small_packets,
    "N5": recorded_mixed_up,
    "N11": bad_receiver,
}
CAMERAS = {"N11": SMALL}
"""Of rows that need another than the ordinary one."""


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Two people, each with a line of their own; the customer's is the bad one. 640x360 at 24 pictures a second: two cores stay idle enough."""
    seed = options.seed or random.randrange(2**31)
    say(f"seed {seed}")
    names = options.row or list(ROWS)
    rows = {name: Row(name, "") for name in names}
    try:
        if chromium_path() is None:
            raise Unavailable("Chromium is not installed here.")
        with tempfile.TemporaryDirectory() as folder:
            for camera in dict.fromkeys(CAMERAS.get(name, Camera()) for name in names):
                async with open_stand(Path(folder), seed, camera) as stand:
                    for name in (name for name in names if CAMERAS.get(name, Camera()) == camera):
                        rows[name] = await _row(name, stand, 0.25 if options.short else 1.0)
    except Unavailable as why:
        return {"seed": seed, "rows": dict.fromkeys(names), "notes": [str(why)]}
    told = {name: row.told() for name, row in rows.items()}
    return {"seed": seed, "netem": netem_works(), **summary(rows), "rows": told, "notes": []}


async def _row(name: str, stand: Stand, short: float) -> Row:
    """The row; one whose call never came about, or broke down, has failed."""
    try:
        row = await ROWS[name](stand, short)
    except (TimeoutError, PlaywrightError) as why:
        row = Row(name, "")
        row.holds("came_to_its_end", False)
        row.figures["ended_by"] = f"{type(why).__name__}: {why}"[:300]
    finally:
        await stand.lines.clear()
    for sentence in row.sentences():
        say(sentence)
    return row


def summary(rows: dict[str, Row]) -> dict[str, Any]:
    """What passed, what did not, what was not measured."""
    return {
        "passed": [name for name, row in rows.items() if row.passed],
        "failed": [name for name, row in rows.items() if row.passed is False],
        "not_measured": [name for name, row in rows.items() if row.passed is None],
    }


if __name__ == "__main__":
    report.main(
        measure,
        ("--row", {"action": "append", "choices": list(ROWS), "help": "only this one; may be given several times"}),
        ("--short", {"action": "store_true", "help": "a quarter of each time, for development"}),
        ("--seed", {"type": int, "default": 0}),
    )
