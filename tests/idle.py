"""How much of the machine was left over: pictures that stand still on a machine without a free moment say nothing about us."""

import time
from pathlib import Path

IDLE_MIN = 0.10


class Idle:
    """The share of all cores that did nothing since it was made."""

    def __init__(self) -> None:
        self._before = _ticks()
        self.began = time.time()

    def share(self) -> float:
        """0..1"""
        idle, every = (now - before for now, before in zip(_ticks(), self._before, strict=True))
        return idle / every if every else 0.0


def _ticks() -> tuple[int, int]:
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)
