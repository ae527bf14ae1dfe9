"""Every parser of bytes from the network under changed inputs, guided by coverage; inputs that reach new code join the corpus."""

import argparse
import asyncio
import random
import time
from typing import Any

import report
from report import say

from tests.fuzz.explore import Explorer, Found, corpus_of, keep
from tests.fuzz.targets import TARGETS, Target

SLICE_S = 0.5
"""The event loop of what is fuzzed has its turn after each."""


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Seconds are those of each target. Findings are kept as tests/fuzz/corpus/NAME/found-…, where the ordinary tests fail until they are mended."""
    seed = options.seed or random.randrange(2**31)
    say(f"seed {seed}")
    chosen = [target for target in TARGETS if options.target in ("all", target.name)]
    targets = {target.name: await _explored(target, options.seconds, seed) for target in chosen}
    return {
        "seed": seed,
        "runs": sum(each["runs"] for each in targets.values()),
        "findings": sum(len(each["findings"]) for each in targets.values()),
        "new_inputs": sum(each["new_inputs"] for each in targets.values()),
        "targets": targets,
    }


async def _explored(target: Target, seconds: float, seed: int) -> dict[str, Any]:
    explorer = Explorer(target, [path.read_bytes() for path in corpus_of(target.name)], seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        explorer.run(min(SLICE_S, seconds))
        await asyncio.sleep(0)
    found = explorer.finish()
    keep(target.name, found.new)
    keep(target.name, found.findings.values(), "found-")
    result = _figures(target, found)
    say(f"{target.name}: {result}")
    return result


def _figures(target: Target, found: Found) -> dict[str, Any]:
    return {
        "runs": found.runs,
        "edges_before": found.edges_before,
        "edges": found.edges,
        "new_inputs": len(found.new),
        "corpus": len(corpus_of(target.name)),
        "findings": sorted(found.findings),
    }


if __name__ == "__main__":
    report.main(
        measure,
        ("--seconds", {"type": float, "default": 60.0, "help": "for each target"}),
        ("--target", {"default": "all", "choices": ["all", *(target.name for target in TARGETS)]}),
        ("--seed", {"type": int, "default": 0}),
    )
